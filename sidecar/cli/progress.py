"""Progress of long work: a bar on a terminal, nothing in a pipe or a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


class Bar(Protocol):
    """How far the work is: `stage` begins a part of it with its size (0 where it is unknown), `at` says how much is done."""

    def stage(self, name: str, size: int) -> None: ...

    def at(self, done: int) -> None: ...


class _RichBar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def stage(self, name: str, size: int) -> None:
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=size or None)

    def at(self, done: int) -> None:
        self._progress.update(self._task, completed=done)


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """A bar on standard error while it is a terminal; it is gone when the work is done, whatever the end."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _RichBar(progress)
