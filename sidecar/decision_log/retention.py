"""How long an entry must be kept: by what the power list and the rules of the record say of its item, whichever is longer, and
the longest where several items speak of a case.

Network logs are kept six months at least (网络安全法第二十三条, in force since 2026-01-01; 第二十一条 before), files of a
procurement fifteen years from its end (政府采购法第四十二条); personal data is kept no longer than its purpose asks
(个人信息保护法第十九条). The figures are parameters of a site, each with its basis; none may be below six months. A time that the
power list gives runs from the last entry of the case, too; where the event it names comes later, the case is held until then.

The time of an entry runs from the last entry of its case, so that a case goes as a whole: its story is told to the end, or not at
all. A case that is held, because of a suit or a review, does not go, nor one of which neither the list of closed cases nor a time
without any act says that it is over. Entries that tell what happened to the log itself never go: they prove the rest.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

MINIMUM_MONTHS = 6
MONTHS = 12
RELEASABLE: Final = frozenset({"decision", "outcome", "log_read"})
LEAST_BASIS = "网络安全法第二十三条"


class Span(NamedTuple):
    """So many calendar months, the article that says so, and where it was written down."""

    months: int
    basis: str
    source: str = ""

    def end(self, begin: date) -> date:
        """The first day on which what began to run on `begin` may go. A day that the month has not is the last it has."""
        months = begin.year * MONTHS + begin.month - 1 + self.months
        year, month = divmod(months, MONTHS)
        for day in (begin.day, 30, 29, 28):
            try:
                return date(year, month + 1, min(day, begin.day))
            except ValueError:
                continue
        raise AssertionError("every month has 28 days")  # pragma: no cover


class Hold(NamedTuple):
    """A case that must not go, whatever its time."""

    case_id: str
    basis: str
    source: str = ""


class Retention(NamedTuple):
    """`items` and `default` are the rules of the record, `listed` is what the power list says, in any version that served."""

    default: Span = Span(MINIMUM_MONTHS, LEAST_BASIS)
    items: Mapping[str, Span] = {}
    listed: Mapping[str, Span] = {}
    holds: tuple[Hold, ...] = ()
    closed_after: int = 0  # months without an act after which a case counts as over; 0: it must be said to be over
    closed: frozenset[str] = frozenset()

    def of(self, item: str) -> Span:
        ruled = self.items.get(item, self.default)
        return max(ruled, self.listed.get(item, ruled), key=lambda span: span.months)

    def says(self, item: str) -> bool:
        """Whether anybody wrote down how long the records of an item are kept."""
        return bool(self.of(item).source)

    def held(self, case_id: str) -> Hold | None:
        return next((hold for hold in self.holds if hold.case_id == case_id), None)


class Why(StrEnum):
    """Why something may go, or not."""

    DUE = "due"
    NOT_DUE = "not_due"
    HELD = "held"
    OPEN = "open"


class Judged(NamedTuple):
    """What is said of the entries of one case, or of one entry without a case: `until` is the day from which they may go, by the
    time alone; `basis` the article that the time, or the hold, rests on, `source` where that was written down."""

    why: Why
    until: date
    basis: str
    source: str


def judge(retention: Retention, case_id: str, items: frozenset[str], last: date, today: date) -> Judged:
    """Entries of a case, or one without a case, of which `last` is the day of the last."""
    spans = [retention.of(item) for item in items] or [retention.default]
    span = max(spans, key=lambda span: span.months)
    until = span.end(last)
    hold = retention.held(case_id) if case_id else None
    if hold:
        return Judged(Why.HELD, until, hold.basis, hold.source)
    if today < until:
        return Judged(Why.NOT_DUE, until, span.basis, span.source)
    if case_id and not _is_over(retention, case_id, last, today):
        return Judged(Why.OPEN, until, span.basis, span.source)
    return Judged(Why.DUE, until, span.basis, span.source)


def _is_over(retention: Retention, case_id: str, last: date, today: date) -> bool:
    if case_id in retention.closed:
        return True
    return bool(retention.closed_after) and Span(retention.closed_after, "").end(last) <= today
