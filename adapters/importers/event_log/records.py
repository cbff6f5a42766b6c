"""Lines of text → records of a CSV file, each with the line it begins on.

A row whose quotes are wrong costs that row and no other: the lines the parser had taken with it are given to it again. A byte
that is no character of the encoding arrives as a lone surrogate and is found by the reader of the row.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from sidecar.errors import EventLogError

MAX_LINE = 1024 * 1024  # characters


class Record(NamedTuple):
    """One record: the line it begins on, and its cells, or what is wrong with its quotes."""

    line: int
    cells: list[str]
    problem: str = ""


def records(stream: TextIO, delimiter: str, file: str) -> Iterator[Record]:
    """The records of a log, without blank lines. Raises EventLogError for a file that is no text of lines."""
    lines = _Lines(stream, file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            lines.give_back()
            yield Record(start, [], str(fault))
        else:
            if any(cell.strip() for cell in cells):
                yield Record(start, cells)


class _Lines:
    """The lines of a stream, of which those of the present record can be given back but for the first."""

    def __init__(self, stream: TextIO, file: str) -> None:
        self._stream, self._file = stream, file
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self._next = 1

    def begin(self) -> int:
        """A record begins; the line it begins on."""
        self._next += len(self._taken)
        self._taken = []
        return self._next

    def give_back(self) -> None:
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._taken = self._taken[:1]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self._taken.append(line)
        return line

    def _read(self) -> str:
        line = self._stream.readline(MAX_LINE)
        if len(line) == MAX_LINE and not line.endswith("\n"):
            place = f"{self._file}:{self._next + len(self._taken)}"
            raise EventLogError("LINE_TOO_LONG", place=place, max_line=MAX_LINE)
        return line
