"""The State Council's holidays of a year, from the tables of `chinesecalendar` (an extra, imported when it is asked for).

The library repeats the yearly notice; its number and any later change are for the maintainer to compare, and the file says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from importlib import import_module
from importlib.metadata import version
from typing import Any

from sidecar.errors import SettingsError

LIBRARY = "chinesecalendar"

_HEADER = """\
# {year} 年放假和调休，由 quanheng calendar fill {year} 依 {library} 生成。
# 使用前请与国务院办公厅当年的通知核对；通知有变即改本文件。
# Days off and make-up days of {year}, written by `quanheng calendar fill {year}`: compare them with the notice before use.
"""


def calendar_yaml(year: int) -> str:
    """The text of `calendar/<year>.yaml`. Raises SettingsError without the library, or where it does not know the year."""
    tables = _tables()
    holidays = {day: _chinese(name) for day, name in tables.holidays.items() if day.year == year}
    workdays = {day: _chinese(name) for day, name in tables.workdays.items() if day.year == year}
    library = f"{LIBRARY} {version(LIBRARY)}"
    if not holidays:
        known = sorted({day.year for day in tables.holidays})
        f"it knows {known[0]} to {known[-1]}; a newer one follows the yearly notice: pip install -U {LIBRARY}"
        raise SettingsError("HOLIDAYS_UNKNOWN", library=library, year=year, known=known[0], known2=known[-1], library2=LIBRARY)
    lines = [f"year: {year}", f"source: 国务院办公厅关于{year}年部分节假日安排的通知（经 {library}）", "holidays:"]
    lines += [f"  - {{name: {name}, from: {first}, to: {last}}}" for name, first, last in _spans(holidays)]
    lines += ["workdays:"] if workdays else []
    lines += [f"  - {{name: {name}, day: {day}}}" for day, name in sorted(workdays.items())]
    return _HEADER.format(year=year, library=library) + "\n".join(lines) + "\n"


def _tables() -> Any:
    try:
        return import_module("chinese_calendar.constants")
    except ImportError as fault:
        raise SettingsError("HOLIDAYS_NOT_INSTALLED", library=LIBRARY) from fault


def _chinese(name: str) -> str:
    """The tables name a holiday in English; the enumeration beside them has its Chinese name."""
    found: str = next(holiday.chinese for holiday in _tables().Holiday if holiday.value == name)
    return found


def _spans(days: Mapping[date, str]) -> Iterator[tuple[str, date, date]]:
    """Days of one holiday without a break: its name, first and last day."""
    for run in _runs(sorted(days.items())):
        yield run[0][1], run[0][0], run[-1][0]


def _runs(days: Iterable[tuple[date, str]]) -> Iterator[list[tuple[date, str]]]:
    run: list[tuple[date, str]] = []
    for day, name in days:
        if run and (name != run[-1][1] or day - run[-1][0] != timedelta(days=1)):
            yield run
            run = []
        run.append((day, name))
    if run:
        yield run
