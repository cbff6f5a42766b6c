"""What of a log has been kept long enough, and what has not, and why: case by case, as the rules of the record say."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sidecar.decision_log.retention import LEAST_BASIS, MINIMUM_MONTHS, RELEASABLE, Judged, Retention, Span, Why, judge

_DAY = len("2026-01-31")


class Kept(NamedTuple):
    """The entries of one case, or those without a case about one item on one day, and their numbers."""

    case_id: str
    items: tuple[str, ...]
    entries: int
    first: int
    last: int
    last_day: date
    judged: Judged
    numbers: Sequence[int] = ()


@dataclass(slots=True)
class _Gathered:
    items: set[str] = field(default_factory=set)
    entries: int = 0
    first: int = 0
    last: int = 0
    day: date = date.min
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))


def standing_of(entries: Iterable[tuple[int, Mapping[str, Any]]], retention: Retention, today: date) -> list[Kept]:
    """Entries as number and fields, in the order of the log. What tells of the log itself is never told of here: it stays."""
    gathered: dict[tuple[str, str, str], _Gathered] = {}
    for seq, fields in entries:
        if fields.get("kind") in RELEASABLE:
            _gather(gathered, seq, fields)
    return [
        Kept(
            case,
            tuple(sorted(one.items)),
            one.entries,
            one.first,
            one.last,
            one.day,
            _judged(retention, case, one, today),
            one.numbers,
        )
        for (case, _, _), one in gathered.items()
    ]


def releasable(found: Iterable[Kept], size: int, today: date) -> list[Kept]:
    """Of what was judged, what may leave the log now: due, kept for the least time there is whatever the rules say, and wholly
    among the first `size` entries, which a checkpoint vouches for."""
    least = Span(MINIMUM_MONTHS, LEAST_BASIS)
    return [kept for kept in found if kept.judged.why is Why.DUE and kept.last <= size and least.end(kept.last_day) <= today]


def _gather(gathered: dict[tuple[str, str, str], _Gathered], seq: int, fields: Mapping[str, Any]) -> None:
    case, item, day = fields.get("case_id", ""), fields.get("item", ""), str(fields["time"])[:_DAY]
    one = gathered.setdefault((case, "", "") if case else ("", item, day), _Gathered(first=seq))
    if item:
        one.items.add(item)
    one.entries, one.last = one.entries + 1, seq
    one.numbers.append(seq)
    one.day = max(one.day, date.fromisoformat(day))  # the clock may have been set back


def _judged(retention: Retention, case: str, one: _Gathered, today: date) -> Judged:
    return judge(retention, case, frozenset(one.items), one.day, today)
