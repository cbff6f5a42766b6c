"""Guards: an error inside one is a refusal, each is asked once, and every kind has one."""

from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.controls import table
from sidecar.controls.context import AccessRequest, ControlContext, Stop
from sidecar.controls.table import GUARDS, Judge
from sidecar.power_list.control_kinds import ControlKind
from tests.samples import ACCEPTED, EVERYONE, SNAPSHOT, ask, codes, history, moment


def context(**changes: Any) -> ControlContext:
    item = SNAPSHOT.item("permit")
    assert item is not None
    request = AccessRequest(person="clerk", step="accept", item="permit", case_id="C-1", **changes)
    return ControlContext(request, item, "3", history(), EVERYONE, moment())


def broken(_arg: str, _context: ControlContext) -> Stop | None:
    raise ZeroDivisionError


@pytest.fixture
def with_guards(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts other guards in the place of some."""

    def replace_guards(**guards: Any) -> None:
        monkeypatch.setattr(table, "GUARDS", MappingProxyType({**GUARDS, **guards}))

    return replace_guards


def why_stopped(kind: str, arg: str) -> Stop | None:
    judge = Judge(context())
    assert judge.stops(kind, arg)
    return judge.answer(kind, arg)


@pytest.mark.parametrize("kind", [kind.value for kind in ControlKind])
def test_a_guard_that_fails_refuses(kind: str, with_guards: Any) -> None:
    """Whatever goes wrong while a prohibition is evaluated, the prohibition stands."""
    with_guards(**{kind: broken})
    assert why_stopped(kind, "1") == Stop("CONTROL_ERROR", {"control": kind})


def test_a_failing_guard_becomes_the_headline_of_a_refusal(with_guards: Any) -> None:
    """The officer is told that a control could not be judged, and the maintainers which."""
    assert ask("clerk", "accept", facts={"amount": 100}).allowed
    with_guards(times=broken)
    decision = ask("clerk", "accept", facts={"amount": 100})
    assert (decision.allowed, codes(decision)) == (False, {"CONTROL_ERROR"})
    assert "times" in decision.reason.en


def test_a_kind_without_a_guard_refuses() -> None:
    """A row of a kind this version does not know prohibits."""
    assert why_stopped("rotation", "3") == Stop("CONTROL_ERROR", {"control": "rotation"})


@pytest.mark.parametrize(
    ("kind", "arg"),
    [("times", "many"), ("officers", "two"), ("excludes", "amount <"), ("unless_done", "hear"), ("unless_done", "hear:")],
)
def test_a_malformed_argument_refuses(kind: str, arg: str) -> None:
    """A row that was damaged on its way prohibits."""
    assert Judge(context()).stops(kind, arg)


def test_what_stops_is_told_of_the_control_that_was_asked(with_guards: Any) -> None:
    """Casbin may evaluate a matcher as often as it likes; why a row stops is kept by control and argument."""
    with_guards(times=lambda arg, _: Stop("STEP_ALREADY_DONE", {"limit": arg}) if arg == "2" else None)
    judge = Judge(context())
    assert [judge.stops("times", arg) for arg in ("1", "2", "1", "2")] == [False, True, False, True]
    assert [judge.answer("times", arg) for arg in ("1", "2", "3")] == [None, Stop("STEP_ALREADY_DONE", {"limit": "2"}), None]


def test_facts_of_the_history_win_over_assertions() -> None:
    """What the case knows of itself cannot be asserted away; what it does not know can be said."""
    known = replace(context(facts={"accept_done": False, "amount": 5}), history=history(*ACCEPTED))
    assert (known.facts["accept_done"], known.facts["amount"], known.facts["decide_done"]) == (True, 5, False)
