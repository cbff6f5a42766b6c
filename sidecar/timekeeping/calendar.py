"""Working days: the weekdays, without the holidays of each year and with its make-up days (调休), as data gives them."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property

import msgspec

WEEK, WEEKDAYS = 7, 5
DAY = timedelta(days=1)


class CalendarYear(msgspec.Struct, frozen=True):
    """One year's notice: days off, and the days of rest on which work is done for them, each with the name of the holiday. Days
    are ISO text."""

    source: str
    holidays: dict[str, str]
    workdays: dict[str, str]


class Calendar(msgspec.Struct, frozen=True, dict=True):
    """The calendar of all years that are known."""

    years: Mapping[int, CalendarYear] = {}

    def knows(self, year: int) -> bool:
        return year in self.years

    def holiday(self, day: date) -> str:
        """The name of the holiday that gives this day off, or nothing; a plain Saturday or Sunday has none."""
        year = self.years.get(day.year)
        return year.holidays.get(day.isoformat(), "") if year else ""

    def is_workday(self, day: date) -> bool:
        return self._rank(day.toordinal() + 1) > self._rank(day.toordinal())

    def from_workday(self, day: date) -> date:
        """The day itself when it is a working day, else the next one that is."""
        return self.add_workdays(day - DAY, 1)

    def workdays(self, start: date, end: date) -> int:
        """How many working days there are from `start` up to and without `end`; negative when `end` is before `start`."""
        return self._rank(end.toordinal()) - self._rank(start.toordinal())

    def add_workdays(self, day: date, n: int) -> date:
        """The n-th working day after `day`, n from 1. Raises ValueError beyond the year 9999."""
        ordinal = day.toordinal()
        wanted = self._rank(ordinal + 1) + n
        while missing := wanted - self._rank(ordinal + 1):
            ordinal += missing  # never too far: so many days hold at most as many working days
        return date.fromordinal(ordinal)

    def _rank(self, ordinal: int) -> int:
        """How many working days there are before a day, since the first Monday of the calendar (1 January of the year 1)."""
        weeks, days = divmod(ordinal - 1, WEEK)
        plain = weeks * WEEKDAYS + min(days, WEEKDAYS)
        return plain - bisect_left(self._off, ordinal) + bisect_left(self._made_up, ordinal)

    @cached_property
    def _off(self) -> list[int]:
        """Weekdays on which no work is done."""
        days = [date.fromisoformat(day) for year in self.years.values() for day in year.holidays]
        return sorted(day.toordinal() for day in days if day.weekday() < WEEKDAYS)

    @cached_property
    def _made_up(self) -> list[int]:
        """Saturdays and Sundays on which work is done."""
        days = [date.fromisoformat(day) for year in self.years.values() for day in year.workdays]
        return sorted(day.toordinal() for day in days if day.weekday() >= WEEKDAYS)
