"""What became of an act, and looking things up: the first report stands, and each reading is an entry of its own."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.storage.memory import MemoryStore
from adapters.storage.sqlite import SqliteStore
from sidecar.decision_log.canonical import canonical_bytes, leaf_hash
from sidecar.service.inspect import as_shown
from tests.http_api.calling import ACCEPT, DECIDE, REVIEW, Body, Sidecar, asking, to

NOBODY = "01J0000000000000000000000A"
PERFORMED, FAILED = {"result": "performed"}, {"result": "failed"}


def acted(sidecar: Sidecar, *bodies: Body) -> str:
    """The decision of the last of these allowed acts."""
    return str(sidecar.allowed(*bodies)[-1]["decision_id"])


# -- outcomes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["performed", "failed"])
def test_an_outcome_is_recorded_beside_its_decision(either: Sidecar, result: str) -> None:
    """The answer names decision and case; the entry repeats who, what and where, and adds result and detail."""
    decision = acted(either, ACCEPT)
    response = either.report(decision, {"result": result, "detail": "HTTP 502"}, request_id="o-1")
    assert response.json() == {"decision_id": decision, "result": result, "case": {"id": "C-1", "version": 2}}
    assert (response.status_code, response.headers["x-request-id"]) == (200, "o-1")
    first, entry = either.entries()
    assert (entry["kind"], entry["decision_id"], entry["result"], entry["detail"]) == ("outcome", decision, result, "HTTP 502")
    assert (entry["request_id"], entry["caller"], entry["case_version"]) == ("o-1", "portal", 2)
    assert {name: entry[name] for name in ("subject", "action", "item", "case_id")} == {
        name: first[name] for name in ("subject", "action", "item", "case_id")
    }
    assert entry["prev_case"] == leaf_hash(canonical_bytes(first)).hex()


def test_a_failed_act_frees_its_step(either: Sidecar) -> None:
    """After `failed` the step can be done again; item and region of the case stay as the failed act fixed them."""
    either.report(acted(either, ACCEPT), FAILED)
    assert not either.case().is_done("accept")
    assert either.answer(REVIEW)["context"]["code"] == "STEP_OUT_OF_ORDER"
    assert either.answer(asking("head", "file", item="fine"))["context"]["code"] == "CASE_ITEM_MISMATCH"
    (again,) = either.allowed(asking("all"))
    assert again["case"]["version"] == 3


def test_a_performed_act_stays_done(sidecar: Sidecar) -> None:
    """`performed` frees nothing."""
    sidecar.report(acted(sidecar, ACCEPT), PERFORMED)
    assert sidecar.answer(ACCEPT)["context"]["code"] == "STEP_ALREADY_DONE"


@pytest.mark.parametrize("said", [PERFORMED, FAILED], ids=["performed", "failed"])
def test_saying_the_same_again_changes_nothing(either: Sidecar, said: Body) -> None:
    """A repeated report gets the first answer, under any identifier and also when the case went on."""
    decision = acted(either, ACCEPT)
    first = either.report(decision, {**said, "detail": "first"}, request_id="o-1")
    either.answer(asking("all", intent="question"))
    count, case = len(either.entries()), either.case()
    again = either.report(decision, {**said, "detail": "second"}, request_id="o-2")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (len(either.entries()), either.case()) == (count, case)


@pytest.mark.parametrize(("first", "second"), [(PERFORMED, FAILED), (FAILED, PERFORMED)])
def test_saying_the_opposite_is_409(either: Sidecar, first: Body, second: Body) -> None:
    """The first report stands: a record is never edited."""
    decision = acted(either, ACCEPT)
    either.report(decision, first)
    case = either.case()
    response = either.report(decision, second)
    assert (response.status_code, response.text.split(":")[0]) == (409, "outcome_stands")
    assert (len(either.entries()), either.case()) == (2, case)


def test_of_contradicting_reports_at_once_one_stands(either: Sidecar) -> None:
    """However many speak at the same time, the record holds one outcome."""
    decision = acted(either, ACCEPT)
    path = f"/v1/decisions/{decision}/outcome"
    responses = either.together(*[to(path, (PERFORMED, FAILED)[n % 2]) for n in range(8)])
    assert sorted(r.status_code for r in responses) == [200] * 4 + [409] * 4
    assert len({r.json()["result"] for r in responses if r.status_code == 200}) == 1
    assert (len(either.entries()), either.case().version) == (2, 2)


def test_an_outcome_and_an_act_at_once_are_both_kept(either: Sidecar) -> None:
    """They meet in one case; neither overwrites the other, whatever their order."""
    decision = acted(either, ACCEPT, REVIEW)
    report, act = either.together(to(f"/v1/decisions/{decision}/outcome", FAILED), to("/authorize", DECIDE))
    assert report.status_code == 200
    assert either.case().version == (4 if act.json()["decision"] else 3)
    assert not either.case().is_done("review")


def test_an_outcome_of_a_case_that_left_the_memory_is_recorded(tmp_path: Path) -> None:
    """A sidecar that was started since, whose first guess of the case is wrong, reads it and reports on its newest version."""
    path = tmp_path / "data"
    before = Sidecar(SqliteStore(path))
    decision = acted(before, ACCEPT, REVIEW)
    asyncio.run(before.store.close())
    started = Sidecar(SqliteStore(path))
    response = started.report(decision, PERFORMED)
    assert (response.status_code, response.json()["case"]) == (200, {"id": "C-1", "version": 3})
    assert started.entries()[-1]["case_digest"] == started.case().digest
    asyncio.run(started.store.close())


def test_a_signature_can_fail_too(sidecar: Sidecar) -> None:
    """A co-signature that was not given after all no longer counts as the second officer."""
    decision = acted(sidecar, ACCEPT, asking("checker", "site", intent="co_sign"))
    sidecar.report(decision, FAILED)
    assert sidecar.answer(asking("head", "site"))["context"]["code"] == "TOO_FEW_OFFICERS"


# what was asked → why it has no outcome
NO_ACTS = {"refusal": asking("reviewer", "accept"), "question": asking(intent="question")}


@pytest.mark.parametrize("asked", NO_ACTS.values(), ids=NO_ACTS)
def test_what_was_no_act_has_no_outcome(either: Sidecar, asked: Body) -> None:
    """409 for the decision that refused or only answered a question."""
    decision = either.answer(asked)["context"]["decision_id"]
    response = either.report(decision, PERFORMED)
    assert (response.status_code, response.text.split(":")[0]) == (409, "no_act")
    assert len(either.entries()) == 1


@pytest.mark.parametrize("made", [True, False], ids=["of another caller", "of nobody"])
def test_an_outcome_of_somebody_elses_decision_is_404(either: Sidecar, made: bool) -> None:
    """A caller cannot tell the decision of another one from none."""
    decision = acted(either, ACCEPT) if made else NOBODY
    response = either.report(decision, FAILED, caller="counter")
    assert (response.status_code, response.text) == (404, f"not_found: no decision {decision} of this caller")
    assert either.case().version == int(made)


def test_an_entry_that_is_no_decision_has_no_outcome(sidecar: Sidecar) -> None:
    """The identifier of a reading names no act."""
    sidecar.get("/v1/decisions")
    reading = sidecar.entries()[0]["decision_id"]
    assert sidecar.report(reading, PERFORMED).status_code == 404


BAD_REPORTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "bad_json"),
    "no JSON": (b"{", "bad_json"),
    "a list": (b"[]", "bad_request"),
    "no result": (b"{}", "bad_request"),
    "another result": (b'{"result":"maybe"}', "bad_request"),
    "another case": (b'{"result":"Performed"}', "bad_request"),
    "a boolean": (b'{"result":true}', "bad_request"),
    "detail no text": (b'{"result":"failed","detail":5}', "bad_request"),
    "long detail": (b'{"result":"failed","detail":"' + b"x" * 201 + b'"}', "bad_request"),
    "lone surrogate": (b'{"result":"failed","detail":"\\ud800"}', "hidden_character"),
    "twice": (b'{"result":"performed","result":"failed"}', "duplicate_key"),
    "hidden": (b'{"result":"failed","detail":"a\\u202eb"}', "hidden_character"),
    "not NFC": ('{"result":"failed","detail":"e\u0301"}'.encode(), "not_nfc"),
    "UTF-16": ('{"result":"failed"}'.encode("utf-16"), "bad_encoding"),
    "UTF-8 with a mark": (b'\xef\xbb\xbf{"result":"failed"}', "bad_encoding"),
    "NaN beside": (b'{"result":"failed","n":NaN}', "bad_json"),
    "deep beside": (b'{"result":"failed","n":' + b"[" * 17 + b"]" * 17 + b"}", "too_deep"),
    "very deep": (b"[" * 60_000, "too_deep"),
    "a huge number beside": (b'{"result":"failed","n":' + b"9" * 5000 + b"}", "int_range"),
}


@pytest.mark.parametrize(("body", "code"), BAD_REPORTS.values(), ids=BAD_REPORTS)
def test_a_malformed_report_is_400(sidecar: Sidecar, body: bytes, code: str) -> None:
    """The same strictness as for decisions, and the act stays as it was."""
    decision = acted(sidecar, ACCEPT)
    response = sidecar.send(to(f"/v1/decisions/{decision}/outcome", body))
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.startswith(code), response.text
    assert (len(sidecar.entries()), sidecar.case().version) == (1, 1)


# -- reading -----------------------------------------------------------------------------------------------------------


def ids(page: Body) -> list[str]:
    """Decisions of a page, without the readings."""
    return [entry["decision_id"] for entry in page["entries"] if entry["kind"] != "log_read"]


class Day(NamedTuple):
    """A few entries, one a minute from 09:00, told apart by a letter. Readings come on top and disturb nobody."""

    sidecar: Sidecar
    decisions: dict[str, str]
    entries: list[Body]


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path_factory.mktemp("day"))
    sidecar = Sidecar(store)
    decisions: dict[str, str] = {}
    for letter, body in {
        "a": ACCEPT,
        "b": REVIEW,
        "c": asking("reviewer", "decide"),
        "d": asking("head", "file", item="fine", case="F-1"),
        "e": asking("clerk", "accept", case="C-2", facts={"amount": 1}),
    }.items():
        decisions[letter] = sidecar.answer(body)["context"]["decision_id"]
        sidecar.clock.move(minutes=1)
    sidecar.report(decisions["b"], FAILED)
    yield Day(sidecar, decisions, sidecar.entries())
    asyncio.run(store.close())


NINE = 1_767_574_800_000  # 2026-01-05T09:00 in Shanghai

# query → letters of the entries found, newest first; b is also the letter of its outcome
FOUND: list[tuple[dict[str, Any], str]] = [
    ({"class": "licensing"}, "becba"),
    ({"item": "示范处罚"}, "d"),
    ({"item": "示范"}, ""),
    ({"class": "penalty"}, "d"),
    ({"class": "penalty", "item": "permit"}, ""),
    ({"since": "2026-01-05", "until": "2026-01-05"}, "bedcba"),
    ({"since": "2026-01-06"}, ""),
    ({"until": "2026-01-04"}, ""),
    ({}, "bedcba"),
    ({"officer": "reviewer"}, "bcb"),
    ({"officer": "clerk"}, "ea"),
    ({"officer": "nobody"}, ""),
    ({"item": "permit"}, "becba"),
    ({"item": "fine"}, "d"),
    ({"case": "C-1"}, "bcba"),
    ({"code": "ALLOWED"}, "dba"),
    ({"code": "NO_POWER"}, "c"),
    ({"decision": "deny"}, "ec"),
    ({"decision": "allow"}, "dba"),
    ({"kind": "decision"}, "edcba"),
    ({"kind": "outcome"}, "b"),
    ({"since_ms": NINE + 180_000}, "bed"),
    ({"until_ms": NINE + 60_000}, "a"),
    ({"since_ms": NINE + 60_000, "until_ms": NINE + 180_000}, "cb"),
    ({"officer": "clerk", "decision": "deny"}, "e"),
    ({"officer": "reviewer", "case": "C-1", "kind": "decision", "code": "ALLOWED"}, "b"),
    ({"case": "C-2"}, "e"),
]


@pytest.mark.parametrize(("query", "letters"), FOUND, ids=lambda value: str(value) or "nothing")
def test_a_query_finds_what_it_names(day: Day, query: dict[str, Any], letters: str) -> None:
    """Each filter restricts, together they restrict together, newest first; times are half open."""
    response = day.sidecar.get("/v1/decisions", {"limit": 500, **query})
    assert response.status_code == 200
    assert ids(response.json()) == [day.decisions[letter] for letter in letters]


def test_entries_are_shown_whole(day: Day) -> None:
    """An entry is what was recorded, with its place and its leaf hash, which anybody can compute again."""
    page = day.sidecar.get("/v1/decisions", {"case": "C-1"}).json()
    recorded = {entry["seq"]: entry for entry in day.entries}
    assert len(page["entries"]) == 4
    for entry in page["entries"]:
        leaf = entry.pop("leaf")
        assert entry == recorded[entry["seq"]]
        assert leaf == leaf_hash(canonical_bytes(entry)).hex()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
def test_pages_follow_one_another(either: Sidecar, size: int) -> None:
    """Following the tokens shows every entry once, newest first, and ends; what is recorded on the way does not shift it, and
    nobody is led to an empty page."""
    whole = [either.answer(asking(case=f"C-{n}"))["context"]["decision_id"] for n in range(6)][::-1]
    query: dict[str, Any] = {"limit": size, "caller": "portal"}
    seen: list[str] = []
    for _ in range(len(whole) + 1):
        page = either.get("/v1/decisions", query).json()
        assert page["page"]["count"] == len(page["entries"]) > 0
        seen += ids(page)
        if not page["page"]["next_token"]:
            break
        either.answer(asking(case="C-9", intent="question"))
        query = {"token": page["page"]["next_token"], "caller": "portal"}
    assert seen == whole


# what is sent with a token → nothing but a plain 400
OTHERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "another question": lambda token: {"token": token, "officer": "clerk"},
    "another class": lambda token: {"token": token, "class": "licensing"},
    "another kind": lambda token: {"token": token, "kind": "decision"},
    "another limit": lambda token: {"token": token, "limit": 2},
    "a letter less": lambda token: {"token": token[:-1]},
    "a letter more": lambda token: {"token": token + "A"},
    "a letter changed": lambda token: {"token": ("B" if token[0] == "A" else "A") + token[1:]},
    "no token at all": lambda _: {"token": "17"},
    "not ASCII": lambda token: {"token": token + "é"},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
def test_a_token_is_good_for_its_question_only(either: Sidecar, changed: Callable[[str], dict[str, Any]]) -> None:
    """As with the searches of AuthZEN; nothing is shown, and no reading recorded."""
    either.answer(ACCEPT)
    either.answer(ACCEPT)
    token = either.get("/v1/decisions", {"limit": 1}).json()["page"]["next_token"]
    count = len(either.entries())
    assert either.get("/v1/decisions", {"token": token}).status_code == 200
    response = either.get("/v1/decisions", changed(token))
    assert (response.status_code, response.text.split(":")[0]) == (400, "bad_page")
    assert len(either.entries()) == count + 1


def test_a_token_is_good_for_its_caller_and_route_only(either: Sidecar) -> None:
    """Whoever finds one cannot read with it, and the one of a list leads nowhere in the totals."""
    either.answer(ACCEPT)
    either.answer(ACCEPT)
    token = either.get("/v1/decisions", {"limit": 1}).json()["page"]["next_token"]
    assert either.get("/v1/log/totals", {"token": token}).status_code == 400
    assert either.get("/v1/decisions", {"token": token}, caller="inspection").status_code == 400


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"since": "today"}, "since"),
        ({"class": "nonsense"}, "class"),
        ({"since_ms": "today"}, "since_ms"),
        ({"until_ms": "1e9"}, "until_ms"),
        ({"decision": "maybe"}, "decision"),
        ({"decision": "allow,deny"}, "decision"),
        ({"kind": "decisions"}, "kind"),
    ],
)
def test_a_malformed_query_is_400_and_names_the_parameter(untouched: Sidecar, query: dict[str, Any], word: str) -> None:
    """Nothing is shown, and nothing was read."""
    response = untouched.get("/v1/decisions", query)
    assert response.status_code == 400
    assert response.text.startswith(f"bad_request: query.{word}: ")
    assert untouched.entries() == []


@pytest.mark.parametrize("name", ["since_ms", "until_ms"])
def test_a_number_beyond_all_entries_is_no_failure(either: Sidecar, name: str) -> None:
    """Whole numbers of any size are answered: with what they select, or 400."""
    either.allowed(ACCEPT)
    assert either.get("/v1/decisions", {name: 10**19}).status_code in (200, 400)


@pytest.mark.parametrize("path", ["/v1/cases/e\u0301", "/v1/decisions/e\u0301", "/v1/decisions?officer=e\u0301"])
def test_text_that_is_not_nfc_is_the_askers_mistake(either: Sidecar, path: str) -> None:
    """A reading that cannot be recorded as it was asked is 400 or 404; it says nothing against the record."""
    response = either.get(path)
    assert response.status_code in (400, 404), response.text


def test_a_query_is_bounded_like_a_body(sidecar: Sidecar) -> None:
    """What goes into the record is small: an identifier of 60,000 characters is 400."""
    response = sidecar.get("/v1/decisions", {"officer": "x" * 60_000})
    assert (response.status_code, sidecar.entries()) == (400, [])


def test_one_decision_is_shown_with_its_outcome(either: Sidecar) -> None:
    """Before the report there is none; after it both stand there as recorded."""
    decision = acted(either, ACCEPT)
    before = either.get(f"/v1/decisions/{decision}").json()
    either.report(decision, {"result": "failed", "detail": "timeout"})
    after = either.get(f"/v1/decisions/{decision}").json()
    assert before["outcome"] is None
    assert before["entry"] == after["entry"]
    assert (after["entry"]["decision_id"], after["entry"]["kind"]) == (decision, "decision")
    assert (after["outcome"]["result"], after["outcome"]["detail"]) == ("failed", "timeout")
    stored = either.store.reader.find(decision)
    assert stored is not None
    assert after["entry"] == as_shown(stored)


def test_a_case_is_shown_as_its_own_history(either: Sidecar) -> None:
    """Version, what the first act fixed, remembered facts, and the acts that count, in order."""
    accepted, reviewed = either.allowed(asking(party="甲公司", region="650200"), REVIEW)
    shown = either.get("/v1/cases/C-1").json()
    assert [act["step"] for act in shown.pop("acts")] == ["accept", "review"]
    token = either.case().party
    assert shown == {
        "case": "C-1",
        "version": 2,
        "item": "permit",
        "region": "650200",
        "party_token": token,
        "facts": {"amount": 100},
        "failed": [],
    }
    either.report(reviewed["decision_id"], FAILED)
    shown = either.get("/v1/cases/C-1").json()
    assert shown["version"] == 3
    assert shown["acts"] == [
        {
            "decision_id": accepted["decision_id"],
            "kind": "performed",
            "step": "accept",
            "person": "clerk",
            "post": "front.clerk",
            "time": "2026-01-05T09:00:00.000+08:00",
            "item": "permit",
            "region": "650200",
            "party": token,
            "outcome": "",
            "facts": {"amount": 100},
            "on_behalf": "",
            "about": "",
            "vote": "",
            "evidence": [],
            "content": "",
            "resolution": None,
            "draw": None,
            "corrects": "",
            "ledgers": [],
            "reported": "",
        }
    ]
    assert [(act["step"], act["reported"]) for act in shown["failed"]] == [("review", "failed")]


@pytest.mark.parametrize("case", ["京建许〔2026〕12号", "（2026）京01-7", "BH-2026-000318", "a_b.c"])
def test_a_case_number_reads_as_it_was_written(either: Sidecar, case: str) -> None:
    """Brackets and characters of Chinese document numbers pass through request, record and address."""
    either.allowed(asking(case=case))
    assert either.get(f"/v1/cases/{case}").json()["case"] == case
    assert len(ids(either.get("/v1/decisions", {"case": case}).json())) == 1


@pytest.mark.parametrize("path", [f"/v1/decisions/{NOBODY}", "/v1/cases/C-9", "/v1/cases/..%2f..%2fetc", "/v1/decisions/"])
def test_what_is_not_there_is_404(either: Sidecar, path: str) -> None:
    """No such decision, no such case, no such path: plain text."""
    response = either.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


def test_a_case_with_refusals_only_is_no_case(sidecar: Sidecar) -> None:
    """Nothing was done under this number, so it has no history; its refusals stand in the record."""
    sidecar.answer(asking("reviewer"))
    assert sidecar.get("/v1/cases/C-1").status_code == 404
    assert len(ids(sidecar.get("/v1/decisions", {"case": "C-1"}).json())) == 1


READINGS: list[tuple[Callable[[str], str], dict[str, Any], Body]] = [
    (lambda _: "/v1/decisions", {}, {"what": "decisions"}),
    (
        lambda _: "/v1/decisions",
        {"officer": "clerk", "case": "C-1", "since_ms": 0, "decision": "deny", "limit": 3},
        {"what": "decisions", "officer": "clerk", "case_id": "C-1", "since_ms": "0", "decision": "deny"},
    ),
    (lambda decision: f"/v1/decisions/{decision}", {}, {"what": "decision", "id": "DECISION"}),
    (lambda _: f"/v1/decisions/{NOBODY}", {}, {"what": "decision", "id": NOBODY}),
    (lambda _: "/v1/cases/C-1", {}, {"what": "case", "id": "C-1"}),
    (lambda _: "/v1/cases/C-9", {}, {"what": "case", "id": "C-9"}),
]


@pytest.mark.parametrize(("path", "query", "recorded"), READINGS)
def test_each_reading_is_an_entry(
    either: Sidecar, path: Callable[[str], str], query: dict[str, Any], recorded: dict[str, str]
) -> None:
    """Who read, when, from where, and what was looked for; also where nothing was found."""
    decision = acted(either, ACCEPT)
    either.clock.move(minutes=5)
    either.get(path(decision), query)
    entry = either.entries()[-1]
    wanted = {name: decision if value == "DECISION" else value for name, value in recorded.items()}
    assert (entry["kind"], entry["caller"], entry["client_ip"], entry["query"]) == ("log_read", "auditor", "192.0.2.7", wanted)
    assert entry["time"] == "2026-01-05T09:05:00.000+08:00"
    assert len(either.entries()) == 2


def test_a_reading_is_told_with_how_much_was_shown(either: Sidecar) -> None:
    """An entry each, before it is answered: what was found is counted, what was not is none."""
    decision = either.allowed(ACCEPT, REVIEW)[0]["decision_id"]
    assert len(either.get("/v1/decisions").json()["entries"]) == 2
    for path in ("/v1/decisions?limit=1", f"/v1/decisions/{decision}", "/v1/cases/C-1", "/v1/decisions/d-1", "/v1/cases/C-9"):
        either.get(path)
    assert [entry["shown"] for entry in either.entries(kind="log_read")] == [2, 1, 1, 2, 0, 0]


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/decisions/{}", "/v1/cases/C-1"])
def test_what_cannot_be_recorded_is_not_shown(sidecar: Sidecar, path: str) -> None:
    """A reader is turned away while the record cannot be written, and an outcome is not taken either."""
    decision = acted(sidecar, ACCEPT)
    assert isinstance(sidecar.store, MemoryStore)
    sidecar.store.break_with("the disk is full")
    for response in (sidecar.get(path.format(decision)), sidecar.report(decision, FAILED)):
        assert (response.status_code, response.text) == (503, "LOG_UNAVAILABLE: the record cannot be read or written now")
    assert len(sidecar.entries()) == 1
    assert sidecar.case().is_done("accept")


@pytest.mark.parametrize("path", ["/v1/decisions?officer=clerk", "/v1/decisions/d-1", "/v1/cases/C-1"])
def test_a_refused_reading_is_an_entry(either: Sidecar, path: str) -> None:
    """Who tried, and what they wanted to see; a stranger without a token leaves nothing."""
    assert either.get(path, caller="portal").status_code == 403
    (entry,) = either.entries()
    assert (entry["kind"], entry["caller"], entry["query"]["refused"]) == ("log_read", "portal", "may not read")
    assert entry["query"]["what"].startswith(path.split("?", maxsplit=1)[0].rsplit("/", 1)[0])
    assert {"clerk", "d-1", "C-1"} & set(entry["query"].values())
    assert either.get(path, caller="").status_code == 401
    assert len(either.entries()) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"step": "accept"}, 1),
        ({"step": "review"}, 0),
        ({"caller": "portal", "kind": "decision"}, 1),
        ({"caller": "counter"}, 0),
        ({"text": "nowhere"}, 0),
        ({"rule": "AL-SEP"}, 0),
        ({"unit": "nobody"}, 0),
    ],
)
def test_reading_by_what_an_entry_holds(either: Sidecar, query: dict[str, Any], count: int) -> None:
    """The filters of the commands, over HTTP; each is recorded with the reading."""
    either.allowed(ACCEPT)
    assert len(either.get("/v1/decisions", query).json()["entries"]) == count
    assert query.items() <= either.entries()[-1]["query"].items()
