"""A process that releases copies of a log and is killed behind one step after another: `python -m tests.log.one_releaser FOLDER`.

FOLDER holds a log and `rules.yaml`. For each step a child with everything imported is forked; it releases the copy in FOLDER/STEP
to FOLDER/STEP/old.sqlite3 and kills itself as soon as that step is done. How each child ended is printed, one line each.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from adapters.storage import release_file, releasing
from adapters.storage.head_file import HeadFile
from adapters.storage.record_index import RecordIndex
from adapters.storage.sqlite import SqliteStore
from adapters.storage.tree_file import TreeFile
from sidecar.cli.commands import app
from sidecar.decision_log import released
from tests.log.logs import copied, places_in

STEPS: dict[str, tuple[Any, str, int]] = {
    "nothing was done": (releasing, "_hold_against", 1),
    "the file is written": (release_file, "_write", 1),
    "the file is proven": (release_file, "_prove", 1),
    "the file has its name": (releasing, "write_release_file", 1),
    "one entry of two is durable": (SqliteStore, "commit", 1),
    "all entries are durable": (SqliteStore, "commit", 2),
    "the tree has them": (TreeFile, "follow", 2),
    "the head is replaced": (HeadFile, "replace", 1),
    "the checkpoint is kept": (TreeFile, "keep", 1),
    "the index is gone": (RecordIndex, "remove", 1),
    "the bodies are gone": (releasing, "_empty_rows", 1),
    "they are gone from every file": (releasing, "_empty", 1),
    "the smaller form is made": (releasing, "_copy_back", 0),
    "the file is smaller": (releasing, "_copy_back", 1),
}


def main() -> None:
    folder = Path(sys.argv[1])
    for step, (holder, name, times) in STEPS.items():
        copied(places_in(folder), folder / step)
        shutil.copy(folder / "rules.yaml", folder / step)
        child = os.fork()
        if child == 0:
            _child(folder / step, holder, name, times)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{step}: {signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else 'ended'}\n")


def _child(folder: Path, holder: Any, name: str, times: int) -> None:
    signal.alarm(60)
    vars(releasing)["portions"] = _in_two
    setattr(holder, name, _killed_behind(getattr(holder, name), times))
    options = ["--to", str(folder / "old.sqlite3"), "--basis", "x", "--rules", str(folder / "rules.yaml")]
    CliRunner().invoke(app, ["log", "release", "--data", str(folder / "data"), *options])
    os._exit(0)


def _in_two(spans: Iterable[released.Span], longest: int = 7) -> Iterator[list[released.Span]]:
    """So short that what is released takes two entries."""
    return released.portions(spans, longest)


def _killed_behind(step: Callable[..., Any], times: int) -> Callable[..., Any]:
    """The step; behind that many of it, or before the first, the process is no more."""
    done = 0

    def killed() -> None:
        if done == times:
            os.kill(os.getpid(), signal.SIGKILL)

    def whole(*arguments: Any, **named: Any) -> Any:
        nonlocal done
        killed()
        result = step(*arguments, **named)
        if hasattr(result, "__await__"):
            return awaited(result)
        done += 1
        killed()
        return result

    async def awaited(result: Any) -> Any:
        nonlocal done
        found = await result
        done += 1
        killed()
        return found

    return whole


if __name__ == "__main__":
    main()
