"""One suite for every enforcement point: only a true allow reaches the system behind, whatever goes wrong on the way."""

import httpx
import pytest

from tests.enforcement.chain import ALLOW, AS_JSON, OFFICER, Sidecar, denying
from tests.enforcement.points import CONTACT, POINTS, Point, Silent
from tests.enforcement.test_verdicts import FAULTS, NO_DECISION

DO = "/things/T-1/do"

every_point = pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())


@every_point
def test_a_clear_allow_reaches_the_system_once(point: Point) -> None:
    sidecar = Sidecar()
    seen = point.send(sidecar, "POST", DO, OFFICER)
    assert (seen.answer.status, seen.reached, len(sidecar.questions)) == (200, 1, 1)
    assert sidecar.questions[0]["subject"]["id"] == "o-1001"
    assert sidecar.questions[0]["resource"]["id"] == "T-1"


@every_point
def test_a_refusal_says_why_and_reaches_nothing(point: Point) -> None:
    seen = point.send(denying(code="NO_POWER", rule="AL-4"), "POST", DO, OFFICER, AS_JSON)
    assert (seen.answer.status, seen.reached) == (403, 0)
    assert seen.answer.json["code"] == "NO_POWER"


SHORT = {"code": "TOO_FEW_OFFICERS"}


@every_point
def test_what_lacks_only_a_co_signature_is_held(point: Point) -> None:
    """The case is free (409), the act is named; nginx passes on nothing but 403."""
    seen = point.send(denying(**SHORT, grounds=[SHORT]), "POST", DO, OFFICER, AS_JSON)
    assert (seen.answer.status in (403, 409), seen.reached) == (True, 0)
    assert seen.answer.json["held"] == {"item": "an-item", "step": "do", "case": "T-1", "intent": "co_sign"}


@every_point
@pytest.mark.parametrize(
    "context",
    [SHORT, {**SHORT, "grounds": []}, {**SHORT, "grounds": [SHORT, {"code": "RECUSAL"}]}, {**SHORT, "grounds": "two"}],
    ids=["no grounds told", "none", "another besides", "no list"],
)
def test_what_a_co_signature_would_not_lift_is_refused(point: Point, context: dict[str, object]) -> None:
    seen = point.send(denying(**context), "POST", DO, OFFICER, AS_JSON)
    assert (seen.answer.status, seen.reached, "held" in seen.answer.json) == (403, 0, False)


@every_point
@pytest.mark.parametrize("answer", NO_DECISION)
def test_what_is_no_decision_reaches_nothing(point: Point, answer: str) -> None:
    seen = point.send(Sidecar([(200, NO_DECISION[answer])]), "POST", DO, OFFICER, AS_JSON)
    assert seen.reached == 0
    assert seen.answer.json["code"] == "NO_DECISION"


@every_point
@pytest.mark.parametrize("fault", FAULTS)
def test_a_sidecar_that_cannot_be_asked_lets_nothing_through(point: Point, fault: str) -> None:
    seen = point.send(Sidecar([FAULTS[fault]]), "POST", DO, OFFICER, AS_JSON)
    assert seen.reached == 0
    assert seen.answer.status in (403, 503)  # nginx passes no other status on


@every_point
def test_a_sidecar_that_does_not_answer_is_waited_for_no_longer_than_declared(point: Point) -> None:
    """Not a second more than the point's own time, however it hangs; and the next question is asked as if nothing had been."""
    seen = point.send(Silent(), "POST", DO, OFFICER, AS_JSON)
    assert (seen.reached, seen.answer.json["code"]) == (0, "NO_DECISION")
    assert point.send(Sidecar(), "POST", DO, OFFICER).reached == 1


@every_point
@pytest.mark.parametrize("sidecar", [Sidecar([FAULTS["connection refused"]]), Sidecar([(500, b"")])], ids=["down", "broken"])
@pytest.mark.parametrize("form", [AS_JSON, ("Accept", "text/html"), ("Accept", "*/*")], ids=["JSON", "page", "text"])
def test_when_we_are_down_it_is_said_whom_to_call(point: Point, sidecar: Sidecar, form: tuple[str, str]) -> None:
    answer = point.send(sidecar, "POST", DO, OFFICER, form).answer
    assert CONTACT in answer.text
    assert form != AS_JSON or answer.json["contact"] == CONTACT


@every_point
def test_who_is_refused_by_right_is_not_sent_to_the_administrators(point: Point) -> None:
    assert CONTACT not in point.send(denying(code="NO_POWER"), "POST", DO, OFFICER).answer.text


@every_point
@pytest.mark.parametrize("status", [201, 204, 302, 401, 403, 404, 409, 413, 429, 500, 503])
def test_another_status_is_no_decision(point: Point, status: int) -> None:
    assert point.send(Sidecar([(status, ALLOW)]), "POST", DO, OFFICER).reached == 0


@every_point
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "post", "X-POST"])
def test_another_method_is_another_route(point: Point, method: str) -> None:
    sidecar = Sidecar()
    seen = point.send(sidecar, method, DO, OFFICER)
    assert (seen.reached, sidecar.questions) == (0, [])


@every_point
@pytest.mark.parametrize(
    "path",
    [
        "//things/T-1/do",
        "/things/../things/T-1/do",
        "/things/%2e%2e/T-1/do",
        "/things/T-1%2fdo",
        "/things/T-1/do;v=1",
        "/things/T-1/do/",
        "/things/T-1\\do",
        "/things/T-1%5cdo",
        "/things/T-1/do%00",
        "/THINGS/T-1/do",
        "/things//do",
        "/other",
    ],
)
def test_a_path_in_another_spelling_is_not_let_through(point: Point, path: str) -> None:
    sidecar = Sidecar()
    seen = point.send(sidecar, "POST", path, OFFICER)
    assert (seen.reached, sidecar.questions) == (0, [])
    assert seen.answer.status in (400, 403, 404, 405)  # where nothing is mapped a framework says so by itself


@every_point
@pytest.mark.parametrize("headers", [[], [("X-Officer", "")], [OFFICER, ("X-Officer", "o-2")]], ids=["none", "empty", "two"])
def test_nobody_is_let_through_as_nobody(point: Point, headers: list[tuple[str, str]]) -> None:
    sidecar = Sidecar([(400, b"bad_identifier: subject.id")])
    assert point.send(sidecar, "POST", DO, *headers).reached == 0


@every_point
@pytest.mark.parametrize(
    "header",
    [
        ("X-HTTP-Method-Override", "GET"),
        ("X-Original-URL", "/things/T-2"),
        ("X-Rewrite-URL", "/things/T-2"),
        ("X-Forwarded-Uri", "/things/T-2"),
        ("X-Original-URI", "/things/T-2"),
        ("X-Original-Method", "GET"),
    ],
    ids=lambda header: header[0],
)
def test_a_header_changes_neither_method_nor_path(point: Point, header: tuple[str, str]) -> None:
    sidecar = denying(code="NO_POWER")
    assert point.send(sidecar, "POST", DO, OFFICER, header).reached == 0
    assert sidecar.questions[0]["resource"]["id"] == "T-1"


@every_point
def test_what_is_no_power_is_not_asked(point: Point) -> None:
    sidecar = Sidecar()
    assert point.send(sidecar, "GET", "/things/T-1").reached == 1
    assert sidecar.questions == []


@every_point
def test_each_request_has_an_identifier_of_its_own(point: Point) -> None:
    """A client that repeats its own identifier repeats the act, not the decision."""
    first, second = Sidecar(), Sidecar()
    for sidecar in (first, second):
        point.send(sidecar, "POST", DO, OFFICER, ("X-Request-ID", "same"))
    assert first.request_ids != second.request_ids
    assert "same" not in first.request_ids


@every_point
def test_a_broken_connection_is_tried_once_more_under_the_same_identifier(point: Point) -> None:
    sidecar = Sidecar([httpx.ReadError("reset"), (200, ALLOW)])
    assert point.send(sidecar, "POST", DO, OFFICER).reached == 1
    assert len(set(sidecar.request_ids)) == 1


@every_point
def test_what_the_system_answered_is_reported_where_it_is_seen(point: Point) -> None:
    sidecar = Sidecar()
    point.send(sidecar, "POST", DO, OFFICER)
    assert sidecar.reports == ([("/v1/decisions/d-1/outcome", "performed")] if point.reports else [])
