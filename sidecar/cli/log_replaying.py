"""`quanheng log replay`: every recorded decision made again, by the policies of its day or by others."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.past import FoundGrounds, RecordedPast
from adapters.storage.policy_folder import PolicyFolder, rules_in
from sidecar.cli.log_places import DataOption
from sidecar.cli.log_querying import Case, Item, Officer, Since, Until, item_id, moment_of
from sidecar.cli.log_replay_report import Found, as_json, found_of, lines_of_run
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, print_json, print_json_line, print_line
from sidecar.cli.progress import Bar, progress_bar
from sidecar.ports.records import Filter
from sidecar.replay.recorded import Cause
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay, Replayed

BesideOption = Annotated[
    list[Path] | None, typer.Option("--beside", help="Data folder of another sidecar of the same cases 共享案件的其他边车目录")
]
PoliciesOption = Annotated[
    list[Path] | None, typer.Option("--policies", help="Further folder with policies of an earlier day 另存的旧版策略目录")
]
EVERY = 500  # decisions between two looks at the bar
LISTED = 1_000  # of what is found, in JSON


def replay_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    beside: BesideOption = None,
    policies: PoliciesOption = None,
    other: Annotated[
        Path | None, typer.Option("--with", metavar="DIR", help="By this policy folder instead: what would change 改用此策略目录")
    ] = None,
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    since: Since = "",
    until: Until = "",
    show: Annotated[int, typer.Option(min=0, max=10_000, help="Show the first so many 显示前几条")] = 20,
    json: JsonOption = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One line each as it is found, the figures last 逐行输出")] = False,
) -> None:
    """Make every recorded decision again: the same, bit for bit; or by --with tell what would change 重放留痕."""
    another = PolicyFolder(other).snapshot() if other else None
    folders = [data, *(beside or ())]
    with closing(RecordedPast(data, beside or ())) as past:
        named = item_id(past.reader, item)
        wanted = Filter(officer, named, case, since_ms=moment_of(since), until_ms=moment_of(until, end=True))
        replay = LogReplay(past, Remaker(past, FoundGrounds(folders, policies or ())), another)
        with progress_bar() as bar:
            found: list[Found] = []
            for replayed in _watched(replay, wanted, bar, past.reader.last_seq()):
                if jsonl:
                    print_json_line(found_of(replayed))
                elif len(found) < LISTED:
                    found.append(found_of(replayed))
    figures = as_json(replay.tally, str(data), another.digest if another else "", rules_in(other) if other else {})
    if jsonl:
        print_json_line({"summary": figures})
    elif json:
        print_json({**figures, "found": found})
    else:
        for line in lines_of_run(figures, found, show, lang):
            print_line(line)
    tally = replay.tally
    raise typer.Exit(OK if tally.same + tally.causes[Cause.RELEASED] == tally.decisions else FOUND)


def _watched(replay: LogReplay, wanted: Filter, bar: Bar, size: int) -> Iterator[Replayed]:
    """What is to be told, while the bar shows how far the log is replayed."""
    bar.stage("重放 replaying", size)
    for n, replayed in enumerate(replay.run(wanted)):
        if n % EVERY == 0:
            bar.at(replayed.seq)
        if not replayed.is_same:
            yield replayed
