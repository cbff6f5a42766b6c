"""Callers under observation: a refusal stays one, marked in answer and record, and only for whom and until when declared."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.storage.memory import MemoryStore
from sidecar.http_api.app import warnings_of
from sidecar.settings import Settings
from tests.http_api.calling import ACCEPT, Body, Sidecar, asking
from tests.http_api.test_caller_limits import caller, with_callers
from tests.log.offices import Office

UNTIL = "2026-01-31"
REFUSED = asking("nobody", "review")


def observing(body: Body, wished: object = True) -> Body:
    return {**body, "context": {**body.get("context", {}), "observe": wished}}


def observed(until: str = UNTIL) -> Sidecar:
    return Sidecar(callers=with_callers(portal={"observe_until": until}))


def test_a_refusal_is_marked_in_answer_and_record_and_enters_no_case() -> None:
    sidecar = observed()
    answer = sidecar.answer(observing(REFUSED))
    assert (answer["decision"], answer["context"]["observed"]) == (False, {"until": UNTIL})
    (entry,) = sidecar.entries()
    assert (entry["decision"], entry["asked"]["observed"]) == ("deny", UNTIL)
    assert sidecar.case().version == 0


def test_an_allow_is_an_allow_like_any_other() -> None:
    sidecar = observed()
    answer = sidecar.answer(observing(ACCEPT))
    assert answer["decision"] is True
    assert "observed" not in answer["context"]
    assert "observed" not in sidecar.entries()[0]["asked"]
    assert sidecar.case().version == 1


UNOBSERVED: dict[str, tuple[dict[str, Any], Body]] = {
    "no caller that is declared": ({}, observing(REFUSED)),
    "a point that does not observe": ({"observe_until": UNTIL}, REFUSED),
    "a point that says so": ({"observe_until": UNTIL}, observing(REFUSED, wished=False)),
    "a day that is over": ({"observe_until": "2026-01-04"}, observing(REFUSED)),
    "a question": ({"observe_until": UNTIL}, {**REFUSED, "context": {"intent": "question", "observe": True}}),
}


@pytest.mark.parametrize("name", UNOBSERVED)
def test_what_is_not_observed_is_refused_in_earnest(name: str) -> None:
    settings, body = UNOBSERVED[name]
    sidecar = Sidecar(callers=with_callers(portal=settings))
    answer = sidecar.answer(body)
    assert answer["decision"] is False
    assert "observed" not in answer["context"]
    assert "observed" not in sidecar.entries()[0]["asked"]


def test_the_last_day_counts_whole_and_then_it_ends_by_itself() -> None:
    sidecar = observed("2026-01-05")
    sidecar.clock.move(hours=14, minutes=59)
    assert "observed" in sidecar.answer(observing(REFUSED))["context"]
    sidecar.clock.move(minutes=1)
    assert "observed" not in sidecar.answer(observing(REFUSED))["context"]


@pytest.mark.parametrize("wished", ["true", 1, None, [True]])
def test_another_word_than_true_or_false_is_malformed(wished: object) -> None:
    answer = observed().post(observing(REFUSED, wished))
    assert (answer.status_code, answer.text.partition(":")[0]) == (400, "bad_observe")


def test_observed_decisions_are_made_again_bit_for_bit(tmp_path: Path) -> None:
    """With the mark, which the settings of the day gave and no setting of today."""
    office = Office(tmp_path, callers=with_callers(portal={"observe_until": UNTIL}))
    office.sidecar.answer(observing(REFUSED), request_id="r-1")
    office.sidecar.answer(observing(ACCEPT))
    _, replay = office.replay()
    assert (replay.tally.decisions, replay.tally.same) == (2, 2)


def test_the_counters_and_the_warnings_are_loud() -> None:
    sidecar = observed()
    sidecar.answer(observing(REFUSED))
    sidecar.answer(REFUSED)
    assert "quanheng_observed_total 1.0" in sidecar.get("/metrics").text
    said = {until: _warnings(until) for until in ("2999-12-31", "2026-01-01")}
    assert "portal is observed until 2999-12-31" in said["2999-12-31"]
    assert "refused in earnest again" in said["2026-01-01"]


def _warnings(until: str) -> str:
    return json.dumps(warnings_of(Settings(callers={"portal": caller("portal", observe_until=until)}), MemoryStore()))


def test_a_plain_policy_is_not_observed() -> None:
    with pytest.raises(ValidationError, match="observe_until is for power lists"):
        Settings(callers={"a": caller("a", observe_until=UNTIL)}, model=Path("m"), policy=Path("p"), map={"sub": "subject.id"})
