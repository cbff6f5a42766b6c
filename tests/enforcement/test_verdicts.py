"""Only HTTP 200 with the JSON value true lets a request through; a refusal says why, as the client can read it."""

import html
import json
import re
from typing import Any

import httpx
import msgspec
import pytest

from adapters.storage.memory import MemoryStore
from tests.enforcement.chain import (
    ALLOW,
    AS_JSON,
    DO,
    EXAMPLE,
    IN_JSON,
    OFFICER,
    ROUTES,
    Sidecar,
    System,
    call,
    counted,
    denying,
    proxy,
    real_sidecar,
)

# HTTP 200, but no decision in it
NO_DECISION: dict[str, Any] = {
    "the text true": {"decision": "true"},
    "the text allow": {"decision": "ALLOW"},
    "one": {"decision": 1},
    "one and a half": {"decision": 1.5},
    "null": {"decision": None},
    "a list": {"decision": [True]},
    "a block": {"decision": {"decision": True}},
    "another member": {"result": True},
    "another spelling": {"Decision": True},
    "no member": {},
    "bare true": True,
    "a list of answers": [{"decision": True}],
    "nothing": b"",
    "a page": b"<html>true</html>",
    "half an answer": b'{"decision": true',
    "two answers": b'{"decision": true} {"decision": true}',
    "Python, not JSON": b"{'decision': True}",
    "not UTF-8": b'{"decision": true, "a": "\xff"}',
}

FAULTS = {
    "connection refused": httpx.ConnectError("refused"),
    "no connection in time": httpx.ConnectTimeout("slow"),
    "no answer in time": httpx.ReadTimeout("slow"),
    "broken off": httpx.ReadError("reset"),
    "not sent in time": httpx.WriteTimeout("slow"),
    "not HTTP": httpx.RemoteProtocolError("garbage"),
    "content coding that is none": httpx.DecodingError("bad gzip"),
}


def assert_not_decided(sidecar: Sidecar) -> None:
    """503 NO_DECISION, nothing forwarded, and counted."""
    system = System()
    app = proxy(system, sidecar)
    answer = call(app, "POST", DO, OFFICER, AS_JSON)
    assert (answer.status, answer.json["code"]) == (503, "NO_DECISION")
    assert system.seen == []
    assert sidecar.reports == []
    assert counted(app) == {"unclear": 1}


def test_a_clear_allow_is_forwarded_once() -> None:
    """200 with true: the system behind is asked once, and the client gets its answer."""
    system, sidecar = System(status=201, body=b"made"), Sidecar()
    app = proxy(system, sidecar)
    answer = call(app, "POST", DO, OFFICER)
    assert (answer.status, answer.body) == (201, b"made")
    assert (len(system.seen), len(sidecar.questions)) == (1, 1)
    assert counted(app) == {"allowed": 1}


def test_the_question_holds_what_the_route_says() -> None:
    """Officer, step, item, case and the fixed words of a question, and nothing else of the request."""
    sidecar = Sidecar()
    call(
        proxy(System(), sidecar), "POST", "/things/T-1/decide?extra=1", OFFICER, IN_JSON, body=b'{"result": "refuse", "other": 1}'
    )
    assert sidecar.questions == [
        {
            "subject": {"type": "officer", "id": "o-1001", "properties": {}},
            "action": {"name": "decide", "properties": {"outcome": "refuse"}},
            "resource": {"type": "case", "id": "T-1", "properties": {"item": "an-item"}},
            "context": {"intent": "exercise", "channel": "reverse-proxy", "facts": {}, "evidence": {}},
        }
    ]


def test_a_clear_refusal_is_not_forwarded() -> None:
    """200 with false: 403 with the sidecar's own code, the system behind sees nothing, no outcome is reported."""
    system, sidecar = System(), denying(code="NO_POWER")
    app = proxy(system, sidecar)
    answer = call(app, "POST", DO, OFFICER, AS_JSON)
    assert (answer.status, answer.json["code"]) == (403, "NO_POWER")
    assert (system.seen, sidecar.reports) == ([], [])
    assert counted(app) == {"refused": 1}


@pytest.mark.parametrize("name", NO_DECISION)
def test_an_answer_without_a_decision_is_not_forwarded(name: str) -> None:
    """Nothing but the JSON value true or false is a decision."""
    assert_not_decided(Sidecar([(200, NO_DECISION[name])]))


@pytest.mark.parametrize("status", [201, 202, 204, 206, 301, 302, 307, 401, 403, 404, 408, 429, 500, 502, 503])
def test_another_status_is_not_forwarded_whatever_it_says(status: int) -> None:
    """An allow under another status than 200 is none, and it is asked once only."""
    sidecar = Sidecar([(status, ALLOW)])
    assert_not_decided(sidecar)
    assert len(sidecar.questions) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_sidecar_that_does_not_answer_is_not_forwarded(name: str) -> None:
    """The question is repeated once under the same identifier, then the request is refused."""
    sidecar = Sidecar([FAULTS[name]])
    assert_not_decided(sidecar)
    assert len(sidecar.questions) == 2
    assert len(set(sidecar.request_ids)) == 1


def test_a_question_repeated_after_a_broken_connection_counts_once() -> None:
    """The reply was lost, the second attempt under the same identifier got through: one forward."""
    system, sidecar = System(), Sidecar([httpx.ReadError("reset"), (200, ALLOW)])
    assert call(proxy(system, sidecar), "POST", DO, OFFICER).status == 200
    assert len(system.seen) == 1
    assert len(set(sidecar.request_ids)) == 1


class _LosesTheFirstReply(httpx.AsyncBaseTransport):
    """The real sidecar at the end of a connection that breaks after the first question has been answered."""

    def __init__(self, store: MemoryStore) -> None:
        self._behind = httpx.ASGITransport(app=real_sidecar(store))
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        self.asked += request.url.path == "/authorize"
        if self.asked == 1:
            raise httpx.ReadError("reset")
        return response


def test_a_lost_reply_is_one_act_on_record() -> None:
    """S6: decided, recorded, reply lost. The repeated question gets the recorded answer, and the act is done once."""
    store, system = MemoryStore(), System()
    sidecar = _LosesTheFirstReply(store)
    app = proxy(system, sidecar, (EXAMPLE / "routes.yaml").read_text("utf-8"))
    body = b'{"applicant": "applicant-1", "only_prepackaged_food": false, "edible_farm_produce": false}'
    answer = call(app, "POST", "/licences/L-1/accept", OFFICER, IN_JSON, body=body)
    assert (answer.status, sidecar.asked, len(system.seen)) == (200, 2, 1)
    (decision, outcome) = [msgspec.json.decode(entry.body) for entry in store.reader.entries]
    assert answer.values("x-quanheng-decision") == [decision["decision_id"]] == [outcome["decision_id"]]
    assert (decision["decision"], outcome["result"]) == ("allow", "performed")


@pytest.mark.parametrize(
    "answer",
    [
        {"decision": False},
        {"decision": False, "context": None},
        {"decision": False, "context": {"reason": "because"}},
        {"decision": False, "context": {"reason": None, "remedy": None}},
        {"decision": True, "context": {"decision_id": "d-1", "obligations": None}},
    ],
    ids=["no context", "null", "reason as text", "reason and remedy null", "obligations null of an allow"],
)
def test_a_context_of_another_shape_is_still_answered(answer: dict[str, Any]) -> None:
    """Whatever stands beside the decision, the client is answered and a refusal stays one."""
    system = System()
    status = call(proxy(system, Sidecar([(200, answer)])), "POST", DO, OFFICER, AS_JSON).status
    assert status in ({200, 503} if answer["decision"] else {403, 503})
    assert len(system.seen) == (status == 200)


REASON = {
    "code": "SAME_PERSON_PRIOR_STEP",
    "rule": "AL-SEP",
    "basis": "审批分离",
    "reason": {"zh": "您已办理“审查”。", "en": "You already did <review>."},
    "remedy": {"posts": ["law.head"], "names": ["科长岗", "副局长岗"]},
}
FORMS = {
    "application/json": "application/json",
    "application/json, text/plain;q=0.5": "application/json",
    "text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8",
    "text/plain": "text/plain; charset=utf-8",
    "*/*": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("accept", FORMS)
def test_a_refusal_says_why_who_may_and_under_which_number(accept: str) -> None:
    """In every form: both languages, code, rule, basis, the posts that may act, and the decision's identifier."""
    headers = [("Accept", accept)] if accept else []
    answer = call(proxy(System(), denying(**REASON)), "POST", DO, OFFICER, *headers)
    assert (answer.status, answer.kind) == (403, FORMS[accept])
    assert answer.values("content-length") == [str(len(answer.body))]
    told = html.unescape(answer.text)
    words = [
        "您已办理“审查”。",
        "You already did <review>.",
        "SAME_PERSON_PRIOR_STEP",
        "AL-SEP",
        "审批分离",
        "科长岗",
        "副局长岗",
        "d-2",
    ]
    said = json.dumps(answer.json, ensure_ascii=False) if "json" in answer.kind else told
    assert [word for word in words if word not in said] == []


def test_a_refusal_as_json_is_readable_by_programs() -> None:
    """Each fact stands in a member of its own."""
    answer = call(proxy(System(), denying(**REASON)), "POST", DO, OFFICER, AS_JSON)
    assert answer.json == {**REASON, "decision_id": "d-2"}


def test_a_refusal_as_a_page_can_carry_no_script() -> None:
    """Names and reasons may hold what a citizen typed; in the page it is text."""
    bad = "<script>alert(1)</script>\"'&"
    spoilt = {"code": bad, "rule": bad, "basis": bad, "reason": {"zh": bad, "en": bad}, "remedy": {"names": [bad]}}
    answer = call(proxy(System(), denying(**spoilt)), "POST", DO, OFFICER, ("Accept", "text/html"))
    assert "<script" not in answer.text
    assert answer.text.count(html.escape(bad)) >= 5
    assert set(re.findall(r"</?([a-z]+)", answer.text)) == {"html", "meta", "title", "p"}


@pytest.mark.parametrize(
    ("status", "code", "method", "target"), [(403, "UNMAPPED_ROUTE", "PUT", DO), (503, "NO_DECISION", "POST", DO)]
)
@pytest.mark.parametrize("accept", FORMS)
def test_every_other_refusal_comes_in_the_same_forms(status: int, code: str, method: str, target: str, accept: str) -> None:
    """A client that reads JSON gets JSON, a browser a page, everyone else text."""
    answer = call(proxy(System(), Sidecar([(500, b"")])), method, target, OFFICER, ("Accept", accept))
    assert (answer.status, answer.kind) == (status, FORMS[accept])
    assert code in answer.text


def test_a_record_that_cannot_be_written_refuses() -> None:
    """The real sidecar on a full disk: LOG_UNAVAILABLE, and nothing is forwarded."""
    store, system = MemoryStore(), System()
    routes = (EXAMPLE / "routes.yaml").read_text("utf-8")
    app = proxy(system, real_sidecar(store), routes)
    body = b'{"applicant": "applicant-1", "only_prepackaged_food": false, "edible_farm_produce": false}'
    store.break_with("disk full")
    answer = call(app, "POST", "/licences/L-1/accept", OFFICER, AS_JSON, IN_JSON, body=body)
    assert (answer.status, answer.json["code"]) == (403, "LOG_UNAVAILABLE")
    assert system.seen == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 401, "no_officer"),
        ([("X-Officer", "")], 401, "no_officer"),
        ([OFFICER, OFFICER], 400, "repeated_value"),
        ([OFFICER, ("x-officer", "o-1002")], 400, "repeated_value"),
    ],
    ids=["no officer", "an empty officer", "the same officer twice", "two officers"],
)
def test_a_request_that_does_not_say_who_acts_is_refused_unasked(headers: list[tuple[str, str]], status: int, code: str) -> None:
    """No officer, or more than one: nobody is asked and nothing is forwarded."""
    system, sidecar = System(), Sidecar()
    answer = call(proxy(system, sidecar), "POST", DO, *headers, AS_JSON)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert (system.seen, sidecar.questions) == ([], [])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "no_case"),
        ("?thing=", "no_case"),
        ("?thing=a&thing=b", "repeated_value"),
        ("?thing=&thing=b", "repeated_value"),
        ("?thing=a&th%69ng=b", "repeated_value"),
    ],
)
def test_a_case_that_is_missing_or_named_twice_is_refused_unasked(query: str, code: str) -> None:
    """The system behind might take the other one of two, so two are none."""
    system, sidecar = System(), Sidecar()
    answer = call(proxy(system, sidecar, ROUTES), "GET", f"/acts/do{query}", OFFICER, AS_JSON)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert (system.seen, sidecar.questions) == ([], [])
