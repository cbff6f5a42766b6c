"""`quanheng log query|show|tail`: the record for people. Tables on a terminal, JSON for programs.

Reads the file beside the running sidecar; only durable entries are seen.
"""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from adapters.storage.sqlite import RECORD_FILE, SqliteReader
from sidecar.cli.output import FOUND, JsonOption, LangOption, Language, print_json, print_line
from sidecar.errors import SettingsError
from sidecar.ports.records import Filter
from sidecar.service.inspect import as_shown

log_app = typer.Typer(no_args_is_help=True, help="Read the decision log 查阅留痕记录")

DataOption = Annotated[Path, typer.Option("--data", envvar="QUANHENG_DATA", help="Folder of the record 记录目录")]
Officer = Annotated[str, typer.Option(help="人员")]
Item = Annotated[str, typer.Option(help="事项")]
Case = Annotated[str, typer.Option(help="案号")]
Code = Annotated[str, typer.Option(help="代码, e.g. NO_POWER")]
DecisionOption = Annotated[str, typer.Option(help="allow | deny")]
Since = Annotated[str, typer.Option(help="From this moment, e.g. 2026-11-23 or 2026-11-23T08:00 起")]
Until = Annotated[str, typer.Option(help="Before this moment; a day counts whole 止")]

POLL_SECONDS = 0.5


@log_app.command("query")
def query_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    code: Code = "",
    decision: DecisionOption = "",
    since: Since = "",
    until: Until = "",
    kind: Annotated[str, typer.Option(help="decision | outcome | log_read")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: JsonOption = False,
) -> None:
    """Entries by officer, item, case, code, time or decision, newest last 查询."""
    wanted = Filter(officer, item, case, code, decision, kind, _moment(since), _moment(until, end=True))
    entries = [as_shown(entry) for entry in _reader(data).query(wanted, limit=limit)][::-1]
    if json:
        print_json(entries)
    else:
        _show_table(entries, lang)
    if not entries:
        raise typer.Exit(FOUND)


@log_app.command("show")
def show_command(
    decision_id: Annotated[str, typer.Argument(help="决定编号")],
    lang: LangOption,
    data: DataOption = Path("var/data"),
    json: JsonOption = False,
) -> None:
    """One decision with all it rests on, and its outcome 查看一条决定."""
    reader = _reader(data)
    stored, outcome = reader.find(decision_id), reader.outcome_of(decision_id)
    if stored is None:
        print_line({Language.ZH: f"没有决定 {decision_id}", Language.EN: f"no decision {decision_id}"}[lang])
        raise typer.Exit(FOUND)
    entry, result = as_shown(stored), as_shown(outcome) if outcome else None
    if json:
        print_json({"entry": entry, "outcome": result})
    else:
        _show_entry(entry, result, lang)


@log_app.command("tail")
def tail_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    code: Code = "",
    decision: DecisionOption = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=0)] = 10,
    follow: Annotated[bool, typer.Option(help="Wait for new entries 持续")] = True,
    json: JsonOption = False,
) -> None:
    """The newest entries, and new ones as they come 跟踪."""
    reader = _reader(data)
    wanted = Filter(officer, item, case, code, decision)
    recent = list(reader.query(wanted, limit=lines))[::-1] if lines else []
    last = recent[-1].seq if recent else reader.last_seq()
    while True:
        for stored in recent:
            entry = as_shown(stored)
            last = stored.seq
            print_line(_as_line(entry, lang) if not json else _compact(entry))
        if not follow:
            return
        time.sleep(POLL_SECONDS)
        recent = list(reader.since(wanted, after=last, limit=1000))


def _reader(data: Path) -> SqliteReader:
    return SqliteReader(data / RECORD_FILE)


def _moment(text: str, *, end: bool = False) -> int | None:
    """Milliseconds since the epoch; a bare day as an end means the whole of it. Without an offset: Asia/Shanghai."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise SettingsError(f"{text!r} is not a moment", "write 2026-11-23 or 2026-11-23T08:00") from fault
    if end and len(text) == len("2026-11-23"):
        moment += timedelta(days=1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(moment.timestamp() * 1000)


_COLUMNS = {
    Language.ZH: ("时间", "人员", "事项", "环节", "案号", "决定", "代码", "来源"),
    Language.EN: ("time", "officer", "item", "step", "case", "decision", "code", "source"),
}
_VERDICTS = {Language.ZH: {"allow": "准许", "deny": "拒绝"}, Language.EN: {"allow": "allow", "deny": "deny"}}
_KINDS = {
    Language.ZH: {"outcome": "结果", "log_read": "查阅"},
    Language.EN: {"outcome": "outcome", "log_read": "read"},
}


def _cells(entry: dict[str, Any], lang: Language) -> tuple[str, ...]:
    verdict = _VERDICTS[lang].get(entry.get("decision", ""), _KINDS[lang].get(entry["kind"], ""))
    code = entry.get("code") or entry.get("result") or entry.get("query", {}).get("what", "")
    item = entry.get("item_name") or entry.get("item", "")
    officer = entry.get("subject", {}).get("person", "") or entry.get("caller", "")
    step = entry.get("action", {}).get("step", "")
    return entry["time"][:19], officer, item, step, entry.get("case_id", ""), verdict, code, ", ".join(entry.get("sources", []))


def _show_table(entries: list[dict[str, Any]], lang: Language) -> None:
    console = Console()
    if not console.is_terminal:
        for entry in entries:
            print_line("\t".join(_cells(entry, lang)))
        return
    table = Table()
    for name in _COLUMNS[lang]:
        table.add_column(name, overflow="fold")
    for entry in entries:
        style = {"deny": "red", "allow": "green"}.get(entry.get("decision", ""), "")
        table.add_row(*(_plain(cell) for cell in _cells(entry, lang)), style=style)
    console.print(table)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _as_line(entry: dict[str, Any], lang: Language) -> str:
    return "  ".join(cell for cell in _cells(entry, lang) if cell)


def _compact(entry: dict[str, Any]) -> str:
    import json as encoder  # noqa: PLC0415 - the option of the commands bears the module's name

    return encoder.dumps(entry, ensure_ascii=False)


_LABELS = {
    Language.ZH: {
        "decision_id": "决定编号",
        "seq": "序号",
        "time": "时间",
        "caller": "调用系统",
        "channel": "渠道",
        "officer": "人员",
        "post": "岗位",
        "case": "案号",
        "item": "事项",
        "step": "环节",
        "decision": "决定",
        "code": "代码",
        "reason": "理由",
        "basis": "依据",
        "ground": "理由项",
        "rows": "策略行",
        "sources": "出处",
        "officers": "会签人员",
        "obligations": "附随义务",
        "policy": "策略摘要",
        "outcome": "办理结果",
        "leaf": "叶哈希",
        "party": "当事人（化名）",
    },
    Language.EN: {},
}


def _show_entry(entry: dict[str, Any], outcome: dict[str, Any] | None, lang: Language) -> None:
    subject, action = entry["subject"], entry["action"]
    rows = [
        ("decision_id", entry["decision_id"]),
        ("seq", entry["seq"]),
        ("time", f"{entry['time']} ({entry['time_source']})"),
        ("caller", entry["caller"]),
        ("channel", entry["channel"]),
        ("officer", subject["person"]),
        ("post", subject["acting_post"]),
        ("party", entry["party_token"]),
        ("case", f"{entry['case_id']} v{entry['case_version']}"),
        ("item", f"{entry['item_name']} ({entry['item']} v{entry['item_version']})"),
        ("step", action["step"]),
        ("decision", _VERDICTS[lang][entry["decision"]]),
        ("code", entry["code"]),
        ("reason", entry["reason"][lang.value]),
        ("basis", "；".join(entry["basis"])),
        ("rows", ", ".join(entry["rows"])),
        ("sources", ", ".join(entry["sources"])),
        ("officers", ", ".join(entry["officers"])),
        ("obligations", ", ".join(f"{o['kind']} {o['arg']}" for o in entry["obligations"])),
        *(("ground", f"{g['code']} {g['rule']} {g['basis']} [{g['source']}]") for g in entry["grounds"]),
        ("policy", entry["policy_digest"]),
        ("leaf", entry["leaf"]),
        ("outcome", f"{outcome['result']} {outcome['detail']}" if outcome else "-"),
    ]
    for name, value in rows:
        if value not in ("", "-"):
            print_line(f"{_LABELS[lang].get(name, name)}: {value}")
