"""Batches of acts on power lists: each decided and recorded by itself, on what the one before has left."""

from typing import Any

import pytest

from tests.http_api.calling import ACCEPT, DECIDE, REVIEW, Body, Sidecar, asking, malformed, to

BATCH = "/access/v1/evaluations"


def answers(sidecar: Sidecar, *items: Body, semantic: str = "execute_all", **how: Any) -> list[Body]:
    body = {"evaluations": list(items), "options": {"evaluations_semantic": semantic, "unknown": 5}}
    response = sidecar.send(to(BATCH, body, **how))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json"), response.text
    found: list[Body] = response.json()["evaluations"]
    return found


def test_acts_are_done_in_their_order(either: Sidecar) -> None:
    """A whole case in one request: each step stands on the one before, and a step too early is refused where it stands."""
    found = answers(either, DECIDE, ACCEPT, REVIEW, DECIDE, DECIDE)
    assert [item["decision"] for item in found] == [False, True, True, True, False]
    assert [item["context"]["case"]["version"] for item in found] == [0, 1, 2, 3, 3]
    assert either.case().version == 3
    assert [entry["code"] for entry in either.entries()] == [item["context"]["code"] for item in found]


@pytest.mark.parametrize(
    ("semantic", "decisions", "version"),
    [
        ("execute_all", [True, False, True], 2),
        ("deny_on_first_deny", [True, False], 1),
        ("permit_on_first_permit", [True], 1),
    ],
)
def test_what_comes_behind_the_end_is_not_done(sidecar: Sidecar, semantic: str, decisions: list[bool], version: int) -> None:
    """Neither decided nor recorded; nothing of it enters the case."""
    found = answers(sidecar, ACCEPT, DECIDE, REVIEW, semantic=semantic)
    assert [item["decision"] for item in found] == decisions
    assert sidecar.case().version == version
    assert len(sidecar.entries()) == len(decisions)


def test_questions_are_answered_at_once_and_change_nothing(sidecar: Sidecar) -> None:
    """In their order, each as a question alone."""
    questions = [asking(person, intent="question") for person in ("clerk", "reviewer", "clerk", "nobody")]
    found = answers(sidecar, *questions, {"resource": {"type": "item", "id": "permit"}})
    assert [item["decision"] for item in found] == [True, False, True, False, False]
    assert found[4]["context"]["error"]["status"] == 400
    assert sidecar.case().version == 0


def test_defaults_are_taken_from_the_top(sidecar: Sidecar) -> None:
    """A whole entity, never its parts: properties of the default do not mix with those of the item."""
    top = {
        **asking("clerk", intent="question"),
        "evaluations": [{}, {"resource": {"type": "case", "id": "C-1"}}, {"context": {}}],
    }
    found = sidecar.send(to(BATCH, top)).json()["evaluations"]
    assert [item["decision"] for item in found] == [True, False, False]
    assert found[1]["context"]["item"]["id"] == ""
    assert sidecar.case().version == 0


def test_a_retry_does_nothing_again(either: Sidecar) -> None:
    """The same bytes, the case unchanged; and a batch that goes on is done from where it stopped."""
    body = {"evaluations": [ACCEPT, REVIEW]}
    first, again = (either.send(to(BATCH, body, request_id="r-1")) for _ in range(2))
    assert (first.content, first.headers["x-request-id"]) == (again.content, "r-1")
    longer = either.send(to(BATCH, {"evaluations": [ACCEPT, REVIEW, DECIDE]}, request_id="r-1")).json()["evaluations"]
    assert longer[:2] == first.json()["evaluations"]
    assert (longer[2]["decision"], either.case().version) == (True, 3)
    assert [entry["request_id"] for entry in either.entries()] == ["r-1/1", "r-1/2", "r-1/3"]


def test_receipts_and_bad_options_concern_their_item(sidecar: Sidecar) -> None:
    """As in a request of its own."""
    wanting = {**ACCEPT, "context": {**ACCEPT["context"], "options": {"receipt": "signed"}}}
    wrong = {**REVIEW, "context": {"options": {"receipt": "gold"}}}
    first, second = answers(sidecar, wanting, wrong)
    assert "unavailable" in first["context"]["receipt"]
    assert second["context"]["error"]["code"] == "bad_options"


def test_without_a_record_nothing_is_allowed(sidecar: Sidecar) -> None:
    """Each item says so."""
    sidecar.store.break_with("disk full")  # type: ignore[attr-defined]  # of the memory store
    found = answers(sidecar, ACCEPT, asking(intent="question"))
    assert [(item["decision"], item["context"]["code"]) for item in found] == [(False, "LOG_UNAVAILABLE")] * 2


@pytest.mark.parametrize(("caller", "status"), [("", 401), ("auditor", 403), ("idle", 403)])
def test_the_door_is_that_of_single_evaluations(untouched: Sidecar, caller: str, status: int) -> None:
    """Before anything of the body is read."""
    response = untouched.send(to(BATCH, {"evaluations": [ACCEPT]}, caller=caller, request_id="r-1"))
    assert (response.status_code, response.headers["x-request-id"]) == (status, "r-1")
    assert untouched.entries() == []


def test_a_fault_inside_is_a_false_decision(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done before it stands and is told."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    begin = sidecar.authorizer.begin
    monkeypatch.setattr(
        sidecar.authorizer, "begin", lambda wire, *rest: (begin if wire.action.name == "accept" else broken)(wire, *rest)
    )
    first, second = answers(sidecar, ACCEPT, REVIEW)
    assert (first["decision"], second["decision"]) == (True, False)
    assert second["context"]["error"]["status"] == 500
    assert "Zero" not in str(second)


def test_a_get_is_405(untouched: Sidecar) -> None:
    """As for a single evaluation."""
    malformed(untouched.get(BATCH), 405, "method_not_allowed")
