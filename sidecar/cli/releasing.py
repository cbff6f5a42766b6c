"""`quanheng log release`: what was kept long enough leaves the record, to a file that proves it, and the log tells of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.releasing import Done, release
from adapters.verifier.command import held_of, key_of
from sidecar.cli.log_places import CommandClock, DataOption, HeadOption, KeysOption, places
from sidecar.cli.log_proving import Held, Printed, Witnesses
from sidecar.cli.output import JsonOption, LangOption, Language, print_json, print_line
from sidecar.cli.personal_data import BasisOption, refuse_blank
from sidecar.cli.retaining import RulesOption, entries_of, retention_of
from sidecar.decision_log.notes import NoteError
from sidecar.decision_log.sheet import SheetError, read_root
from sidecar.decision_log.verifier import Trust
from sidecar.errors import SettingsError
from sidecar.ports.records import RecordReader
from sidecar.service.retaining import releasable, standing_of


def release_command(
    lang: LangOption,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="New file for the entries that leave 移出记录的新文件")],
    basis: BasisOption,
    data: DataOption = Path("var/data"),
    keys: KeysOption = None,
    head: HeadOption = None,
    rules: RulesOption = None,
    witness: Witnesses = None,
    quorum: Annotated[int, typer.Option(min=0, help="Only what so many of the witnesses cosigned 见证数量")] = 0,
    held: Held = None,
    printed: Printed = None,
    shrink: Annotated[bool, typer.Option(help="Make the record's file smaller behind it 收缩记录文件")] = True,
    json: JsonOption = False,
) -> None:
    """Release what was kept long enough to a file, while the sidecar is stopped; proofs stand 期满移出."""
    refuse_blank(basis)
    clock, retention = CommandClock(), retention_of(data, rules)
    today = clock.now().date()

    def due(reader: RecordReader, size: int) -> Sequence[int]:
        found = releasable(standing_of(entries_of(reader), retention, today), size, today)
        return sorted(number for kept in found for number in kept.numbers)

    trust = _trust(witness or (), quorum, held or (), printed or ())
    done = release(places(data, keys, head), clock, due, to, basis, trust=trust, shrink=shrink)
    if json:
        print_json({**done._asdict(), "to": str(to)})
        return
    print_line(_told(done, to, lang))


def _trust(witnesses: Sequence[str], quorum: int, held: Sequence[Path], printed: Sequence[str]) -> Trust:
    """What whoever releases brings along. Raises SettingsError."""
    try:
        keys = [key_of(text) for text in witnesses]
    except NoteError as fault:
        raise SettingsError("NOT_A_WITNESS", fault=fault) from fault
    try:
        kept, roots = [held_of(path) for path in held], [read_root(text) for text in printed]
    except (NoteError, SheetError, OSError) as fault:
        raise SettingsError("HELD_UNREADABLE", fault=fault) from fault
    return Trust(held=kept, printed=roots, witnesses=keys, quorum=quorum)


def _told(done: Done, to: Path, lang: Language) -> str:
    zh = lang is Language.ZH
    if not done.entries:
        return "没有可移出的记录（见 quanheng log retain）" if zh else "nothing may be released yet (see: quanheng log retain)"
    if zh:
        told = f"第 {done.first} 至 {done.last} 条中的 {done.entries} 条已移出到 {to}（{done.file}）；日志与证明不变。"
        return told + _size(done, lang)
    return (
        f"{done.entries} of the entries {done.first} to {done.last} were released to {to} ({done.file}); log and proofs stand. "
        f"{_size(done, lang)} Keep the file where it cannot be lost, or destroy it as the law asks"
    )


def _size(done: Done, lang: Language) -> str:
    zh = lang is Language.ZH
    if done.freed is None:
        return "记录文件未收缩。" if zh else "The record's file is as large as it was."
    freed = f"{done.freed / 1e6:,.1f} MB"
    return f"记录文件缩小了 {freed}。" if zh else f"The record's file is {freed} smaller."
