"""`quanheng calendar`: the working days of a year, shown from a policy folder, or filled from the published holidays."""

from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.policy_folder import PolicyFolder, write_files
from sidecar.cli.output import FOUND, JsonOption, LangOption, Language, print_json, print_line
from sidecar.errors import PolicyError
from sidecar.power_list.policy_set import is_calendar, read_calendars
from sidecar.timekeeping.calendar import Calendar, CalendarYear

calendar_app = typer.Typer(no_args_is_help=True, help="Working days of a year 工作日历")

Year = Annotated[int, typer.Argument(metavar="YEAR", min=1950, max=9998, help="年份")]
MONTHS = range(1, 13)

_WORDS = {
    Language.ZH: {
        "title": "{year} 年：{total} 个工作日（{source}）",
        "month": "  {month:>2} 月 {n:>2}",
        "holiday": "  {name}：{first} 至 {last}",
        "made_up": "  调休上班：{days}",
        "missing": "没有 {year} 年的日历；周一至周五都按工作日计算。请运行：quanheng calendar fill {year}",
    },
    Language.EN: {
        "title": "{year}: {total} working days ({source})",
        "month": "  {year}-{month:02} {n:>2}",
        "holiday": "  {name}: {first} to {last}",
        "made_up": "  worked at weekends: {days}",
        "missing": "no calendar of {year}; Monday to Friday count as working days. Run: quanheng calendar fill {year}",
    },
}


@calendar_app.callback()
def calendar_family() -> None:
    """Working days of a year 工作日历."""


@calendar_app.command("show")
def show_command(
    year: Year,
    lang: LangOption,
    policies: Annotated[Path, typer.Option(help="Policy folder 策略目录")] = Path("policies"),
    json: JsonOption = False,
) -> None:
    """Show the holidays, the make-up days and the working days of each month 显示工作日."""
    sources = PolicyFolder(policies).sources()
    known, findings = read_calendars({path: data for path, data in sources.items() if is_calendar(path)})
    if findings:
        raise PolicyError("CALENDARS_MISTAKEN", policies=policies)
    entry = known.get(year)
    if entry is None:
        print_json({"year": year, "known": False}) if json else print_line(_WORDS[lang]["missing"].format(year=year))
        raise typer.Exit(FOUND)
    counts = _months(Calendar({year: entry.year}), year)
    if json:
        facts = {"year": year, "known": True, "source": entry.year.source, "workdays": sum(counts), "months": counts}
        print_json({**facts, "holidays": entry.year.holidays, "made_up": entry.year.workdays})
    else:
        _show(year, entry.year, [(span.name, span.start, span.end) for span in entry.file.holidays], counts, lang)


def _show(year: int, days: CalendarYear, holidays: list[tuple[str, date, date]], counts: list[int], lang: Language) -> None:
    words = _WORDS[lang]
    print_line(words["title"].format(year=year, total=sum(counts), source=days.source))
    for name, first, last in holidays:
        print_line(words["holiday"].format(name=name, first=first, last=last))
    if days.workdays:
        print_line(words["made_up"].format(days=", ".join(days.workdays)))
    for month, n in zip(MONTHS, counts, strict=True):
        print_line(words["month"].format(year=year, month=month, n=n))


def _months(calendar: Calendar, year: int) -> list[int]:
    ends = [date(year, month, monthrange(year, month)[1]) for month in MONTHS]
    return [calendar.workdays(end.replace(day=1), date.fromordinal(end.toordinal() + 1)) for end in ends]


@calendar_app.command("fill")
def fill_command(
    year: Year,
    out: Annotated[Path, typer.Option(help="Folder of the calendars 输出目录")] = Path("policies/calendar"),
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what stands there 覆盖")] = False,
) -> None:
    """Write YEAR.yaml from the published holidays, to be compared with the notice 按公布的节假日生成日历."""
    from adapters.importers.holidays import calendar_yaml  # noqa: PLC0415 - its library is an extra

    target = out / f"{year}.yaml"
    if target.exists() and not replace:
        raise PolicyError("CALENDAR_EXISTS", target=target)
    write_files(out, {target.name: calendar_yaml(year).encode()})
    print_line(f"{target}")
