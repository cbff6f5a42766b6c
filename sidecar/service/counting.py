"""How many decisions there were by what they name, with those that have nothing in the field."""

from collections.abc import Sequence
from typing import NamedTuple

from sidecar.ports.records import Filter, RecordReader, Total

RULE = "rule"  # the one field of which a decision may have several values, so that its lines add up to no sum


class Counted(NamedTuple):
    """All decisions that were asked for, and their lines in the order of the values. A decision without a value, as that of an
    act on no list has no item, is in the line of the empty one; by rules there is none."""

    allowed: int
    denied: int
    lines: Sequence[Total]


def counted(reader: RecordReader, wanted: Filter, by: str) -> Counted:
    """`by` is one of TOTALS."""
    whole, lines = reader.totals(wanted, "decision"), reader.totals(wanted, by)
    allowed, denied = _sums(whole)
    if by == RULE:
        return Counted(allowed, denied, lines)
    with_a_value = _sums(lines)
    without = Total("", max(allowed - with_a_value[0], 0), max(denied - with_a_value[1], 0))
    return Counted(allowed, denied, [without, *lines] if without.allowed or without.denied else lines)


def _sums(lines: Sequence[Total]) -> tuple[int, int]:
    return sum(line.allowed for line in lines), sum(line.denied for line in lines)
