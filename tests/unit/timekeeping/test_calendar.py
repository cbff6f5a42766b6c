"""Calendars: days known by heart, the tables of a library that somebody else keeps, and every mistake a file can have."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.holidays import calendar_yaml
from sidecar.compiler.compile import check
from sidecar.errors import SettingsError
from sidecar.power_list.findings import Finding
from sidecar.power_list.policy_set import read_calendars
from sidecar.timekeeping.calendar import Calendar
from tests.samples import CALENDAR, changed, compiled, policy_files
from tests.unit.timekeeping.years import ENTRIES, FILES, SHIPPED

DAY = timedelta(days=1)

# day: (is it worked, the holiday that gives it off)
KNOWN = {
    "2024-02-09": (True, ""),  # 除夕 of 2024 was no day off
    "2024-02-12": (False, "春节"),
    "2024-02-18": (True, ""),  # a Sunday, made up
    "2024-05-11": (True, ""),
    "2024-09-14": (True, ""),
    "2025-01-26": (True, ""),
    "2025-01-28": (False, "春节"),
    "2025-10-06": (False, "中秋"),
    "2025-10-08": (False, "国庆节"),
    "2025-10-11": (True, ""),
    "2025-10-12": (False, ""),
    "2026-01-02": (False, "元旦"),
    "2026-01-04": (True, ""),
    "2026-02-14": (True, ""),
    "2026-02-23": (False, "春节"),
    "2026-02-24": (True, ""),
    "2026-09-25": (False, "中秋"),
    "2026-11-25": (True, ""),
}


@pytest.mark.parametrize("text", KNOWN)
def test_days_known_by_heart(text: str) -> None:
    """Holidays and make-up days of the three shipped years."""
    day = date.fromisoformat(text)
    assert (SHIPPED.is_workday(day), SHIPPED.holiday(day)) == KNOWN[text]


def test_the_shipped_years_are_those_of_the_library() -> None:
    """Every day of 2024 to 2026, against tables that somebody else keeps."""
    assert sorted(ENTRIES) == [2024, 2025, 2026]
    day = date(2024, 1, 1)
    while day < date(2027, 1, 1):
        assert SHIPPED.is_workday(day) == chinese_calendar.is_workday(day), day
        day += DAY


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_working_days_of_a_year(year: int, days: int) -> None:
    """As calendars print them."""
    assert SHIPPED.workdays(date(year, 1, 1), date(year + 1, 1, 1)) == days


_DAYS = st.dates(date(2023, 6, 1), date(2027, 6, 30))


@given(_DAYS, _DAYS)
def test_working_days_between_are_those_one_counts(first: date, last: date) -> None:
    """Half-open, and negative backwards."""
    low, high = sorted((first, last))
    counted = sum(SHIPPED.is_workday(low + n * DAY) for n in range((high - low).days))
    assert SHIPPED.workdays(first, last) == (counted if first <= last else -counted)


@given(_DAYS, st.integers(1, 400))
def test_the_nth_working_day_is_the_nth(day: date, n: int) -> None:
    """It is worked, and there are n of them on the way to it."""
    found = SHIPPED.add_workdays(day, n)
    assert SHIPPED.is_workday(found)
    assert SHIPPED.workdays(day + DAY, found + DAY) == n
    assert SHIPPED.from_workday(found) == found


@given(_DAYS)
def test_an_unknown_year_falls_back_to_weekdays(day: date) -> None:
    """Monday to Friday."""
    assert Calendar().is_workday(day) == (day.weekday() < 5)


def test_filling_a_year_gives_what_is_shipped() -> None:
    """But for the version of the library in the text, which may be newer."""
    for year, entry in ENTRIES.items():
        again, findings = read_calendars({f"calendar/{year}.yaml": calendar_yaml(year).encode()})
        assert findings == []
        assert (again[year].file.holidays, again[year].file.workdays) == (entry.file.holidays, entry.file.workdays)


def test_a_year_the_library_does_not_know_is_said() -> None:
    """The notice comes in November, the library follows."""
    with pytest.raises(SettingsError, match="2003"):
        calendar_yaml(2003)


# what is replaced, by what, code, text at the place
MISTAKES = {
    "another name": ("year: 2026", "year: 2025", "CALENDAR_FILE_NAME", "2025"),
    "a day of another year": ("from: 2026-01-01", "from: 2025-12-31", "CALENDAR_OTHER_YEAR", "{name: 元旦, from"),
    "a make-up day of another year": ("day: 2026-01-04", "day: 2027-01-03", "CALENDAR_OTHER_YEAR", "2027-01-03"),
    "backwards": ("to: 2026-01-03", "to: 2025-12-30", "CALENDAR_SPAN", "{name: 元旦, from"),
    "too long": ("to: 2026-01-03", "to: 2026-03-03", "CALENDAR_SPAN", "{name: 元旦, from"),
    "off and worked": ("day: 2026-01-04", "day: 2026-01-03", "CALENDAR_DAY_TWICE", "2026-01-03"),
    "a weekday made up": ("day: 2026-01-04", "day: 2026-01-05", "CALENDAR_NOT_MADE_UP", "2026-01-05"),
    "no source": ("source: 国务院办公厅通知\n", "", "MISSING_KEY", "year"),
    "no day": ("day: 2026-01-04", "day: 2026-02-30", "NOT_A_DAY", "2026-02-30"),
    "unknown key": ("workdays:", "worked:", "UNKNOWN_KEY", "worked"),
    "no holiday": ("  - {name: 元旦, from: 2026-01-01, to: 2026-01-03}\n", "  []\n", "EMPTY_LIST", "[]"),
}


def findings(text: str) -> list[Finding]:
    return check(policy_files() | {"calendar/2026.yaml": text.encode()}).findings


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_calendar_is_named_at_its_place(name: str) -> None:
    """Read with positions like every other file, and both sentences say what to write."""
    old, new, code, text = MISTAKES[name]
    spoilt = changed(old, new, CALENDAR)
    (finding,) = {f.place: f for f in findings(spoilt) if f.code == code}.values()
    assert finding.place.file == "calendar/2026.yaml"
    assert spoilt.splitlines()[finding.place.line - 1][finding.place.column - 1 :].startswith(text)
    assert all("—" in sentence for sentence in finding.sentence)


def test_a_good_calendar_has_none() -> None:
    """In Chinese keys too."""
    assert findings(CALENDAR) == findings(CALENDAR.replace("holidays:", "放假:").replace("name: 元旦, day", "名称: 元旦, 日期"))
    assert not any(finding.place.file.startswith("calendar/") for finding in findings(CALENDAR))


def test_a_year_written_twice_is_said() -> None:
    """Two files about one year."""
    files = {"calendar/2026.yaml": CALENDAR.encode(), "calendar/2027.yaml": CALENDAR.encode()}
    assert {finding.code for finding in read_calendars(files)[1]} == {"CALENDAR_FILE_NAME", "DUPLICATE_ID"}


def test_the_manifest_carries_the_calendar_and_its_digest_covers_it() -> None:
    """A decision needs no file; another calendar is another policy."""
    one = compiled(policy_files() | FILES).manifest
    assert one.calendar["2026"].workdays["2026-01-04"] == "元旦"
    other = compiled(policy_files() | {"calendar/2026.yaml": CALENDAR.encode()}).manifest
    assert other.digest != one.digest
    assert Calendar({int(year): days for year, days in one.calendar.items()}).is_workday(date(2026, 10, 10))
