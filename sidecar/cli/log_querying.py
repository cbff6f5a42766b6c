"""`quanheng log query|show|tail`: the record for people. Tables on a terminal, JSON for programs.

Reads the file beside the running sidecar; only durable entries are seen. Every entry shown is held against its leaf hash.
"""

import json as encoder
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from adapters.storage.kept import KeptGrounds
from adapters.storage.kept_items import KeptItems
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from sidecar.cli.log_places import DataOption
from sidecar.cli.output import FOUND, JsonOption, LangOption, Language, print_error, print_json, print_json_line, print_line
from sidecar.cli.showing import ShownEntry, cells, fits_whole, lines_of, table_of
from sidecar.decision_log.entry import KINDS
from sidecar.errors import SettingsError
from sidecar.ports.records import Filter
from sidecar.power_list.vocabulary import POWER_CLASSES
from sidecar.service.inspect import as_shown
from sidecar.settings import TIMEZONE

log_app = typer.Typer(no_args_is_help=True, help="Read the decision log 查阅留痕记录")


class Verdict(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


Kind = StrEnum("Kind", {kind.upper(): kind for kind in KINDS})  # type: ignore[misc]  # as many as there are forms of entries


Officer = Annotated[str, typer.Option(help="人员")]
Item = Annotated[str, typer.Option(help="By id, or by name as the table shows it 事项标识或名称")]
Case = Annotated[str, typer.Option(help="案号")]
Code = Annotated[str, typer.Option(help="代码, e.g. NO_POWER")]
DecisionOption = Annotated[Verdict | None, typer.Option(help="决定")]
KindOption = Annotated[Kind | None, typer.Option(help="记录种类")]
Since = Annotated[str, typer.Option(help="From this moment, e.g. 2026-11-23 or 2026-11-23T08:00 起")]
Until = Annotated[str, typer.Option(help="Before this moment; a day counts whole 止")]

Post = Annotated[str, typer.Option(help="岗位, e.g. approval.window_clerk")]
Unit = Annotated[str, typer.Option(help="The organ of the officer 机关")]
Class = Annotated[str, typer.Option("--class", help="Class of power, e.g. licensing 权力类型")]
Step = Annotated[str, typer.Option(help="环节")]
Party = Annotated[str, typer.Option(help="The party's token, pty-… 当事人化名")]
RuleOption = Annotated[str, typer.Option("--rule", help="A rule that refused, e.g. AL-SEP 规则")]
CallerOption = Annotated[str, typer.Option("--caller", help="调用系统")]
Text = Annotated[str, typer.Option(help="Stands in the item's name, the reason, an article or an outcome's detail 文字")]
JsonLinesOption = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line 每行一条")]

POLL_SECONDS = 0.5


@log_app.command("query")
def query_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    code: Code = "",
    decision: DecisionOption = None,
    since: Since = "",
    until: Until = "",
    kind: KindOption = None,
    post: Post = "",
    unit: Unit = "",
    power_class: Class = "",
    step: Step = "",
    party: Party = "",
    rule: RuleOption = "",
    caller: CallerOption = "",
    text: Text = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many 最多条数")] = 50,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
) -> None:
    """Entries by whatever is named, all of it together, newest last; status 1 when there is none 查询."""
    reader = reader_of(data)
    moments = moment_of(since), moment_of(until, end=True)
    wanted = Filter(
        officer, item_id(reader, item), case, code, decision or "", kind or "", *moments,
        post=post, unit=unit, step=step, party=party, rule=rule, caller=caller, text=text, items=items_of(data, power_class),
    )  # fmt: skip
    entries = [as_shown(entry) for entry in reader.query(wanted, limit=limit)][::-1]
    if jsonl:
        for entry in entries:
            print_json_line(entry)
    elif json:
        print_json(entries)
    else:
        _show_table(_with_names(reader, entries), lang)
    if not entries:
        print_error(_why_none(reader, wanted, lang))
    if _cry(entries, lang) or not entries:
        raise typer.Exit(FOUND)


@log_app.command("show")
def show_command(
    decision_id: Annotated[str, typer.Argument(metavar="DECISION_ID", help="决定编号")],
    lang: LangOption,
    data: DataOption = Path("var/data"),
    json: JsonOption = False,
) -> None:
    """One decision with all it rests on, and its outcome; status 1 when there is none 查看一条决定."""
    reader = reader_of(data)
    stored, outcome = reader.find(decision_id), reader.outcome_of(decision_id)
    if stored is None:
        print_error({Language.ZH: f"没有决定 {decision_id}", Language.EN: f"no decision {decision_id}"}[lang])
        raise typer.Exit(FOUND)
    entry, result = as_shown(stored), as_shown(outcome) if outcome else None
    if json:
        print_json({"entry": entry, "outcome": result})
    else:
        for line in lines_of(entry, result, lang):
            print_line(line)
    if _cry([entry, *([result] if result else [])], lang):
        raise typer.Exit(FOUND)


@log_app.command("tail")
def tail_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    code: Code = "",
    decision: DecisionOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the newest to begin with 先显示条数")] = 10,
    follow: Annotated[bool, typer.Option(help="Wait for new entries 持续")] = True,
    json: JsonOption = False,
) -> None:
    """The newest entries, then each new one as it comes, until Ctrl-C; with --no-follow the newest only 跟踪."""
    reader = reader_of(data)
    wanted = Filter(officer, item_id(reader, item), case, code, decision or "")
    recent = list(reader.query(wanted, limit=lines))[::-1] if lines else []
    last = recent[-1].seq if recent else reader.last_seq()
    while True:
        entries = [as_shown(stored) for stored in recent]
        for entry in entries if json else _with_names(reader, entries):
            print_line(encoder.dumps(entry, ensure_ascii=False) if json else _as_line(entry, lang))
        _cry(entries, lang)
        if not follow:
            return
        time.sleep(POLL_SECONDS)
        recent = list(reader.since(wanted, after=last, limit=1000))
        last = recent[-1].seq if recent else last


_NAMED = {
    "officer": ("人员", "officer"),
    "item": ("事项", "item"),
    "case_id": ("案号", "case"),
    "code": ("代码", "code"),
    "post": ("岗位", "post"),
    "unit": ("机关", "unit"),
    "step": ("环节", "step"),
    "party": ("当事人化名", "party"),
    "rule": ("规则", "rule"),
    "caller": ("调用系统", "caller"),
}


def _why_none(reader: SqliteReader, wanted: Filter, lang: Language) -> str:
    """Nothing fits all that was named; what this log never heard of is said, because it is a misspelling more often than not."""
    given = {field: getattr(wanted, field) for field in _NAMED if getattr(wanted, field)}
    unheard = [field for field, value in given.items() if not reader.query(Filter(**{field: value}), limit=1)]
    told = {Language.ZH: "没有符合条件的记录", Language.EN: "no entries"}[lang]
    if unheard:
        at, joint = (0, "、") if lang is Language.ZH else (1, ", ")
        named = joint.join(f"{_NAMED[field][at]} {given[field]}" for field in unheard)
        told += {Language.ZH: f"；本日志从未出现：{named}", Language.EN: f"; this log never names {named}"}[lang]
    return told


def reader_of(data: Path) -> SqliteReader:
    return SqliteReader(data / RECORD_FILE)


def items_of(data: Path, power_class: str) -> tuple[str, ...]:
    """The items of a class of power in all that decided here. Raises SettingsError where there is none."""
    found = tuple(sorted(KeptItems(KeptGrounds(data)).items_of(power_class))) if power_class else ()
    if power_class and not found:
        raise SettingsError("NO_ITEM_OF_CLASS", power_class=power_class, power_classes=", ".join(POWER_CLASSES))
    return found


def item_id(reader: SqliteReader, given: str) -> str:
    """The id of an item given by its id or by its name."""
    if not given or reader.query(Filter(item=given), limit=1):
        return given
    found = reader.items_named(given)
    if len(found) > 1:
        raise SettingsError("SEVERAL_ITEMS", given=given, found=", ".join(found))
    return found[0] if found else given


def _with_names(reader: SqliteReader, entries: Iterable[ShownEntry]) -> list[ShownEntry]:
    """The report of an outcome holds the id of the item only; people know it by the name its decision holds."""
    return [entry | {"item_name": _item_name(reader, entry)} if entry.get("kind") == "outcome" else entry for entry in entries]


def _item_name(reader: SqliteReader, outcome: ShownEntry) -> str:
    decision = reader.find(outcome.get("decision_id", ""))
    name: str = as_shown(decision).get("item_name", "") if decision else ""
    return name


def moment_of(text: str, *, end: bool = False) -> int | None:
    """Milliseconds since the epoch; a bare day as an end means the whole of it. Without an offset: of the default time zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise SettingsError("NOT_A_MOMENT", text=text) from fault
    if end and len(text) == len("2026-11-23"):
        moment += timedelta(days=1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(TIMEZONE))
    return int(moment.timestamp() * 1000)


def _show_table(entries: list[ShownEntry], lang: Language) -> None:
    console = Console()
    if not console.is_terminal:
        for entry in entries:
            print_line("\t".join(cells(entry, lang)))
        return
    if entries:
        console.print(table_of(entries, lang, console.width))
    if entries and not fits_whole(console.width):
        print_line(
            {
                Language.ZH: "终端较窄，未列出处和决定编号；更宽的终端或 --json 可见",
                Language.EN: "narrow terminal: sources and decision ids are left out; a wider one or --json shows them",
            }[lang]
        )


def _as_line(entry: dict[str, Any], lang: Language) -> str:
    return "  ".join(cell for cell in cells(entry, lang) if cell)


def _cry(entries: Iterable[ShownEntry], lang: Language) -> bool:
    """Say loudly which entries are not the ones that were recorded."""
    altered = [entry["seq"] for entry in entries if "altered" in entry]
    told = {
        Language.ZH: "警告！第 {seq} 号记录与其叶哈希不符，已被篡改——请封存记录目录，并立即报告安全管理人员",
        Language.EN: "WARNING! entry {seq} does not match its leaf hash: it was altered — secure the data folder and report it",
    }
    for seq in altered:
        print_error(told[lang].format(seq=seq))
    return bool(altered)
