"""`calendar/<year>.yaml`: the days off of a year and the days of rest that are worked for them, as the State Council's yearly
notice says (国务院办公厅关于部分节假日安排的通知), and whether the file keeps to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.load import Located, load
from sidecar.power_list.parts import Day, Name, Part
from sidecar.power_list.source import read_source
from sidecar.power_list.values import Zh
from sidecar.timekeeping.calendar import WEEKDAYS, CalendarYear

CALENDAR = "calendar/"
LONGEST = 31  # days of one holiday


class Holiday(Part):
    """Days off without a break, ends included, with the weekends among them."""

    name: Annotated[Name, Zh("名称")]
    start: Annotated[Day, Zh("起")] = Field(alias="from")
    end: Annotated[Day, Zh("止")] = Field(alias="to")


class MakeUpDay(Part):
    """A Saturday or Sunday on which work is done for a holiday (调休上班)."""

    name: Annotated[Name, Zh("名称")]
    day: Annotated[Day, Zh("日期")]


class CalendarFile(Part):
    """The working days of one year. Days that are not named are what they are: Monday to Friday worked, the weekend off."""

    year: Annotated[int, Field(ge=1950, le=9998), Zh("年份")]
    source: Annotated[Name, Zh("来源")]
    holidays: Annotated[tuple[Holiday, ...], Zh("放假")] = Field(min_length=1, strict=False)
    workdays: Annotated[tuple[MakeUpDay, ...], Zh("调休上班")] = Field(default=(), strict=False)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    file: CalendarFile
    located: Located

    @property
    def year(self) -> CalendarYear:
        """The year as a decision uses it."""
        holidays = {day.isoformat(): span.name for span in self.file.holidays for day in _days(span)}
        workdays = {made_up.day.isoformat(): made_up.name for made_up in self.file.workdays}
        return CalendarYear(self.file.source, dict(sorted(holidays.items())), dict(sorted(workdays.items())))


def read_calendar(path: str, data: bytes) -> tuple[CalendarEntry | None, list[Finding]]:
    """One file, and what is wrong with it."""
    loaded = load(read_source(path, data), CalendarFile)
    if loaded.draft is None:
        return None, loaded.findings
    entry = CalendarEntry(loaded.draft, loaded.located)
    return entry, [*loaded.findings, *_wrong_days(entry, path)]


def _days(span: Holiday) -> Iterator[date]:
    for n in range(min((span.end - span.start).days + 1, LONGEST)):
        yield span.start + timedelta(days=n)


def _wrong_days(entry: CalendarEntry, path: str) -> Iterator[Finding]:
    year, located = entry.file.year, entry.located
    name = f"{CALENDAR}{year}.yaml"
    if path != name:
        yield Finding("CALENDAR_FILE_NAME", located.place("year"), facts={"year": year, "name": name})
    named: dict[date, Place] = {}
    for n, span in enumerate(entry.file.holidays):
        place = located.place("holidays", n)
        if not 0 <= (span.end - span.start).days < LONGEST:
            yield Finding("CALENDAR_SPAN", place, facts={"name": span.name, "limit": LONGEST})
        for day in _days(span):
            yield from _wrong_day(day, place, year, named)
    for n, made_up in enumerate(entry.file.workdays):
        place = located.place("workdays", n, "day")
        yield from _wrong_day(made_up.day, place, year, named)
        if made_up.day.weekday() < WEEKDAYS:
            yield Finding("CALENDAR_NOT_MADE_UP", place, facts={"day": made_up.day})


def _wrong_day(day: date, place: Place, year: int, named: dict[date, Place]) -> Iterator[Finding]:
    """A day of another year, or one that is named already."""
    first = named.setdefault(day, place)
    if first is not place:
        yield Finding("CALENDAR_DAY_TWICE", place, facts={"day": day, "first": first})
    if day.year != year:
        yield Finding("CALENDAR_OTHER_YEAR", place, facts={"day": day, "year": year})
