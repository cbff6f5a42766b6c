"""What became of an act is reported as far as it is known; what is not known stays counted."""

import httpx
import pytest

from adapters.storage.memory import MemoryStore
from sidecar.http_api.guard import Receive, Scope, Send
from tests.enforcement.chain import (
    AS_JSON,
    DO,
    EXAMPLE,
    IN_JSON,
    NOTE,
    OFFICER,
    Sidecar,
    System,
    call,
    denying,
    proxy,
    real_sidecar,
)
from tests.enforcement.wire import Answer, Broken

PERFORMED = [200, 201, 202, 204, 206, 301, 302, 303, 304, 307]
FAILED = [400, 401, 403, 404, 409, 413, 422, 429, 451]
UNKNOWN = [500, 501, 502, 503, 504, 599]
REPORTED = {**dict.fromkeys(PERFORMED, "performed"), **dict.fromkeys(FAILED, "failed"), **dict.fromkeys(UNKNOWN, "")}

BROKEN = {"reset": "reset", "no answer in time": "silent", "closed without an answer": "closed"}

REPORT_FAULTS: dict[str, Exception | int] = {
    "404": 404,
    "409": 409,
    "500": 500,
    "connection refused": httpx.ConnectError("refused"),
    "timeout": httpx.ReadTimeout("slow"),
    "broken off": httpx.ReadError("reset"),
}

ACCEPT = "/licences/L-1/accept"
APPLICATION = b'{"applicant": "applicant-1", "only_prepackaged_food": false, "edible_farm_produce": false}'


@pytest.mark.parametrize("status", REPORTED)
def test_the_status_of_the_answer_is_the_outcome(status: int) -> None:
    """2xx and 3xx are performed, 4xx failed, after 5xx nobody knows; the client gets the very answer in any case."""
    sidecar, body = Sidecar(), b"" if status in {204, 304} else b"the answer"
    answer = call(proxy(System(status=status, body=body), sidecar), "POST", DO, OFFICER)
    assert (answer.status, answer.body) == (status, body)
    expected = [("/v1/decisions/d-1/outcome", REPORTED[status])] if REPORTED[status] else []
    assert sidecar.reports == expected


def test_a_redirect_is_handed_back_and_not_followed() -> None:
    """Following it would be a second request that nobody decided."""
    system = System(status=302, headers=[(b"location", b"/things/T-2/do")])
    answer = call(proxy(system, Sidecar()), "POST", DO, OFFICER)
    assert answer.values("location") == ["/things/T-2/do"]
    assert len(system.seen) == 1


def test_a_connection_that_never_opened_is_a_failed_act() -> None:
    """Nothing can have happened: 502 NOT_CONNECTED, and the act counts no longer."""
    system, sidecar = Broken("refused"), Sidecar()
    answer = call(proxy(system, sidecar), "POST", DO, OFFICER, AS_JSON)
    assert (answer.status, answer.json["code"]) == (502, "NOT_CONNECTED")
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "failed")]
    assert system.tried == 1


@pytest.mark.parametrize("name", BROKEN)
def test_after_a_broken_connection_nobody_knows(name: str) -> None:
    """The act may have been done: 502 UNKNOWN_OUTCOME, no report, and no second attempt."""
    system, sidecar = Broken(BROKEN[name]), Sidecar()
    answer = call(proxy(system, sidecar), "POST", DO, OFFICER, AS_JSON)
    assert (answer.status, answer.json["code"]) == (502, "UNKNOWN_OUTCOME")
    assert sidecar.reports == []
    assert system.tried == 1


async def half_answer(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Begins to answer 200 and breaks."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"50")]})
    await send({"type": "http.response.body", "body": b"half of the ", "more_body": True})
    raise RuntimeError("broken")


def test_an_answer_that_breaks_off_is_not_ended_and_not_reported() -> None:
    """The client must not take half an answer for a whole one."""
    sidecar = Sidecar()
    answer = call(proxy(half_answer, sidecar), "POST", DO, OFFICER)
    assert (answer.body, answer.ended) == (b"half of the ", False)
    assert sidecar.reports == []


@pytest.mark.parametrize("name", REPORT_FAULTS)
@pytest.mark.parametrize("status", [200, 404])
def test_a_report_that_cannot_be_made_changes_no_answer(name: str, status: int) -> None:
    """The client gets the whole answer of the system behind, whatever becomes of the report."""
    sidecar = Sidecar(report_fault=REPORT_FAULTS[name])
    answer = call(proxy(System(status=status, body=b"the answer"), sidecar), "POST", DO, OFFICER)
    assert (answer.status, answer.body, answer.ended) == (status, b"the answer", True)


@pytest.mark.parametrize("status", [200, 404])
def test_only_decided_acts_are_reported(status: int) -> None:
    """A route that is no power and a refused act have no outcome."""
    sidecar, refusing = Sidecar(), denying()
    call(proxy(System(status=status), sidecar), "POST", NOTE, OFFICER)
    call(proxy(System(status=status), refusing), "POST", DO, OFFICER)
    assert (sidecar.questions, sidecar.reports) == ([], [])
    assert (len(refusing.questions), refusing.reports) == (1, [])


def accept_twice(first: object) -> list[Answer]:
    """One officer accepts one case twice through the real sidecar; the first time `first` stands behind, then a sound system."""
    sidecar = real_sidecar(MemoryStore())
    routes = (EXAMPLE / "routes.yaml").read_text("utf-8")
    return [
        call(proxy(system, sidecar, routes), "POST", ACCEPT, OFFICER, AS_JSON, IN_JSON, body=APPLICATION)
        for system in (first, System())
    ]


@pytest.mark.parametrize(
    "system", [System(status=500), Broken("silent"), Broken("reset"), half_answer, System()]
)
def test_an_act_of_unknown_or_good_outcome_stays_counted(system: object) -> None:
    """A system that crashes hands nobody a second chance: the same act again is refused."""
    again = accept_twice(system)[1]
    assert (again.status, again.json["code"]) == (403, "STEP_ALREADY_DONE")


@pytest.mark.parametrize("system", [System(status=404), System(status=422), Broken("refused")])
def test_a_failed_act_may_be_done_again(system: object) -> None:
    """What the system behind refused has not happened, so it does not count against the case."""
    first, again = accept_twice(system)
    assert first.status in {404, 422, 502}
    assert again.status == 200
