"""`policy.csv` as rows, by type; what Casbin's loader drops, truncates or trips over is an error with its line.

Casbin's loader is a line reader, not a CSV reader: quotes stay in the cell, a comma inside brackets does not separate, a bracket
that is not closed or not open crashes it, an unknown row type and an empty line vanish. So quoted cells and unbalanced
brackets are refused, and everything else is read as Casbin reads it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from casbin.persist.adapter import _extract_tokens  # the loader's own rule for commas inside brackets

from sidecar.errors import PolicyError

Row = tuple[Any, ...]
"""The cells of a row (text), and behind them its line in the file (int)."""

Progress = Callable[[int, int], None]
PROGRESS_EVERY = 100_000  # rows between two calls of `progress`

_BRACKET = re.compile(r"[\[\]()]")
_QUOTED = re.compile(r'(?:^|,)\s*"')
_PAIRS = {")": "(", "]": "["}


def read_rows(text: str, widths: Mapping[str, int], progress: Progress | None = None) -> dict[str, list[Row]]:
    """Rows by type. `widths` gives the number of cells of each known type. Equal text is one object in memory."""
    rows: dict[str, list[Row]] = {name: [] for name in widths}
    shared: dict[str, str] = {}
    intern = shared.setdefault
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped[0] == "#":
            continue
        cells = _cells(stripped, number)
        kind = cells[0]
        if kind not in widths:
            raise _error(number, "NO_SUCH_ROW_TYPE", kind=kind, known=", ".join(widths))
        if len(cells) - 1 != widths[kind]:
            raise _error(number, "CELLS_TOO_MANY_OR_FEW", n=len(cells) - 1, kind=kind, width=widths[kind])
        rows[kind].append((*[intern(cell, cell) for cell in cells[1:]], number))
        if progress and number % PROGRESS_EVERY == 0:
            progress(number, len(lines))
    return rows


def refuse_empty(rows: Iterable[Row]) -> None:
    """An empty cell would match an empty request."""
    for row in rows:
        if "" in row:
            raise _error(row[-1], "CELL_EMPTY")


def _cells(line: str, number: int) -> list[str]:
    if '"' in line and (_QUOTED.search(line) or line.count('"') % 2):
        raise _error(number, "CELL_QUOTED", line.find('"') + 1)
    if not _BRACKET.search(line):
        return [cell.strip() for cell in line.split(",")]
    _refuse_unbalanced(line, number)
    cells: list[str] = _extract_tokens(line)
    return cells


def _refuse_unbalanced(line: str, number: int) -> None:
    open_: list[str] = []
    for found in _BRACKET.finditer(line):
        if found.group() in "([":
            open_.append(found.group())
        elif not open_ or open_.pop() != _PAIRS[found.group()]:
            raise _error(number, "BRACKET_NOT_OPENED", found.start() + 1, bracket=found.group())
    if open_:
        raise _error(number, "BRACKET_NOT_CLOSED", bracket=open_[-1])


def _error(line: int, code: str, column: int = 1, **facts: object) -> PolicyError:
    return PolicyError(code, place=f"policy.csv:{line}:{column}", **facts)
