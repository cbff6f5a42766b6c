"""`quanheng log export`: entries in a file other tools read, one after the other, whole or not at all."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from adapters.storage.record_reader import SqliteReader
from sidecar.cli.log_asking import FromDay, ToDay, day_of
from sidecar.cli.log_places import DataOption
from sidecar.cli.log_querying import Item, Unit, item_id, reader_of
from sidecar.cli.output import FOUND, LangOption, Language, print_error, print_line
from sidecar.cli.progress import Bar, progress_bar
from sidecar.decision_log.adl import adl_record
from sidecar.decision_log.events import LOG_ID
from sidecar.decision_log.export import COLUMNS, cells_of, line_of
from sidecar.errors import SettingsError
from sidecar.ports.records import Filter, portions
from sidecar.service.inspect import as_shown

PORTION = 500  # entries that are in memory at once
Entries = Iterator[dict[str, Any]]
Writer = Callable[[IO[bytes], Entries, str], int]


class Form(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    ADL = "adl"
    PARQUET = "parquet"


def export_command(
    to: Annotated[Path, typer.Option("--to", help="The file; it must not exist 输出文件，不得已存在")],
    lang: LangOption,
    data: DataOption = Path("var/data"),
    form: Annotated[
        Form,
        typer.Option(
            help="jsonl: entries; csv, parquet (an extra): a row a decision 每个决定一行; adl: Authorization Decision Log 格式"
        ),
    ] = Form.JSONL,
    since: FromDay = "",
    until: ToDay = "",
    unit: Unit = "",
    item: Item = "",
) -> None:
    """Entries of a period as a file, oldest first; status 1 when one of them was altered 导出."""
    if to.exists():
        raise SettingsError("EXPORT_EXISTS", to=to)
    write = writer_of(form)
    kind = "" if form is Form.JSONL else "decision"
    reader = reader_of(data)
    first, behind = day_of(since), day_of(until, end=True)
    wanted = Filter(unit=unit, item=item_id(reader, item), kind=kind, since_day=first, until_day=behind)
    draft = to.with_name(f".{to.name}.{os.getpid()}.part")
    altered: list[int] = []
    if not to.parent.is_dir():
        raise SettingsError("EXPORT_NOWHERE", to=to, folder=to.parent)
    try:
        with draft.open("xb") as stream:
            draft.chmod(0o600)
            with progress_bar() as bar:
                count = write(stream, _entries(reader, wanted, bar, altered), _origin(reader))
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    print_line({Language.ZH: f"{count} 条记录已写入 {to}", Language.EN: f"{count} entries written to {to}"}[lang])
    if altered:
        seqs = ", ".join(map(str, altered[:20]))
        told = {
            Language.ZH: f"警告！以下记录与叶哈希不符，已被篡改，未导出：{seqs}",
            Language.EN: f"WARNING! altered entries were left out: {seqs}",
        }
        print_error(told[lang])
        raise typer.Exit(FOUND)


def _entries(reader: SqliteReader, wanted: Filter, bar: Bar, altered: list[int]) -> Entries:
    """What fits, as it is recorded now; entries that come meanwhile are not waited for."""
    last = reader.last_seq()
    bar.stage("", last)
    for portion in portions(reader, wanted, PORTION):
        for stored in portion:
            if stored.seq > last:
                return
            entry = as_shown(stored)
            if "altered" in entry:
                altered.append(stored.seq)
            else:
                yield entry
        bar.at(portion[-1].seq)


def _origin(reader: SqliteReader) -> str:
    """The log's name, where it has one."""
    stored = reader.event("log", LOG_ID)
    return str(as_shown(stored).get("origin", "")) if stored else ""


def writer_of(form: Form) -> Writer:
    """Writes entries to a stream and tells how many there were. Raises SettingsError where the extra it needs is absent."""
    if form is not Form.PARQUET:
        return partial(_write_text, *_TEXTS[form])
    from adapters.parquet import writer  # noqa: PLC0415 - an extra

    return writer()


def _write_text(
    encoding: str, write: Callable[[IO[str], Entries, str], int], stream: IO[bytes], entries: Entries, origin: str
) -> int:
    text = io.TextIOWrapper(stream, encoding, newline="")
    try:
        return write(text, entries, origin)
    finally:
        text.detach()  # writes what is left; the stream stays open to be synced


def _write_lines(stream: IO[str], entries: Entries, _: str) -> int:
    count = 0
    for count, entry in enumerate(entries, 1):  # noqa: B007 - what is left is how many there were
        stream.write(line_of(entry) + "\n")
    return count


def _write_rows(stream: IO[str], entries: Entries, _: str) -> int:
    """RFC 4180, with the mark by which spreadsheets know UTF-8."""
    writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    count = 0
    for count, entry in enumerate(entries, 1):  # noqa: B007
        writer.writerow(cells_of(entry))
    return count


def _write_adl(stream: IO[str], entries: Entries, origin: str) -> int:
    return _write_lines(stream, (adl_record(entry, origin) for entry in entries), origin)


_TEXTS: dict[Form, tuple[str, Callable[[IO[str], Entries, str], int]]] = {
    Form.JSONL: ("utf-8", _write_lines),
    Form.CSV: ("utf-8-sig", _write_rows),
    Form.ADL: ("utf-8", _write_adl),
}
