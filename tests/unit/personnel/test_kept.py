"""Registers as a text that is kept: nothing of them is lost, and nothing is read that is not theirs."""

from datetime import date, datetime

import pytest

from sidecar.errors import PersonnelError
from sidecar.personnel.kept import lines_of, read_lines
from sidecar.personnel.registers import (
    Appointment,
    Audit,
    CredentialHeld,
    Delegation,
    Interest,
    Leaver,
    Personnel,
    Span,
    Suspension,
    Term,
)

SINCE = Span(date(2025, 1, 1), None)
NIGHT = Term(datetime(2026, 1, 5, 22), datetime(2026, 1, 6, 6))  # noqa: DTZ001 - terms are of the local clock
REGISTERS = Personnel(
    [Appointment("b", "front.head", SINCE), Appointment("a", "front.clerk", Span()), Appointment("b", "front.clerk", Span())],
    [CredentialHeld("a", "work_card", SINCE)],
    [Interest("a", "pty-1", "kin", SINCE)],
    [Delegation("b", "a", "deputise", ("front.head",), ("permit",), (), NIGHT, "授〔2026〕1号", date(2026, 1, 4))],
    [Suspension("post", "front.head", NIGHT, "b", "a", "停〔2026〕1号")],
    [Audit("b", "front.head", date(2026, 1, 4), "审〔2026〕1号")],
    [Leaver("c", "office", leading=True, left=date(2025, 6, 30), party="pty-1")],
)


def test_registers_are_read_as_they_were() -> None:
    """Every register, in its order; the same text again."""
    lines = list(lines_of(REGISTERS))
    again = read_lines(lines)
    assert list(again.entries()) == list(REGISTERS.entries())
    assert len(lines) == 1 + 9
    assert list(lines_of(again)) == lines
    assert again.holders("front.clerk", date(2026, 1, 5)) == ("a", "b")
    assert again.leavers("pty-1") == REGISTERS.leavers("pty-1") != ()
    assert again.delegations("a", "b") == REGISTERS.delegations("a", "b")


def test_other_appointments_are_another_text() -> None:
    """One day more is enough."""
    other = REGISTERS.with_appointments("a", [Appointment("a", "front.clerk", Span(None, date(2026, 12, 31)))])
    assert list(lines_of(other)) != list(lines_of(REGISTERS))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b'{"format":2}\n'],
        [b'{"format":1}\n', b'["nothing",{}]\n'],
        [b'{"format":1}\n', b'["audits",{"person":"a"}]\n'],
        [b'{"format":1}\n', b"half a li"],
    ],
)
def test_what_is_no_such_text_is_refused(lines: list[bytes]) -> None:
    """Never fewer entries than were kept."""
    with pytest.raises(PersonnelError):
        read_lines(lines)
