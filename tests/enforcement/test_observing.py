"""Points under observation: only a refusal that the sidecar has recorded as observed is let through, and never in silence."""

from typing import Any

import pytest

from adapters.enforcement.ruling import Enforcement
from tests.enforcement.chain import AS_JSON, OFFICER, Sidecar, denying
from tests.enforcement.points import POINTS, Point
from tests.enforcement.test_verdicts import FAULTS, NO_DECISION

DO = "/things/T-1/do"
UNTIL = {"until": "2026-12-31"}
MAPPED = {name: point for name, point in POINTS.items() if name != "FastAPI dependency"}  # which knows no route without a step

each_point = pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())


@pytest.fixture
def _observing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Enforcement.__init__

    def made(self: Enforcement, *args: Any, **named: Any) -> None:
        plain(self, *args, **{**named, "observe": True})

    monkeypatch.setattr(Enforcement, "__init__", made)


@each_point
@pytest.mark.usefixtures("_observing")
def test_an_observed_refusal_is_let_through_and_told(point: Point) -> None:
    """The client sees what would have been refused; no outcome is reported of what nobody allowed."""
    sidecar = denying(code="NO_POWER", observed=UNTIL)
    seen = point.send(sidecar, "POST", DO, OFFICER)
    assert (seen.answer.status, seen.reached) == (200, 1)
    assert seen.answer.values("x-quanheng-observed") == ["NO_POWER; until=2026-12-31"]
    assert sidecar.questions[0]["context"]["observe"] is True
    assert sidecar.reports == []


@each_point
@pytest.mark.usefixtures("_observing")
@pytest.mark.parametrize("observed", [None, True, "2026-12-31", {}, {"until": ""}, {"until": 20261231}, [UNTIL]])
def test_a_refusal_that_is_not_observed_is_a_refusal(point: Point, observed: object) -> None:
    seen = point.send(denying(code="NO_POWER", observed=observed), "POST", DO, OFFICER)
    assert (seen.answer.status, seen.reached) == (403, 0)


@each_point
@pytest.mark.usefixtures("_observing")
def test_a_refusal_without_a_record_is_a_refusal(point: Point) -> None:
    """LOG_UNAVAILABLE: what was not recorded was not observed."""
    answer = (200, {"decision": False, "context": {"code": "LOG_UNAVAILABLE", "observed": UNTIL}})
    assert point.send(Sidecar([answer]), "POST", DO, OFFICER).reached == 0


@each_point
@pytest.mark.usefixtures("_observing")
@pytest.mark.parametrize("said", [*NO_DECISION, *FAULTS])
def test_no_decision_lets_nothing_through(point: Point, said: str) -> None:
    answer = FAULTS[said] if said in FAULTS else (200, NO_DECISION[said])
    assert point.send(Sidecar([answer]), "POST", DO, OFFICER).reached == 0


@each_point
@pytest.mark.usefixtures("_observing")
def test_nobody_is_let_through_unasked(point: Point) -> None:
    sidecar = denying(code="NO_POWER", observed=UNTIL)
    seen = point.send(sidecar, "POST", DO, AS_JSON)
    assert (seen.answer.status, seen.reached, sidecar.questions) == (401, 0, [])


@each_point
@pytest.mark.usefixtures("_observing")
def test_a_path_that_can_be_read_in_two_ways_is_refused(point: Point) -> None:
    sidecar = denying(code="NO_POWER", observed=UNTIL)
    assert point.send(sidecar, "POST", "/things/%2e%2e/do", OFFICER).reached == 0
    assert sidecar.questions == []


@pytest.mark.parametrize("point", MAPPED.values(), ids=MAPPED.keys())
@pytest.mark.usefixtures("_observing")
@pytest.mark.parametrize(("answer", "reached"), [({"observed": UNTIL}, 1), ({}, 0)])
def test_an_unmapped_route_is_asked_for_without_its_path(point: Point, answer: dict[str, Any], reached: int) -> None:
    """So that it stands in the record who used it; the path may tell of citizens."""
    sidecar = denying(code="UNKNOWN_ITEM", **answer)
    assert point.send(sidecar, "PUT", "/people/310101199001011234", OFFICER).reached == reached
    (question,) = sidecar.questions
    assert (question["resource"]["type"], question["resource"]["id"]) == ("route", "PUT")
    assert "310101199001011234" not in str(question)


@each_point
def test_a_point_that_does_not_observe_refuses_whatever_the_sidecar_says(point: Point) -> None:
    sidecar = denying(code="NO_POWER", observed=UNTIL)
    assert point.send(sidecar, "POST", DO, OFFICER).reached == 0
    assert "observe" not in sidecar.questions[0]["context"]
