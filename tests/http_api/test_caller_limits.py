"""What a caller may ask about, and what it can see to: in evaluations, batches and searches alike."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sidecar.settings import CallerSettings
from tests.http_api.calling import (
    ACCEPT,
    BOTH,
    CALLERS,
    DECIDE,
    DUTIES,
    REVIEW,
    Body,
    Plain,
    Sidecar,
    asking,
    malformed,
    to,
    token_of,
)
from tests.http_api.certification import READS, certified_policy
from tests.log.offices import Office

BATCH, SEARCH = "/access/v1/evaluations", "/access/v1/search/"


def caller(name: str, **settings: Any) -> CallerSettings:
    return CallerSettings.model_validate({"token_sha256": hashlib.sha256(token_of(name).encode()).hexdigest(), **settings})


def with_callers(**limits: dict[str, Any]) -> dict[str, CallerSettings]:
    return {**CALLERS, **{name: caller(name, may=("ask", "read"), **given) for name, given in limits.items()}}


def sidecar_with(**limits: Any) -> Sidecar:
    return Sidecar(callers=with_callers(portal=limits))


def test_the_callers_of_other_tests_are_unlimited() -> None:
    """So what they are refused is not for these limits."""
    assert DUTIES.keys() == CALLERS.keys()
    assert all(settings.items is None and settings.obligations is None for settings in CALLERS.values())


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("items", "decision"),
    [
        (["permit"], True),
        (["per*"], True),
        (["*"], True),
        (["fine", "permit"], True),
        (["fine"], False),
        (["perm"], False),
        ([], False),
    ],
)
def test_a_caller_asks_about_its_own_items(path: str, items: list[str], decision: bool) -> None:
    """By name or by the beginning of a name; a refusal is recorded under the caller's name and enters no case."""
    sidecar = sidecar_with(items=items)
    answer = sidecar.answer(ACCEPT, path)
    assert answer["decision"] is decision
    (entry,) = sidecar.entries()
    assert (entry["caller"], entry["code"]) == ("portal", "ALLOWED" if decision else "CALLER_OUT_OF_SCOPE")
    assert sidecar.case().version == int(decision)


def test_a_refusal_of_a_foreign_item_tells_nothing_of_it() -> None:
    """Neither who may act nor what the case is; the same for an act that would be refused and for one that would be allowed."""
    sidecar = sidecar_with(items=["fine"])
    for act in (ACCEPT, DECIDE, asking("nobody", "review")):
        context = sidecar.answer(act)["context"]
        assert context["code"] == "CALLER_OUT_OF_SCOPE"
        assert (context["remedy"], context["post"], context["rows"], context["sources"]) == (
            {"posts": [], "names": []},
            "",
            [],
            [],
        )
        assert [ground["code"] for ground in context["grounds"]] == ["CALLER_OUT_OF_SCOPE"]


def test_a_case_of_another_system_stays_foreign() -> None:
    """Whether the request names an item of its own, or leaves it to the case."""
    sidecar = Sidecar(callers=with_callers(portal={}, counter={"items": ["fine"]}))
    sidecar.allowed(ACCEPT)
    for item in ("fine", None):
        context = sidecar.answer(asking("reviewer", "review", item=item, evidence=["drawings"]), caller="counter")["context"]
        assert context["code"] == "CALLER_OUT_OF_SCOPE"
    assert sidecar.answer(REVIEW)["decision"] is True


def test_batches_and_searches_end_at_the_same_border() -> None:
    """Foreign items are false in a batch, and are no results."""
    sidecar = Sidecar(callers=with_callers(portal={}, counter={"items": ["fine"]}))
    found = sidecar.answer({"evaluations": [ACCEPT]}, BATCH, caller="counter")["evaluations"]
    assert [item["context"]["code"] for item in found] == ["CALLER_OUT_OF_SCOPE"]
    item = {"type": "item", "id": "permit"}
    searches: tuple[tuple[str, Body], ...] = (
        ("subject", {**ACCEPT, "subject": {"type": "officer"}, "resource": item}),
        ("action", {"subject": {"type": "officer", "id": "clerk"}, "resource": item, "context": ACCEPT["context"]}),
        ("resource", {**ACCEPT, "resource": {"type": "item"}}),
    )
    for kind, body in searches:
        assert sidecar.answer(body, SEARCH + kind)["results"] != []
        assert sidecar.answer(body, SEARCH + kind, caller="counter")["results"] == []


def test_plain_policies_are_scoped_by_type_and_id() -> None:
    """The resource's name is the one it is recorded under."""
    plain = Plain(certified_policy(), callers=with_callers(portal={"items": ["record:record-2"]}))
    answers = [plain.send(to(BOTH[1], {**READS, "resource": {"type": "record", "id": f"record-{n}"}})).json() for n in (1, 2)]
    assert [answer["decision"] for answer in answers] == [False, True]
    assert answers[0]["context"]["code"] == "CALLER_OUT_OF_SCOPE"
    assert [entry["decision"] for entry in plain.entries()] == ["deny", "allow"]
    found = plain.send(to(f"{SEARCH}resource", {**READS, "resource": {"type": "record"}})).json()["results"]
    assert found == [{"type": "record", "id": "record-2"}]


# settings, declared in the request → whether an allow that brings a deadline is given
DECLARED: dict[str, tuple[list[str] | None, list[str] | None, bool]] = {
    "nobody says anything": (None, None, True),
    "the settings promise it": (["deadline", "notify"], None, True),
    "the settings promise another": (["notify"], None, False),
    "the settings promise nothing": ([], None, False),
    "the request promises it": (None, ["deadline"], True),
    "the request promises nothing": (None, [], False),
    "both promise it": (["deadline"], ["deadline", "unknown"], True),
    "the request promises less": (["deadline"], ["notify"], False),
    "the request cannot promise more": (["notify"], ["deadline"], False),
}


@pytest.mark.parametrize(("settings", "declared", "decision"), DECLARED.values(), ids=DECLARED)
def test_an_obligation_nobody_fulfils_is_a_refusal(
    settings: list[str] | None, declared: list[str] | None, decision: bool
) -> None:
    """Beforehand, so that nothing enters the case; named in the answer, with the article the obligation follows."""
    sidecar = sidecar_with() if settings is None else sidecar_with(obligations=settings)
    sidecar.allowed(ACCEPT, REVIEW)
    promise = {} if declared is None else {"supported_obligations": declared}
    answer = sidecar.answer({**DECIDE, "context": promise})
    assert answer["decision"] is decision
    assert sidecar.case().version == (3 if decision else 2)
    if decision:
        assert [duty["type"] for duty in answer["context"]["obligations"]] == ["deadline"]
    else:
        context = answer["context"]
        assert (context["code"], context["obligations"]) == ("OBLIGATION_UNSUPPORTED", [])
        assert context["grounds"][0]["missing"] == ["deadline"]
        assert "deadline" in context["reason"]["zh"]
        assert sidecar.entries()[-1]["code"] == "OBLIGATION_UNSUPPORTED"


def test_what_brings_no_obligation_needs_no_promise() -> None:
    """And a question is answered as the act would be."""
    sidecar = sidecar_with(obligations=[])
    sidecar.allowed(ACCEPT, REVIEW)
    assert sidecar.answer({**DECIDE, "context": {"intent": "question"}})["context"]["code"] == "OBLIGATION_UNSUPPORTED"


def test_a_search_leaves_out_only_what_cannot_be_fulfilled() -> None:
    """AuthZEN obligations profile, search: the result is excluded, not the answer."""
    sidecar = sidecar_with()
    sidecar.allowed(ACCEPT, REVIEW)
    body = {**DECIDE, "subject": {"type": "officer"}}
    assert sidecar.answer(body, f"{SEARCH}subject")["results"] != []
    assert sidecar.answer({**body, "context": {"supported_obligations": []}}, f"{SEARCH}subject")["results"] == []


@pytest.mark.parametrize("declared", [None, "deadline", {}, [5], [None], ["x"] * 65])
def test_a_malformed_promise_is_400(untouched: Sidecar, declared: Any) -> None:
    """A list of types and nothing else."""
    malformed(untouched.post({**ACCEPT, "context": {"supported_obligations": declared}}), 400, "bad_obligations")


def test_another_promise_is_another_request(sidecar: Sidecar) -> None:
    """Under the same identifier it is no retry: the first answer may demand what is now said to be impossible."""
    sidecar.allowed(ACCEPT, REVIEW)
    assert sidecar.post(DECIDE, request_id="r").json()["decision"] is True
    malformed(sidecar.post({**DECIDE, "context": {"supported_obligations": []}}, request_id="r"), 409, "idempotency_conflict")


def test_the_types_are_declared_in_the_metadata(sidecar: Sidecar) -> None:
    """Those the policies may bring, and no others."""
    document = sidecar.get("/.well-known/authzen-configuration", caller="").json()
    assert document["supported_obligations"] == ["deadline"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"certificate": "portal"},
        {"certificate": "CN:portal"},
        {"certificate": "DNS:*.city"},
        {"items": ["a*b"]},
        {"items": [""]},
    ],
)
def test_settings_of_a_caller_that_say_nothing_are_refused(settings: dict[str, Any]) -> None:
    """Known by nothing, or by a name that no certificate has; a star in the midst of an item."""
    with pytest.raises(ValueError, match=r"token_sha256|certificate|items"):
        CallerSettings.model_validate(settings if "items" not in settings else {**settings, "token_sha256": "0" * 64})


def test_what_was_refused_for_the_caller_is_refused_again(tmp_path: Path) -> None:
    """`quanheng log replay` needs no settings of the day: the entry says what of them the decision rests on."""
    callers = with_callers(portal={"obligations": ["notify"]}, counter={"items": ["fine"]})
    office = Office(tmp_path, callers=callers)
    office.allowed(ACCEPT, REVIEW)
    codes = [
        office.sidecar.answer(DECIDE)["context"]["code"],
        office.sidecar.answer({**DECIDE, "context": {"intent": "question", "supported_obligations": []}})["context"]["code"],
        office.sidecar.answer(DECIDE, caller="counter")["context"]["code"],
        office.sidecar.answer(asking(item="fine"), caller="counter")["context"]["code"],
    ]
    assert codes == [*["OBLIGATION_UNSUPPORTED"] * 2, *["CALLER_OUT_OF_SCOPE"] * 2]
    replayed, _ = office.replay()
    office.close()
    assert [(entry.is_same, entry.differences) for entry in replayed] == [(True, ())] * 6
