"""The same request again, and several requests at once: one act stays one act, and what may be done once is done once."""

import sqlite3
import threading
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.http_api.calling import ACCEPT, AUTHORIZE, BOTH, DECIDE, EVALUATION, REVIEW, Body, Sidecar, asking, to

DENIED = asking("reviewer", "accept")


def verdicts(responses: list[httpx.Response]) -> list[tuple[bool, str]]:
    """(allowed, code) of each answer, in a steady order."""
    return sorted((r.json()["decision"], r.json()["context"]["code"]) for r in responses)


@pytest.mark.parametrize("asked", [ACCEPT, DENIED, asking(intent="question")], ids=["allow", "deny", "question"])
def test_a_retry_gets_the_very_bytes_of_the_first_answer(either: Sidecar, asked: Body) -> None:
    """Same identifier, same act: same answer, also through the other path and after the case moved on; nothing is added."""
    first = either.post(asked, request_id="r-1")
    either.post(asking(), request_id="another")
    known = (len(either.entries()), either.case())
    again = [either.post(asked, path, request_id="r-1") for path in BOTH]
    assert [r.content for r in again] == [first.content] * 2
    assert (len(either.entries()), either.case()) == known


def test_an_act_is_what_is_asked_not_how_it_is_written(sidecar: Sidecar) -> None:
    """Member order, white space, escapes and members nobody reads do not make another act."""
    first = sidecar.post(ACCEPT, request_id="r-1")
    turned = dict(reversed(list({**ACCEPT, "trace": "0af7"}.items())))
    spaced = msgspec.json.format(msgspec.json.encode(turned), indent=3)
    escaped = spaced.replace(b'"permit"', b'"\\u0070ermit"')
    assert escaped != spaced
    for body in (spaced, escaped):
        assert sidecar.send(to(AUTHORIZE, body, request_id="r-1")).content == first.content


# one thing changed → another act
OTHERS: dict[str, Body] = {
    "person": asking("all"),
    "step": asking("clerk", "review"),
    "case": asking(case="C-2"),
    "item": asking(item="fine"),
    "party": asking(party="甲公司"),
    "facts": asking(facts={"amount": 101}),
    "evidence": asking(evidence=["drawings"]),
    "intent": asking(intent="question"),
    "post": asking(acting_post="front.clerk"),
    "a context member": {**ACCEPT, "context": {**ACCEPT["context"], "channel": "web"}},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_an_identifier_is_for_one_act(either: Sidecar, other: Body) -> None:
    """S4: another act under a known identifier is 409, is not decided, and the first answer still stands."""
    first = either.post(ACCEPT, request_id="r-1")
    response = either.post(other, request_id="r-1")
    assert (response.status_code, response.headers["x-request-id"]) == (409, "r-1")
    assert response.text.startswith("idempotency_conflict: ")
    assert len(either.entries()) == 1
    assert either.post(ACCEPT, request_id="r-1").content == first.content


def test_an_identifier_belongs_to_its_caller(either: Sidecar) -> None:
    """Two calling systems that count alike do not meet."""
    mine = either.post(ACCEPT, request_id="r-1")
    theirs = either.post(asking(case="C-2"), caller="counter", request_id="r-1")
    assert (mine.json()["decision"], theirs.json()["decision"]) == (True, True)
    assert [entry["caller"] for entry in either.entries()] == ["portal", "counter"]


def test_without_an_identifier_each_request_is_an_act(either: Sidecar) -> None:
    """An empty X-Request-ID is none: the second attempt is judged for itself."""
    for name in (None, ""):
        case = f"C-{name}"
        codes = [either.answer(asking(case=case), request_id=name)["context"]["code"] for _ in range(2)]
        assert codes == ["ALLOWED", "STEP_ALREADY_DONE"]


def test_twenty_identical_requests_at_once_are_one_act(either: Sidecar) -> None:
    """S3: they all get one answer, and there is one entry and one event."""
    responses = either.together(*[to(BOTH[n % 2], ACCEPT, request_id="r-1") for n in range(20)])
    assert {r.status_code for r in responses} == {200}
    assert len({r.content for r in responses}) == 1
    assert responses[0].json()["decision"] is True
    assert (len(either.entries()), either.case().version) == (1, 1)


def test_the_last_performance_goes_to_exactly_one(either: Sidecar) -> None:
    """S1: two officers do the same step at once; one is allowed, the other hears that it is done."""
    responses = either.together(to(AUTHORIZE, ACCEPT), to(EVALUATION, asking("all"), caller="counter"))
    assert verdicts(responses) == [(False, "STEP_ALREADY_DONE"), (True, "ALLOWED")]
    assert len(either.case().performances("accept")) == 1
    assert either.case().version == 1


def test_a_burst_on_one_step_is_one_performance(either: Sidecar) -> None:
    """However many ask, under different identifiers, one is allowed and all are recorded."""
    responses = either.together(*[to(AUTHORIZE, ACCEPT, request_id=f"r-{n}") for n in range(30)])
    assert verdicts(responses) == [(False, "STEP_ALREADY_DONE")] * 29 + [(True, "ALLOWED")]
    assert len(either.entries()) == 30
    assert either.case().version == 1


def test_one_person_cannot_do_two_separated_steps_at_once(either: Sidecar) -> None:
    """S2: inspecting and deciding belong to two people, also in the same moment."""
    either.allowed(ACCEPT, REVIEW, asking("checker", "site", intent="co_sign"))
    site, decide = asking("head", "site"), asking("head", "decide", outcome="grant")
    assert [either.answer({**body, "context": {"intent": "question"}})["decision"] for body in (site, decide)] == [True, True]
    responses = either.together(to(AUTHORIZE, site), to(AUTHORIZE, decide))
    assert verdicts(responses) == [(False, "SAME_PERSON_PRIOR_STEP"), (True, "ALLOWED")]


def test_one_person_cannot_sign_and_perform_at_once(either: Sidecar) -> None:
    """A race with oneself makes no second officer."""
    either.allowed(ACCEPT)
    sign, perform = asking("head", "site", intent="co_sign"), asking("head", "site")
    responses = either.together(to(AUTHORIZE, sign), to(AUTHORIZE, perform))
    assert verdicts(responses) == [(False, "TOO_FEW_OFFICERS"), (True, "CO_SIGNED")]


def test_different_cases_do_not_wait_for_one_another(durable: Sidecar, tmp_path: Path) -> None:
    """Forty first steps that arrive while the disk is busy are all allowed, and share the syncs that follow."""
    syncs: list[str] = []
    durable.store._connection.set_trace_callback(  # type: ignore[attr-defined]
        lambda statement: syncs.append(statement) if statement == "COMMIT" else None
    )
    busy = sqlite3.connect(tmp_path / "data" / "record.sqlite3", isolation_level=None, check_same_thread=False)
    busy.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, busy.close).start()
    responses = durable.together(*[to(AUTHORIZE, asking(case=f"C-{n}")) for n in range(40)])
    assert verdicts(responses) == [(True, "ALLOWED")] * 40
    assert len(durable.entries()) == 40
    assert 1 <= len(syncs) < 20


def test_a_question_never_loses_a_race(either: Sidecar) -> None:
    """Questions beside an act are answered, each on a whole version of the case."""
    requests = [to(AUTHORIZE, asking(intent="question")) for _ in range(10)]
    responses = either.together(*requests, to(AUTHORIZE, ACCEPT))
    assert {r.status_code for r in responses} == {200}
    assert responses[-1].json()["decision"] is True
    assert {(r.json()["decision"], r.json()["context"]["case"]["version"]) for r in responses[:-1]} <= {(True, 0), (False, 1)}
    assert either.case().version == 1


def test_the_whole_way_of_a_case_counts_its_versions(either: Sidecar) -> None:
    """Each act is one version further, whoever asks through whichever path."""
    contexts = either.allowed(ACCEPT, REVIEW, DECIDE, asking("clerk", "issue"))
    assert [context["case"]["version"] for context in contexts] == [1, 2, 3, 4]
    assert [entry["case_version"] for entry in either.entries()] == [1, 2, 3, 4]
