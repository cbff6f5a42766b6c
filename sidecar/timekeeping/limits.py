"""Limits: where one ends, how much of it has run, and when to remind of it. The rules are told in the package."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from typing import NamedTuple, TypeVar

from sidecar.timekeeping.calendar import DAY, Calendar

HOURS, DAYS, WORKDAYS, MONTHS, YEARS = "hour", "day", "workday", "month", "year"
MONTHS_IN_YEAR = 12
REMIND_AT = Fraction(4, 5)  # of a limit: the blue reminder of electronic supervision
HOUR = timedelta(hours=1)
REMEMBERED = 4_096  # deadlines that are kept; all of them are let go when the number is passed


class Limit(NamedTuple):
    """`n` units, n from 0 (on the day itself); the unit is hour, day, workday, month or year."""

    n: int
    unit: str


class Counting(NamedTuple):
    """How a limit is counted: whether the day of the event is left out, and whether a last day of rest moves on."""

    from_next_day: bool = True
    moves_on: bool = True


class Stop(NamedTuple):
    """A time that does not count, half-open; without `end` the clock stands still."""

    start: datetime
    end: datetime | None


class Due(NamedTuple):
    """The end of a limit: the last day on which an act is in time, and the first instant at which it is late."""

    last_day: date
    ends: datetime


BY_LAW = Counting()


def deadline(
    start: datetime, limit: Limit, calendar: Calendar, stops: Sequence[Stop] = (), counting: Counting = BY_LAW
) -> Due | None:
    """When a limit that begins with an event at `start` ends; None while the clock stands still."""
    closed = [stop for stop in stops if stop.end is not None]
    due = _due(start, limit, calendar, closed, counting)
    standing = any(stop.end is None and stop.start < due.ends for stop in stops)
    return None if standing else due


def reminder(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    stops: Sequence[Stop] = (),
    counting: Counting = BY_LAW,
    share: Fraction = REMIND_AT,
) -> datetime | None:
    """When a share of the limit has run: of hours that minute, else the beginning of the day that completes it; None while the
    clock stands still."""
    if deadline(start, limit, calendar, stops, counting) is None:
        return None
    closed = [stop for stop in stops if stop.end is not None]
    if limit.unit == HOURS:
        return _after(start, HOUR * limit.n * share.numerator / share.denominator, closed)
    steps, ruler = _measured(start.date(), limit, calendar)
    return _midnight(ruler.nth_after(_origin(start, counting), ceil(share * steps), _days_out(closed)), start)


def elapsed(
    start: datetime,
    now: datetime,
    unit: str,
    calendar: Calendar,
    stops: Sequence[Stop] = (),
    counting: Counting = BY_LAW,
) -> int:
    """How many units have begun by `now`, the running one included: the limit of n units is over when more than n have, but for
    a last day that moves on. An open stop lasts until `now`."""
    ended = [Stop(stop.start, now if stop.end is None else min(stop.end, now)) for stop in stops if stop.start < now]
    if unit == HOURS:
        return _running(start, now, ended) // HOUR + 1
    ruler = _working(calendar) if unit == WORKDAYS else _PLAIN
    days = ruler.count_after(_origin(start, counting), now.astimezone(start.tzinfo).date(), _days_out(ended))
    if unit in (DAYS, WORKDAYS):
        return max(days, 0)
    months = _months_until(start.date(), days)
    return -(-months // MONTHS_IN_YEAR) if unit == YEARS else months


def _due(start: datetime, limit: Limit, calendar: Calendar, stops: Sequence[Stop], counting: Counting) -> Due:
    if limit.unit == HOURS:
        ends = _after(start, limit.n * HOUR, stops)
        return Due(ends.date(), ends)
    steps, ruler = _measured(start.date(), limit, calendar)
    last = ruler.nth_after(_origin(start, counting), steps, _days_out(stops)) if steps else start.date()
    if steps and counting.moves_on:
        last = calendar.from_workday(last)
    return Due(last, _midnight(last + DAY, start))


def _measured(start: date, limit: Limit, calendar: Calendar) -> tuple[int, "_Ruler"]:
    """A limit as a number of days of one kind: of months and years, as many as lie before the corresponding day."""
    if limit.unit == WORKDAYS:
        return limit.n, _working(calendar)
    if limit.unit == DAYS:
        return limit.n, _PLAIN
    months = limit.n * (MONTHS_IN_YEAR if limit.unit == YEARS else 1)
    return (months_after(start, months) - start).days, _PLAIN


def _origin(start: datetime, counting: Counting) -> date:
    """The day after which counting begins."""
    return start.date() if counting.from_next_day else start.date() - DAY


def _midnight(day: date, like: datetime) -> datetime:
    return datetime.combine(day, time(), like.tzinfo)


class Stand(NamedTuple):
    """How a limit stands at a moment: its last day, whether it is over, and whether the share to remind at has run."""

    last_day: date
    late: bool
    near: bool


class Deadlines:
    """The ends of limits under one calendar. Limits in whole days without stops are worked out once a day."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[tuple[date, Limit], tuple[date, date]] = {}

    def days_of(self, start: datetime, limit: Limit) -> tuple[date, date]:
        """The last day of a limit that begins with an event at `start`, and the day to remind of it."""
        if limit.unit == HOURS:
            return self._worked_out(start, limit)
        key = (start.date(), limit)
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = self._worked_out(start, limit)
        return self._known[key]

    def over_from(self, start: datetime, limit: Limit) -> datetime:
        """The first instant after a limit that begins with an event at `start`."""
        if limit.unit == HOURS:
            return start + limit.n * HOUR
        return _midnight(self.days_of(start, limit)[0] + DAY, start)

    def stand(
        self, start: datetime, limit: Limit, now: datetime, stops: Sequence[Stop] = (), share: Fraction = REMIND_AT
    ) -> Stand | None:
        """How a limit that begins with an event at `start` stands now; None while its clock stands still."""
        if not stops and share == REMIND_AT and limit.unit != HOURS:
            last, remind = self.days_of(start, limit)
            day = now.astimezone(start.tzinfo).date()
            return Stand(last, day > last, day >= remind)
        due = deadline(start, limit, self._calendar, stops)
        remind_from = reminder(start, limit, self._calendar, stops, share=share)
        if due is None or remind_from is None:
            return None
        return Stand(due.last_day, now >= due.ends, now >= remind_from)

    def _worked_out(self, start: datetime, limit: Limit) -> tuple[date, date]:
        due, remind = deadline(start, limit, self._calendar), reminder(start, limit, self._calendar)
        return (due.last_day, remind.date()) if due and remind else (start.date(), start.date())

    def is_provisional(self, last: date) -> bool:
        """Whether the calendar of that year is not known yet, so that the day may still move."""
        return not self._calendar.knows(last.year)


# -- days ------------------------------------------------------------------------------------------------------------

_Spans = Sequence[tuple[date, date]]  # half-open, in order, without overlap


class _Ruler(NamedTuple):
    """Days of one kind: how many there are from one day up to and without another, and the n-th after a day."""

    between: Callable[[date, date], int]
    nth: Callable[[date, int], date]

    def nth_after(self, day: date, n: int, out: _Spans) -> date:
        """The n-th day of the kind after `day` that is not out; `day` itself for 0."""
        for begin, end in out:
            first = day + DAY
            if end <= first:
                continue
            before = self.between(first, max(begin, first))
            if n <= before:
                break
            n, day = n - before, end - DAY
        return self.nth(day, n) if n else day

    def count_after(self, day: date, last: date, out: _Spans) -> int:
        """How many days of the kind after `day` up to and with `last` are not out."""
        first, end = day + DAY, last + DAY
        lost = [self.between(max(first, begin), min(end, until)) for begin, until in out if begin < end and until > first]
        return max(self.between(first, end) - sum(lost), 0)


_PLAIN = _Ruler(lambda first, end: (end - first).days, lambda day, n: day + n * DAY)


def _working(calendar: Calendar) -> _Ruler:
    return _Ruler(calendar.workdays, calendar.add_workdays)


def _days_out(stops: Iterable[Stop]) -> list[tuple[date, date]]:
    """The days that do not count: from the day a stop begins up to and without the day it ends."""
    return _merged((stop.start.date(), stop.end.date()) for stop in stops if stop.end is not None)


def months_after(day: date, months: int) -> date:
    """The corresponding day so many months later, or the last of the month where there is none."""
    year, month = divmod(day.year * MONTHS_IN_YEAR + day.month - 1 + months, MONTHS_IN_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _months_until(start: date, days: int) -> int:
    """The fewest months that hold so many days."""
    target = start + days * DAY
    months = max(0, (target.year - start.year) * MONTHS_IN_YEAR + target.month - start.month - 1)
    while months_after(start, months) < target:
        months += 1
    return months


# -- hours -----------------------------------------------------------------------------------------------------------


def _after(start: datetime, duration: timedelta, stops: Sequence[Stop]) -> datetime:
    """The instant at which so much time has run outside the stops."""
    at = start.astimezone(UTC)
    for begin, end in _instants_out(stops):
        if end <= at:
            continue
        before = max(begin, at) - at
        if duration <= before:
            break
        duration, at = duration - before, end
    return (at + duration).astimezone(start.tzinfo)


def _running(start: datetime, now: datetime, stops: Sequence[Stop]) -> timedelta:
    """How much time has run outside the stops."""
    lost = [max(min(end, now) - max(begin, start), timedelta()) for begin, end in _instants_out(stops)]
    return now - start - sum(lost, timedelta())


def _instants_out(stops: Iterable[Stop]) -> list[tuple[datetime, datetime]]:
    return _merged((stop.start.astimezone(UTC), stop.end.astimezone(UTC)) for stop in stops if stop.end is not None)


T = TypeVar("T", date, datetime)


def _merged(spans: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """Spans in order, those that touch joined, empty ones left out."""
    joined: list[tuple[T, T]] = []
    for begin, end in sorted(spans):
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
