"""`quanheng log retain`: what has been kept long enough, and what must still be kept, until when and why."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from adapters.storage.kept import KeptGrounds
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from sidecar.cli.log_places import CommandClock, DataOption
from sidecar.cli.output import JsonOption, LangOption, Language, print_json, print_line
from sidecar.decision_log.retention import Retention, Why
from sidecar.errors import SettingsError
from sidecar.ports.records import Filter, RecordReader, portions
from sidecar.service.record_rules import read_record_rules_file
from sidecar.service.retaining import Kept, standing_of

RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", envvar="QUANHENG_RECORD_RULES", help="Rules of the record; else six months 留痕规则文件"),
]
_SAID = {
    Why.DUE: ("已满保存期限", "kept long enough"),
    Why.NOT_DUE: ("未满保存期限", "not kept long enough"),
    Why.HELD: ("因诉讼或审查须留存", "held"),
    Why.OPEN: ("案件未办结", "the case is not said to be over"),
}


def retain_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    rules: RulesOption = None,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="As of this day, else today 截至日期")] = "",
    limit: Annotated[int, typer.Option(min=0, help="How many to list 列出条数")] = 50,
    json: JsonOption = False,
) -> None:
    """What has been kept as long as it must be, what not, until when and why; nothing is changed 保存期限."""
    retention, today = retention_of(data, rules), _day(on)
    reader = SqliteReader(data / RECORD_FILE)
    found = sorted(standing_of(entries_of(reader), retention, today), key=lambda kept: (kept.judged.until, kept.first))
    counts = Counter[Why]()
    for kept in found:
        counts[kept.judged.why] += kept.entries
    if json:
        print_json(
            {"on": today.isoformat(), "entries": {why: counts[why] for why in Why}, "kept": [_told(k) for k in found[:limit]]}
        )
        return
    for why in Why:
        print_line(f"{_SAID[why][0 if lang is Language.ZH else 1]}\t{counts[why]}")
    for kept in found[:limit]:
        said = _SAID[kept.judged.why][0 if lang is Language.ZH else 1]
        name = kept.case_id or f"({', '.join(kept.items) or '-'}, {kept.last_day})"
        print_line(f"{kept.judged.until}\t{name}\t{kept.entries}\t{said}\t{_rule(kept, lang)}")


def retention_of(data: Path, rules: Path | None) -> Retention:
    """The rules of the record, and what the power list says in every version that served here. Raises SettingsError,
    NotKeptError."""
    return read_record_rules_file(rules).retention._replace(listed=KeptGrounds(data).retention())


def _rule(kept: Kept, lang: Language) -> str:
    """Which rule decides: its basis, and where it was written down."""
    nowhere = "无规则，按法定最低期限" if lang is Language.ZH else "no rule, the least there is"
    return f"{kept.judged.basis} ({kept.judged.source or nowhere})"


def entries_of(reader: RecordReader) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and fields of every entry that is there, in the order of the log."""
    for portion in portions(reader, Filter()):
        yield from ((stored.seq, msgspec.json.decode(stored.body)) for stored in portion)


def _told(kept: Kept) -> dict[str, Any]:
    """One case for programs."""
    why, until, basis, source = kept.judged
    where = {"case": kept.case_id, "items": kept.items, "entries": kept.entries, "first": kept.first, "last": kept.last}
    days = {"last_day": kept.last_day.isoformat(), "why": why, "until": until.isoformat()}
    return {**where, **days, "basis": basis, "source": source}


def _day(text: str) -> date:
    if not text:
        return CommandClock().now().date()
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise SettingsError("NOT_A_DAY_OF_TOTALS", text=text) from fault
