"""Who may read what of the record: units and those below them, for persons who are named; totals over HTTP."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.storage.memory import MemoryStore
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import ReleasedError
from sidecar.http_api.app import build_app
from sidecar.ports.records import TOTALS
from sidecar.service.authorize import Authorizer
from sidecar.service.state_token import StateTokens
from sidecar.settings import CallerSettings, Settings
from tests.http_api.calling import CALLERS, PARTY_TOKEN, Body, FixedClock, Plain, Sidecar, asking, token_of
from tests.http_api.certification import READS, certified_policy
from tests.samples import MODEL, ORGAN, POWERS, compiled, personnel, policy_files

# organ → its level and region; `office` of the samples is of level 3, 650200
OTHER_ORGANS = {"county": ("4", "650203"), "elsewhere": ("3", "650300"), "neighbour": ("3", "650200")}
LETTERS = {"office": "o", "county": "c", "elsewhere": "e", "neighbour": "n"}
GRANTS: dict[str, Body] = {
    "of-office": {"reads": ["office"]},
    "of-office-below": {"reads": ["office/*"]},
    "of-two": {"reads": ["county", "elsewhere"]},
    "of-a-stranger": {"reads": ["nowhere/*"]},
    "of-all": {},
    "for-persons": {"reads": ["office"], "names_reader": True},
}


@cache
def four_organs() -> PolicySnapshot:
    files = policy_files()
    for organ, (level, region) in OTHER_ORGANS.items():
        named = ORGAN.replace("id: office", f"id: {organ}").replace("示范局", organ).replace("650200", region)
        powers = POWERS.split("  - id: fine")[0].replace("id: permit", f"id: {organ}-permit").replace("示范局", organ)
        for old, new in (('level: "3"', f'level: "{level}"'), ("650200", region), ("front", f"{organ}-front")):
            named, powers = named.replace(old, new), powers.replace(old, new)
        named, powers = named.replace("law", f"{organ}-law"), powers.replace("[reviewer]", f"[{organ}-law.reviewer]")
        files[f"{organ}/organ.yaml"], files[f"{organ}/powers.yaml"] = named.encode(), powers.encode()
    built = compiled(files)
    return PolicySnapshot.of_build(model=MODEL, policy=built.policy, manifest=built.files["compiled/manifest.json"])


class Four(Sidecar):
    """Four organs, each with an allowed act, a refusal and an outcome."""

    def __init__(self, store: MemoryStore | SqliteStore) -> None:
        self.store, self.clock = store, FixedClock()
        clerks = {f"clerk-{organ}": f"{organ}-front.clerk" for organ in OTHER_ORGANS} | {"clerk-office": "front.clerk"}
        people = personnel(dict(clerks))
        self.authorizer = Authorizer(four_organs(), people, store, self.clock, PARTY_TOKEN, tokens=StateTokens(b"s" * 32))
        granted = {
            name: {"token_sha256": hashlib.sha256(token_of(name).encode()).hexdigest(), "may": ["read"], **grant}
            for name, grant in GRANTS.items()
        }
        self.app = build_app(self.authorizer, Settings.model_validate({"callers": {**CALLERS, **granted}})).app
        self.decisions: dict[str, str] = {}
        for organ, letter in LETTERS.items():
            item, person = ("permit" if organ == "office" else f"{organ}-permit"), f"clerk-{organ}"
            (allowed,) = self.allowed(asking(person, item=item, case=f"C-{letter}"))
            self.decisions[letter] = allowed["decision_id"]
            self.answer(asking(person, item=item, case=f"C-{letter}"))
            self.report(allowed["decision_id"], {"result": "performed"})
        self.answer(asking("nobody", item="of-no-list", case="C-x"))

    def seen(self, caller: str, query: Body | None = None) -> str:
        """The letters of the cases whose entries a caller sees."""
        response = self.get("/v1/decisions", {"limit": 500, **(query or {})}, caller=caller)
        assert response.status_code == 200, response.text
        return "".join(sorted({entry["case_id"][-1] for entry in response.json()["entries"] if entry.get("case_id")}))

    def readings(self) -> list[Body]:
        return self.entries(kind="log_read")


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def four(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path_factory.mktemp("four"))
    yield Four(store)
    asyncio.run(store.close())


# caller → the letters of what it may read
READABLE = {"of-office": "o", "of-office-below": "co", "of-two": "ce", "of-a-stranger": "", "of-all": "cenox"}


@pytest.mark.parametrize(("caller", "letters"), READABLE.items())
def test_a_search_is_narrowed_to_what_its_caller_may_read(four: Four, caller: str, letters: str) -> None:
    """Decisions and outcomes of its units; a lower level in the same region is below, a neighbour of the same level is not. Of
    what belongs to no unit, nothing."""
    assert four.seen(caller) == letters
    kinds = {entry["kind"] for entry in four.get("/v1/decisions", {"limit": 500}, caller=caller).json()["entries"]}
    assert kinds == ({"decision", "outcome"} if letters else set()) | ({"log_read"} if caller == "of-all" else set())
    told = four.readings()[-1]
    assert (told["caller"], told["query"].get("reads")) == (caller, " ".join(GRANTS[caller].get("reads", [])) or None)


@pytest.mark.parametrize(("caller", "letters"), READABLE.items())
@pytest.mark.parametrize("organ", LETTERS)
def test_another_unit_that_is_named_is_refused_and_told(four: Four, caller: str, letters: str, organ: str) -> None:
    """403 for the search and for its totals; the reading that was refused is an entry with what was asked."""
    for path, what in (("/v1/decisions", "decisions"), ("/v1/log/totals", "totals")):
        response = four.get(path, {"unit": organ}, caller=caller)
        told = four.readings()[-1]
        assert (told["caller"], told["query"]["what"], told["query"]["unit"]) == (caller, what, organ)
        if LETTERS[organ] in letters:
            assert (response.status_code, "refused" in told["query"], told["shown"] > 0) == (200, False, True)
        else:
            assert (response.status_code, response.text.split(":")[0]) == (403, "forbidden")
            assert (told["query"]["refused"], told["shown"]) == ("outside what it may read", 0)


@pytest.mark.parametrize(("caller", "letters"), READABLE.items())
def test_what_is_counted_is_narrowed_too(four: Four, caller: str, letters: str) -> None:
    """No total tells of a decision that the reader may not see, by whatever it is counted."""
    for by in TOTALS:
        told = four.get("/v1/log/totals", {"by": by}, caller=caller).json()
        decided = len(letters.replace("x", ""))
        assert (told["allowed"], told["denied"]) == (decided, decided + letters.count("x")), by
        if by != "rule":
            assert sum(line["allowed"] for line in told["totals"]) == told["allowed"], by
            assert sum(line["denied"] for line in told["totals"]) == told["denied"], by
    units = {line["value"] for line in four.get("/v1/log/totals", {"by": "unit"}, caller=caller).json()["totals"]}
    assert {LETTERS[unit] for unit in units if unit} == set(letters) - {"x"}


@pytest.mark.parametrize(("caller", "letters"), READABLE.items())
@pytest.mark.parametrize("letter", LETTERS.values())
def test_what_is_of_another_unit_is_as_if_it_were_not_there(four: Four, caller: str, letters: str, letter: str) -> None:
    """The same words as for one that does not exist, and an entry that says that it was refused."""
    for path, nothing in (
        (f"/v1/decisions/{four.decisions[letter]}", "/v1/decisions/01J0000000000000000000000A"),
        (f"/v1/cases/C-{letter}", "/v1/cases/C-99"),
    ):
        response = four.get(path, caller=caller)
        told = four.readings()[-1]
        if letter in letters:
            assert (response.status_code, "refused" in told["query"], told["shown"]) == (200, False, 1)
        else:
            missing = four.get(nothing, caller=caller)
            assert response.status_code == missing.status_code == 404
            assert response.text.replace(path.rsplit("/", 1)[1], "…") == missing.text.replace(nothing.rsplit("/", 1)[1], "…")
            assert (told["query"]["refused"], told["shown"]) == ("outside what it may read", 0)


def test_of_what_was_released_a_unit_learns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an entry went is told to readers of all; whose it was cannot be told any more, so to others it is not there. A case
    whose beginning is gone belongs to nobody that could be proven."""
    four = Four(MemoryStore())

    def gone(_: str) -> None:
        raise ReleasedError(1, "sha256:file", 9)

    async def gone_from_the_store(_: str) -> None:
        gone(_)

    monkeypatch.setattr(four.store.reader, "find", gone)
    monkeypatch.setattr(four.store, "find_decision", gone_from_the_store)
    path = f"/v1/decisions/{four.decisions['o']}"
    assert "sha256:file" in four.get(path, caller="of-all").text
    assert four.get(path, caller="of-office").text == f"not_found: no decision {four.decisions['o']}"
    assert [told["shown"] for told in four.readings()] == [0, 0]
    assert four.get("/v1/cases/C-o", caller="of-all").status_code == 200
    assert four.get("/v1/cases/C-o", caller="of-office").status_code == 404


def test_a_token_does_not_lead_beyond_what_may_be_read(four: Four) -> None:
    """Every page is narrowed like the first."""
    query: Body = {"limit": 1}
    cases = set()
    for _ in range(4):
        page = four.get("/v1/decisions", query, caller="of-office").json()
        cases |= {entry["case_id"] for entry in page["entries"]}
        if not page["page"]["next_token"]:
            break
        query = {"token": page["page"]["next_token"]}
    assert cases == {"C-o"}
    assert not page["page"]["next_token"]


def test_for_whom_a_system_reads_stands_in_the_record(four: Four) -> None:
    """Whoever is declared to read for persons names one each time, whoever is not names none; what is no identifier is none."""

    def reading(caller: str, person: str | None) -> httpx.Response:
        return four.get("/v1/decisions", caller=caller, headers={"X-Reader": person} if person is not None else None)

    assert reading("for-persons", "o-2001").status_code == 200
    told = four.readings()[-1]
    assert (told["caller"], told["person"], told["query"], told["shown"]) == (
        "for-persons",
        "o-2001",
        {"what": "decisions", "reads": "office"},
        3,
    )
    assert [e["seq"] for e in four.get("/v1/decisions", {"officer": "o-2001"}).json()["entries"]] == [told["seq"]]
    for caller, person, why in (
        ("for-persons", None, "reads for persons and must name each in X-Reader"),
        ("for-persons", "", "reads for persons and must name each in X-Reader"),
        ("of-all", "o-2001", "is not declared to read for persons: leave X-Reader out, or set names_reader"),
    ):
        response = reading(caller, person)
        told = four.readings()[-1]
        assert (response.status_code, response.text) == (403, f"forbidden: this caller {why}")
        assert (told["caller"], told["person"], told["query"]["refused"], told["shown"]) == (caller, person or "", why, 0)
    count = len(four.readings())
    token, url = (b"authorization", f"Bearer {token_of('for-persons')}".encode()), "http://127.0.0.1:8181/v1/decisions"
    for told_twice, code in (
        ([b"a b"], "bad_reader"),
        ([b"o-1\xe9"], "bad_reader"),
        ([b"x" * 129], "bad_reader"),
        ([b"o-1", b"o-2"], "repeated_header"),
    ):
        sent = [token, *((b"x-reader", value) for value in told_twice)]
        response = four.send(httpx.Request("GET", url, headers=sent))
        assert (response.status_code, response.text.split(":")[0]) == (400, code)
    assert len(four.readings()) == count


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/log/totals"])
def test_what_cannot_be_recorded_is_not_shown(path: str) -> None:
    """Neither what was found nor that something was refused."""
    store = MemoryStore()
    four = Four(store)
    store.break_with("the disk is full")
    for query in ({}, {"unit": "county"}):
        assert four.get(path, query, caller="of-office").status_code == 503


def test_a_unit_that_nothing_here_knows_is_said(four: Four) -> None:
    """Misspelt, or gone from the policies: in /readyz, for whoever set it."""
    told = [warning for warning in four.get("/readyz", caller="").json()["warnings"] if "may read" in warning]
    assert [warning.split(",")[0] for warning in told] == ["of-a-stranger may read the unit nowhere"]


# -- totals ------------------------------------------------------------------------------------------------------------


def test_totals_are_those_of_the_entries(four: Four) -> None:
    """By each field what counting the entries gives; a decision without a value stands in the line of the empty one."""
    entries = four.entries(kind="decision")
    read: dict[str, Callable[[Body], str]] = {
        "item": lambda e: e["item"],
        "officer": lambda e: e["subject"]["person"],
        "unit": lambda e: e["subject"]["organ"],
        "step": lambda e: e["action"]["step"],
        "code": lambda e: e["code"],
        "day": lambda e: e["time"][:10],
    }
    for by, value in read.items():
        wanted: dict[str, list[int]] = {}
        for entry in entries:
            wanted.setdefault(value(entry), [0, 0])[entry["decision"] == "deny"] += 1
        told = four.get("/v1/log/totals", {"by": by}).json()
        assert {line["value"]: [line["allowed"], line["denied"]] for line in told["totals"]} == wanted, by
        assert [line["value"] for line in told["totals"]] == sorted(wanted), by


@pytest.mark.parametrize("by", ["unit", "officer", "rule"])
def test_pages_of_totals(four: Four, by: str) -> None:
    """One line a page is the whole, also behind the line of the empty value; all pages tell the same sums."""
    whole = four.get("/v1/log/totals", {"by": by}).json()
    query: Body = {"by": by, "limit": 1}
    lines: list[Body] = []
    for _ in range(len(whole["totals"])):
        page = four.get("/v1/log/totals", query).json()
        assert (page["allowed"], page["denied"]) == (whole["allowed"], whole["denied"])
        lines += page["totals"]
        query = {"by": by, "token": page["page"]["next_token"]}
    assert (lines, query["token"]) == (whole["totals"], "")


@pytest.mark.parametrize(
    ("query", "word"),
    [({"by": "nonsense"}, "by"), ({"limit": 1001}, "limit"), ({"since": "x"}, "since"), ({"kind": "x"}, "'kind'")],
)
def test_malformed_totals_are_400(four: Four, query: Body, word: str) -> None:
    """Named, and no reading."""
    count = len(four.readings())
    response = four.get("/v1/log/totals", query)
    assert (response.status_code, response.text.startswith(f"bad_request: query.{word}: ")) == (400, True), response.text
    assert len(four.readings()) == count


@pytest.mark.parametrize(
    ("query", "allowed"),
    [({"item": "permit"}, 1), ({"class": "licensing"}, 4), ({"officer": "clerk-county"}, 1), ({"since": "2026-01-06"}, 0)],
)
def test_totals_of_what_is_named(four: Four, query: Body, allowed: int) -> None:
    """The filters of a search; they are recorded as they were asked."""
    assert four.get("/v1/log/totals", query).json()["allowed"] == allowed
    told = four.readings()[-1]["query"]
    assert {"since_day" if name == "since" else name for name in query} | {"what", "by"} == told.keys()


def test_a_class_without_items_is_said(four: Four) -> None:
    """Nothing would be restricted by it."""
    response = four.get("/v1/decisions", {"class": "levy"})
    assert (response.status_code, response.text.split(":")[0]) == (400, "bad_request")


# -- settings ----------------------------------------------------------------------------------------------------------

DIGEST = "0" * 64


@pytest.mark.parametrize(
    "wrong",
    [
        {"may": ["ask"], "reads": ["office"]},
        {"may": ["ask"], "names_reader": True},
        {"may": ["read"], "reads": []},
        {"may": ["read"], "reads": ["*"]},
        {"may": ["read"], "reads": ["office*"]},
        {"may": ["read"], "reads": ["a b"]},
        {"may": ["read"], "reads": ["/*"]},
        {"may": ["read"], "reads": ["office/county"]},
        {"may": ["read"], "reads": "office"},
    ],
    ids=str,
)
def test_a_grant_that_says_nothing_or_too_much_stops_the_start(wrong: dict[str, Any]) -> None:
    """Units by their names; no other pattern, and never an empty list that could be read as all."""
    with pytest.raises(ValidationError):
        CallerSettings.model_validate({"token_sha256": DIGEST, **wrong})


def test_units_are_of_power_lists(tmp_path: Path) -> None:
    """What a plain Casbin policy decided belongs to no unit."""
    callers = {"inspection": {"token_sha256": DIGEST, "may": ["read"], "reads": ["office"]}}
    with pytest.raises(ValidationError, match="power lists"):
        Settings.model_validate({"model": tmp_path / "m", "policy": tmp_path / "p", "callers": callers})


def test_totals_of_a_plain_policy() -> None:
    """Counted like any other; a class of power it knows none."""
    plain = Plain(certified_policy())
    plain.send(httpx.Request("POST", "http://127.0.0.1:8181/access/v1/evaluation", json=READS, headers=plain_headers("portal")))
    told = plain.send(httpx.Request("GET", "http://127.0.0.1:8181/v1/log/totals?by=code", headers=plain_headers("auditor")))
    assert told.status_code == 200
    assert told.json()["allowed"] + told.json()["denied"] == 1
    by_class = "http://127.0.0.1:8181/v1/decisions?class=licensing"
    nothing = plain.send(httpx.Request("GET", by_class, headers=plain_headers("auditor")))
    assert nothing.status_code == 400


def plain_headers(caller: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token_of(caller)}", "content-type": "application/json"}


# -- whatever is asked -------------------------------------------------------------------------------------------------

SEARCHED = st.fixed_dictionaries(
    {},
    optional={
        "officer": st.sampled_from([f"clerk-{organ}" for organ in LETTERS]),
        "item": st.sampled_from(["permit", "county-permit", "of-no-list", "fine"]),
        "class": st.just("licensing"),
        "case": st.sampled_from([f"C-{letter}" for letter in "oenc"]),
        "decision": st.sampled_from(["allow", "deny"]),
        "code": st.sampled_from(["ALLOWED", "STEP_ALREADY_DONE"]),
        "post": st.sampled_from(["front.clerk", "county-front.clerk"]),
        "caller": st.just("portal"),
        "text": st.sampled_from(["示范", "county", "许可"]),
        "since": st.sampled_from(["2026-01-05", "2026-01-06"]),
    },
)
asked_in_many_ways = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@pytest.mark.slow
@asked_in_many_ways
@given(
    caller=st.sampled_from([caller for caller in GRANTS if caller != "for-persons"]), query=SEARCHED, by=st.sampled_from(TOTALS)
)
def test_a_reader_sees_of_everything_what_is_its_own(caller: str, query: Body, by: str) -> None:
    """Whatever is asked: the entries, and the counts, are those of the whole record that belong to the reader's units."""
    four = one_for_all()
    units = {unit for unit, letter in LETTERS.items() if letter in READABLE[caller]}
    whole = four.get("/v1/decisions", {"limit": 500, "kind": "decision", **query}, caller="of-all").json()["entries"]
    own = [entry for entry in whole if caller == "of-all" or entry["subject"]["organ"] in units]
    told = four.get("/v1/decisions", {"limit": 500, "kind": "decision", **query}, caller=caller).json()["entries"]
    assert told == own
    totals = four.get("/v1/log/totals", {"by": by, **query}, caller=caller).json()
    verdicts = [entry["decision"] for entry in own]
    assert (totals["allowed"], totals["denied"]) == (verdicts.count("allow"), verdicts.count("deny"))


@cache
def one_for_all() -> Four:
    return Four(MemoryStore())
