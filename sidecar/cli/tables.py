"""Tables of text from elsewhere, the same on a terminal and in a pipe."""

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

_FIGURE = re.compile(r"[0-9.]+( %)?|-")


def table_lines(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as what is in them; figures to the right."""
    table = [tuple(plain(cell) for cell in row) for row in (heading, *rows)]
    columns = range(len(heading))
    widths = [max(cell_len(row[n]) for row in table) for n in columns]
    right = [all(_FIGURE.fullmatch(row[n]) for row in table[1:]) for n in columns]
    for row in table:
        yield "  " + "  ".join(_padded(row[n], widths[n], to_the_right=right[n]) for n in columns).rstrip()


def _padded(cell: str, width: int, *, to_the_right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if to_the_right else cell + space


def plain(text: str) -> str:
    """Text as a terminal may show it: control characters cannot move the cursor or turn the writing round."""
    return "".join(character if character.isprintable() else "�" for character in text)
