"""What a person or a post comes to on a day is found once a day and never told of another."""

from datetime import date, timedelta

import pytest

from sidecar.personnel import registers
from sidecar.personnel.registers import Appointment, CredentialHeld, Personnel, Span

MONDAY = date(2026, 1, 5)
ENDS = Span(None, MONDAY)
REGISTERS = Personnel(
    [Appointment("a", "front.clerk", ENDS), Appointment("b", "front.clerk", Span())], [CredentialHeld("a", "work_card", ENDS)]
)


def test_each_day_has_its_own() -> None:
    for _ in range(2):
        assert REGISTERS.posts("a", MONDAY) == {"front.clerk"}
        assert REGISTERS.posts("a", MONDAY + timedelta(days=1)) == frozenset()
        assert REGISTERS.holders("front.clerk", MONDAY) == ("a", "b")
        assert REGISTERS.holders("front.clerk", MONDAY + timedelta(days=1)) == ("b",)
        assert REGISTERS.credentials("a", MONDAY) == {"work_card"}
        assert REGISTERS.credentials("a", MONDAY + timedelta(days=1)) == frozenset()


def test_other_appointments_are_told_at_once_and_change_nothing_that_was() -> None:
    assert REGISTERS.posts("a", MONDAY) == {"front.clerk"}
    other = REGISTERS.with_appointments("a", [Appointment("a", "front.head", Span())])
    assert other.posts("a", MONDAY) == {"front.head"}
    assert other.holders("front.clerk", MONDAY) == ("b",)
    assert REGISTERS.posts("a", MONDAY) == {"front.clerk"}
    assert REGISTERS.holders("front.clerk", MONDAY) == ("a", "b")


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked for, known or not."""
    monkeypatch.setattr(registers, "KEPT_ON_DAYS", 8)
    asked = Personnel([Appointment("a", "front.clerk", Span())])
    for n in range(100):
        assert asked.posts(f"o-{n}", MONDAY) == frozenset()
        assert asked.posts("a", MONDAY) == {"front.clerk"}
        assert len(asked._posts_on) <= 8
