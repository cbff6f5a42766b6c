"""`quanheng log totals|reindex`: how many decisions there were by what they name, and the index that answers it, made again."""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.storage.record_file import LOCK_FILE, RECORD_FILE, take_lock
from adapters.storage.record_index import RecordIndex
from sidecar.cli.log_places import DataOption
from sidecar.cli.log_querying import (
    CallerOption,
    Class,
    Code,
    DecisionOption,
    Item,
    Officer,
    Party,
    Post,
    RuleOption,
    Step,
    Text,
    Unit,
    item_id,
    items_of,
    reader_of,
)
from sidecar.cli.output import FOUND, JsonOption, LangOption, Language, print_error, print_json, print_line
from sidecar.cli.progress import progress_bar
from sidecar.errors import SettingsError
from sidecar.ports.records import TOTALS, Filter, Total
from sidecar.service.counting import RULE, counted

By = StrEnum("By", {name.upper(): name for name in TOTALS})  # type: ignore[misc]  # what the record can be counted by

BY_DAY = By("day")
FromDay = Annotated[str, typer.Option("--since", help="From this day, e.g. 2026-11-01 起（含当日）")]
ToDay = Annotated[str, typer.Option("--until", help="To the end of this day 止（含当日）")]


def totals_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    by: Annotated[By, typer.Option(help="What is counted by 分组")] = BY_DAY,
    since: FromDay = "",
    until: ToDay = "",
    officer: Officer = "",
    post: Post = "",
    unit: Unit = "",
    item: Item = "",
    power_class: Class = "",
    step: Step = "",
    code: Code = "",
    rule: RuleOption = "",
    decision: DecisionOption = None,
    caller: CallerOption = "",
    party: Party = "",
    text: Text = "",
    json: JsonOption = False,
) -> None:
    """How many decisions were allowed and refused, by day, item, unit, officer, …; status 1 when there is none 统计."""
    reader = reader_of(data)
    wanted = Filter(
        officer=officer, post=post, unit=unit, item=item_id(reader, item), items=items_of(data, power_class), step=step,
        code=code, rule=rule, decision=decision or "", caller=caller, party=party, text=text, since_day=day_of(since),
        until_day=day_of(until, end=True),
    )  # fmt: skip
    found = counted(reader, wanted, by.value).lines
    if json:
        print_json([total._asdict() for total in found])
    elif found:
        _show(found, by.value, lang)
    if not found:
        print_error({Language.ZH: "没有符合条件的决定", Language.EN: "no decisions"}[lang])
        raise typer.Exit(FOUND)


def reindex_command(lang: LangOption, data: DataOption = Path("var/data")) -> None:
    """Make the index of the record again, while nothing serves; the record itself is only read 重建索引."""
    reader = reader_of(data)
    lock = take_lock(data / LOCK_FILE)
    try:
        index, last = RecordIndex(data / RECORD_FILE), reader.last_seq()
        index.remove()
        with progress_bar() as bar:
            bar.stage("", last)
            index.follow(bar.at)
        index.close()
    finally:
        os.close(lock)
    print_line({Language.ZH: f"{last} 条记录已编入索引", Language.EN: f"{last} entries indexed"}[lang])


def day_of(text: str, *, end: bool = False) -> str:
    """A day as the record names it; as an end, the day behind it. Raises SettingsError."""
    try:
        return text and (date.fromisoformat(text) + timedelta(days=end)).isoformat()
    except ValueError as fault:
        raise SettingsError("NOT_A_DAY_OF_TOTALS", text=text) from fault


def _show(found: Sequence[Total], by: str, lang: Language) -> None:
    """A table on a terminal, columns between tabs in a pipe; what is counted once an entry has a sum."""
    heads = {Language.ZH: (by, "准许", "拒绝", "合计"), Language.EN: (by, "allowed", "denied", "both")}[lang]
    nothing = {Language.ZH: "（无）", Language.EN: "(none)"}[lang]
    rows = [(t.value or nothing, str(t.allowed), str(t.denied), str(t.allowed + t.denied)) for t in found]
    if by != RULE:
        allowed, denied = sum(t.allowed for t in found), sum(t.denied for t in found)
        whole = {Language.ZH: "合计", Language.EN: "all"}[lang]
        rows.append((whole, str(allowed), str(denied), str(allowed + denied)))
    console = Console()
    if not console.is_terminal:
        for row in (heads, *rows):
            print_line("\t".join(row))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if n else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
