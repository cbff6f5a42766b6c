"""`quanheng replay events`: what would have been refused in a system that is not connected yet."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer

from adapters.importers.event_log.mapping import Mapped, read_mapping, refuse_unknown_names
from adapters.importers.event_log.opening import open_log
from adapters.importers.event_log.replaying import Judged, replay_log
from adapters.importers.event_log.rules import compile_rules
from adapters.importers.event_log.sentences import Notice
from adapters.storage.policy_folder import PolicyFolder, shipped_law, shipped_model
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, print_json
from sidecar.cli.progress import Bar, progress_bar
from sidecar.cli.replay_findings import FindingsFile, findings_file
from sidecar.cli.replay_report import Shown, as_json, show_report
from sidecar.errors import EventLogError
from sidecar.power_list.source import MAX_BYTES
from sidecar.replay.cases import Mode, Replayed
from sidecar.service.asked import PartyToken
from sidecar.wiring import read_personnel_folder, token_of_parties

replay_app = typer.Typer(no_args_is_help=True, help="Decide again what happened 重放")

EVERY = 1_000  # rows, or events, between two looks at the bar


@replay_app.callback()
def replay_family() -> None:
    """Decide again what happened 重放."""


@replay_app.command("events")
def events_command(
    log: Annotated[Path, typer.Argument(metavar="FILE", help="Event log, CSV with a heading row 事件日志")],
    mapping: Annotated[Path, typer.Option(help="Mapping file: columns, steps, rules 映射文件")],
    mode: Annotated[Mode, typer.Option(help="Cases keep what really happened, or only what would have been allowed 方式")],
    lang: LangOption,
    show: Annotated[int, typer.Option(min=0, max=1000, help="Show the first so many refused events 显示前几条")] = 10,
    out: Annotated[Path | None, typer.Option(help="Write every finding to this file, .csv or .jsonl 输出全部发现")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the file of an earlier run 覆盖")] = False,
    json: JsonOption = False,
) -> None:
    """Replay an event log through the real decision, and say what would have been refused 重放事件日志."""
    data = _mapping_bytes(mapping)
    mapped, token = read_mapping(str(mapping), data), token_of_parties(None)
    judged = _judged(mapped, data, mapping.parent, mode, token)
    with ExitStack() as stack:
        stream, text = stack.enter_context(_opened(log, mapped.file.log.encoding))
        file = stack.enter_context(findings_file(out, (log, mapping), replace=replace)) if out else None
        witness = _Witness(stack.enter_context(progress_bar()), stream, log.stat().st_size, file)
        report = replay_log(text, str(log), mapped, judged, token, witness)
    shown = Shown(report, judged, mapped, str(log))
    if json:
        print_json(as_json(shown))
    else:
        show_report(shown, lang, show, out)
    raise typer.Exit(FOUND if report.to_look_at else OK)


def _mapping_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)  # the reader of YAML says what is too large


def _judged(mapped: Mapped, data: bytes, folder: Path, mode: Mode, token: PartyToken) -> Judged:
    """The policies a mapping file brings or names; folders are named from where it lies."""
    mapping = mapped.file
    if mapping.rules:
        policy = compile_rules(mapping.rules, mapped.located, data, shipped_model(), shipped_law())
        return Judged(policy, mapping.rules.id, None, mode)
    policy = PolicyFolder(folder / (mapping.policies or "")).snapshot()
    refuse_unknown_names(mapped, policy.items)
    registers = read_personnel_folder(folder / mapping.personnel, policy, token) if mapping.personnel else None
    return Judged(policy, mapping.item or "", registers, mode)


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[tuple[BinaryIO, TextIO]]:
    if path.is_dir():
        raise EventLogError("LOG_IS_A_FOLDER", path=path)
    stream, text = open_log(path, encoding)
    with text:
        yield stream, text


class _Witness:
    """Shows how far the work is, and writes down what is found."""

    def __init__(self, bar: Bar, stream: BinaryIO, size: int, file: FindingsFile | None) -> None:
        self._bar, self._stream, self._file = bar, stream, file
        self._rows = self._events = 0
        self._measured = stream.seekable()  # a pipe has no position
        bar.stage("读取 reading", size)

    def row(self) -> None:
        self._rows += 1
        if self._measured and self._rows % EVERY == 0:
            self._bar.at(self._stream.tell())

    def noticed(self, found: Notice) -> None:
        if self._file:
            self._file.notice(found)

    def deciding(self, events: int) -> None:
        self._bar.stage("重放 deciding", events)

    def replayed(self, replayed: Replayed) -> None:
        self._events += 1
        if self._events % EVERY == 0:
            self._bar.at(self._events)
        if self._file and replayed.refused:
            self._file.refusal(replayed)
