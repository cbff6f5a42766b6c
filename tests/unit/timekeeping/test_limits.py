"""Limits: worked examples by hand, and laws that hold whatever the dates are."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.timekeeping.calendar import Calendar, CalendarYear
from sidecar.timekeeping.limits import Counting, Deadlines, Due, Limit, Stop, deadline, elapsed, months_after, reminder
from sidecar.timekeeping.statutes import day_of
from tests.unit.timekeeping.years import SHIPPED

ZONE = ZoneInfo("Asia/Shanghai")
PLAIN = Counting(moves_on=False)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "limit", "last"),
    [
        # 许可法 32, 44: working days, around 国庆 2025 (off 1-8 October, worked on 28 September and 11 October)
        ("2025-09-26 09:00", Limit(5, "workday"), "2025-10-10"),
        ("2025-09-27 23:59", Limit(1, "workday"), "2025-09-28"),
        ("2025-09-30 16:00", Limit(2, "workday"), "2025-10-10"),
        ("2025-10-09 16:00", Limit(2, "workday"), "2025-10-11"),
        # over the turn of the year: 1-3 January 2026 off, Sunday the 4th worked
        ("2025-12-31 10:00", Limit(1, "workday"), "2026-01-04"),
        ("2025-12-30 10:00", Limit(20, "workday"), "2026-01-28"),
        # 处罚法 60: ninety calendar days; the last one on 清明 moves on behind it
        ("2026-01-05 10:00", Limit(90, "day"), "2026-04-07"),
        ("2026-01-06 10:00", Limit(90, "day"), "2026-04-07"),
        ("2026-01-08 10:00", Limit(90, "day"), "2026-04-08"),
        # 强制法 25: thirty days; a Sunday moves on to Monday, but a worked Sunday does not
        ("2026-05-08 10:00", Limit(30, "day"), "2026-06-08"),
        ("2026-08-21 10:00", Limit(30, "day"), "2026-09-20"),
        # months and years: the corresponding day, else the last of the month; leap days
        ("2026-01-31 10:00", Limit(1, "month"), "2026-02-28"),
        ("2024-02-29 10:00", Limit(1, "year"), "2025-02-28"),
        ("2023-02-28 10:00", Limit(12, "month"), "2024-02-28"),
        ("2024-07-15 10:00", Limit(2, "year"), "2026-07-15"),
        ("2025-11-30 10:00", Limit(3, "month"), "2026-02-28"),
        # at once: the day itself, holiday or not
        ("2026-10-01 10:00", Limit(0, "day"), "2026-10-01"),
        ("2026-10-01 10:00", Limit(0, "workday"), "2026-10-01"),
    ],
)
def test_the_last_day(start: str, limit: Limit, last: str) -> None:
    """The day of the event is left out, a last day of rest moves on, and the limit is over at the midnight behind it."""
    due = deadline(at(start), limit, SHIPPED)
    assert due == Due(date.fromisoformat(last), at(f"{last} 00:00") + DAY)


def test_hours_run_through_nights_and_holidays() -> None:
    """强制法 19: twenty-four hours to complete the approval, from the minute."""
    assert deadline(at("2026-09-30 22:30"), Limit(24, "hour"), SHIPPED) == Due(date(2026, 10, 1), at("2026-10-01 22:30"))


@pytest.mark.parametrize(
    ("stops", "last"),
    [
        ([], "2025-03-31"),
        ([("2025-03-10 09:00", "2025-03-14 17:00")], "2025-04-07"),  # Monday to Thursday out, Friday counts again
        ([("2025-03-10 09:00", "2025-03-10 17:00")], "2025-03-31"),  # begun and ended on one day
        ([("2025-03-08 09:00", "2025-03-10 08:00")], "2025-03-31"),  # a weekend only
        ([("2025-03-10 09:00", "2025-03-14 17:00"), ("2025-03-12 09:00", "2025-03-17 09:00")], "2025-04-08"),  # overlapping
        ([("2025-03-28 09:00", "2025-04-10 09:00")], "2025-04-11"),  # from two days before the end: two days are left
        ([("2025-04-01 09:00", "2025-04-30 09:00")], "2025-03-31"),  # too late to matter
        ([("2025-01-01 09:00", "2025-02-01 09:00")], "2025-03-31"),  # before it began
    ],
)
def test_what_the_law_takes_out_does_not_count(stops: list[tuple[str, str]], last: str) -> None:
    """许可法 45: twenty working days from 3 March 2025, with hearings and expert reviews between."""
    out = [Stop(at(first), at(end)) for first, end in stops]
    due = deadline(at("2025-03-03 10:00"), Limit(20, "workday"), SHIPPED, out)
    assert due is not None
    assert due.last_day.isoformat() == last


def test_an_open_stop_stands_until_it_is_ended() -> None:
    """Nobody is late while the experts sit; a stop that begins after the end changes nothing."""
    start, limit = at("2025-03-03 10:00"), Limit(20, "workday")
    assert deadline(start, limit, SHIPPED, [Stop(at("2025-03-10 09:00"), None)]) is None
    assert reminder(start, limit, SHIPPED, [Stop(at("2025-03-10 09:00"), None)]) is None
    assert deadline(start, limit, SHIPPED, [Stop(at("2025-05-10 09:00"), None)]) is not None
    assert elapsed(start, at("2025-03-20 09:00"), "workday", SHIPPED, [Stop(at("2025-03-10 09:00"), None)]) == 5


def test_hours_stop_to_the_minute() -> None:
    """A stop of ninety minutes moves the end by ninety minutes."""
    out = [Stop(at("2026-01-05 12:00"), at("2026-01-05 13:30"))]
    due = deadline(at("2026-01-05 10:00"), Limit(24, "hour"), SHIPPED, out)
    assert due is not None
    assert due.ends == at("2026-01-06 11:30")
    assert elapsed(at("2026-01-05 10:00"), at("2026-01-05 14:00"), "hour", SHIPPED, out) == 3


@pytest.mark.parametrize(
    ("limit", "reminded"),
    [
        (Limit(20, "workday"), "2025-03-25 00:00"),
        (Limit(5, "workday"), "2025-03-07 00:00"),
        (Limit(1, "workday"), "2025-03-04 00:00"),
        (Limit(90, "day"), "2025-05-14 00:00"),
        (Limit(1, "month"), "2025-03-28 00:00"),
        (Limit(24, "hour"), "2025-03-04 05:12"),
    ],
)
def test_a_reminder_comes_when_four_fifths_have_run(limit: Limit, reminded: str) -> None:
    """The beginning of the day that completes the share; of hours, the minute."""
    assert reminder(at("2025-03-03 10:00"), limit, SHIPPED) == at(reminded)


def test_a_place_may_count_otherwise() -> None:
    """With the day of the event, and without moving on."""
    start = at("2026-05-08 10:00")
    assert deadline(start, Limit(30, "day"), SHIPPED, counting=PLAIN) == Due(date(2026, 6, 7), at("2026-06-08 00:00"))
    first_day_counts = deadline(start, Limit(30, "day"), SHIPPED, counting=Counting(from_next_day=False))
    assert first_day_counts == Due(date(2026, 6, 8), at("2026-06-09 00:00"))  # Saturday the 6th moves on to Monday
    assert deadline(start, Limit(1, "workday"), SHIPPED, counting=Counting(from_next_day=False)) == Due(
        date(2026, 5, 8), at("2026-05-09 00:00")
    )


def test_the_zone_is_that_of_the_event() -> None:
    """Days are those of the place; an hour that a place skips is no shorter for the law."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 28, 12, tzinfo=berlin)
    due = deadline(start, Limit(24, "hour"), Calendar())
    assert due is not None
    assert due.ends.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=24)
    days = deadline(datetime(2026, 3, 27, 23, 30, tzinfo=berlin), Limit(1, "day"), Calendar(), counting=PLAIN)
    assert days == Due(date(2026, 3, 28), datetime(2026, 3, 29, tzinfo=berlin))


# -- laws ------------------------------------------------------------------------------------------------------------

_MINUTES = st.integers(0, 7 * 366 * 24 * 60)
_STARTS = _MINUTES.map(lambda n: (at("2022-01-01 00:00").astimezone(UTC) + timedelta(minutes=n)).astimezone(ZONE))
_UNITS = st.sampled_from(["hour", "day", "workday", "month", "year"])


@st.composite
def _stops(draw: st.DrawFn) -> list[Stop]:
    spans = draw(st.lists(st.tuples(_STARTS, st.timedeltas(timedelta(), timedelta(days=60))), max_size=3))
    return [Stop(begin, begin + length) for begin, length in spans]


@given(_STARTS, st.integers(0, 120), _UNITS, _stops(), st.timedeltas(timedelta(), timedelta(days=500)))
def test_late_is_when_more_units_have_begun_than_the_limit_has(
    start: datetime, n: int, unit: str, stops: list[Stop], later: timedelta
) -> None:
    """The deadline and what has run are two readings of one clock."""
    due = deadline(start, Limit(n, unit), SHIPPED, stops, PLAIN)
    assert due is not None
    now = start + later
    assert (elapsed(start, now, unit, SHIPPED, stops, PLAIN) > n) == (now >= due.ends)


@given(_STARTS, st.integers(0, 200), st.sampled_from(["day", "workday"]), _stops())
def test_a_limit_holds_as_many_days_as_it_says(start: datetime, n: int, unit: str, stops: list[Stop]) -> None:
    """Counted one by one, by a loop that shares nothing with the arithmetic."""
    due = deadline(start, Limit(n, unit), SHIPPED, stops, PLAIN)
    counts: Callable[[date], bool] = SHIPPED.is_workday if unit == "workday" else lambda _: True
    day, left = start.date(), n
    while left:
        day += DAY
        out = any(stop.end and stop.start.date() <= day < stop.end.date() for stop in stops)
        left -= counts(day) and not out
    assert due == Due(day, datetime.combine(day + DAY, time(), ZONE))


@given(_STARTS, st.integers(1, 120), _UNITS, _stops())
def test_a_stop_never_brings_the_end_nearer_and_the_end_is_worked(start: datetime, n: int, unit: str, stops: list[Stop]) -> None:
    """More stops, a later end; and whoever acts on the last day finds the office open, but for hours."""
    free, stopped = deadline(start, Limit(n, unit), SHIPPED), deadline(start, Limit(n, unit), SHIPPED, stops)
    assert free is not None
    assert stopped is not None
    assert stopped.ends >= free.ends
    assert unit == "hour" or SHIPPED.is_workday(stopped.last_day)
    reminded = reminder(start, Limit(n, unit), SHIPPED, stops)
    assert reminded is not None
    assert start - DAY < reminded < stopped.ends


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 600))
def test_months_keep_their_day_or_end(day: date, months: int) -> None:
    """The month is so many later, and the day is the same or the month is too short for it."""
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + DAY).day == 1


def test_deadlines_are_remembered_by_the_day() -> None:
    """Two acts of one day have one deadline; the year nobody has a calendar of makes it provisional."""
    known = Deadlines(SHIPPED)
    for hour in (9, 17):
        assert known.days_of(at(f"2025-09-30 {hour:02}:00"), Limit(2, "workday")) == (date(2025, 10, 10), date(2025, 10, 10))
    assert known.days_of(at("2025-09-30 23:00"), Limit(2, "hour")) == (date(2025, 10, 1), date(2025, 10, 1))
    assert not known.is_provisional(date(2026, 12, 31))
    assert known.is_provisional(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("basis", "n", "unit"),
    [
        ("行政许可法第四十二条", 20, "workday"),
        ("中华人民共和国行政许可法第44条", 10, "workday"),
        ("行政处罚法第六十一条", 7, "workday"),
        ("行政处罚法第六十条", 90, "day"),
        ("行政处罚法第六十七条", 15, "day"),
        ("行政强制法第二十五条", 30, "day"),
        ("行政强制法第五十四条", 10, "workday"),
        ("建筑法第八条", 7, None),
        ("政府信息公开条例第三十三条", 20, None),
    ],
)
def test_each_statute_counts_its_own_days(basis: str, n: int, unit: str | None) -> None:
    """许可法 82: all are working days; 处罚法 85: two, three, five and seven are; 强制法 69: ten or less are."""
    found = day_of(basis, n)
    assert (found[0] if found else None) == unit


def test_a_share_may_be_another() -> None:
    """Half of twenty working days."""
    assert reminder(at("2025-03-03 10:00"), Limit(20, "workday"), SHIPPED, share=Fraction(1, 2)) == at("2025-03-17 00:00")


def test_without_a_calendar_weekdays_are_worked() -> None:
    """Wrong by a few days, and known to be."""
    assert deadline(at("2025-09-30 10:00"), Limit(2, "workday"), Calendar()) == Due(date(2025, 10, 2), at("2025-10-03 00:00"))
    assert not Calendar().knows(2025)
    assert Calendar({2025: CalendarYear("", {}, {})}).knows(2025)
