"""Sheets → the rows that are items, and a reason for every row that is not.

An item row holds at least two values of its own, so that the lower halves of merged cells do not count twice, and has an item
name once merged cells are filled down. A sheet may hold several tables below one another: each heading row that names a list
begins a new one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.importers.workbook.headings import Heading, heading_at, repeats_heading
from adapters.importers.workbook.opening import Sheet, address
from adapters.importers.workbook.report import Counts, Notice, Unplaced
from adapters.importers.workbook.sentences import sentence
from adapters.importers.workbook.text import column_letters, shortened, single_line

_NOTE = re.compile(r"(?:备注|注|说明|附注|附件|填表|合计|总计|小计|共计)(?:\d*\s*[：:.]|$)")
_FEWEST_VALUES = 2
_SHOWN_VALUES = 6
_SHOWN_EXAMPLES = 3  # of a column that was left out, each at most so long:
_SHOWN_LENGTH = 16


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item as it stands in the sheet: the text of each field and the address of its cell.

    `row` and `heading`, the row of the heading it stands under, count from 1. A field without a column has no cell.
    """

    file: str
    sheet: str
    row: int
    heading: int
    fields: Mapping[str, str]
    cells: Mapping[str, str]
    numbers: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        return self.fields.get(name, "")

    def line(self, name: str) -> str:
        return single_line(self.text(name))

    def notice(self, name: str, code: str, **facts: object) -> Notice:
        return Notice(self.file, self.sheet, self.row, self.cells.get(name, ""), code, *sentence(code, **facts))


@dataclass(slots=True)
class Reading:
    """What was read from one file."""

    file: str
    items: list[ItemRow] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    rows: int = 0
    headings: int = 0
    has_list: bool = False

    @property
    def counts(self) -> Counts:
        return Counts(self.rows, len(self.items), self.headings, sum(u.rows for u in self.unplaced))


def read_rows(file: str, sheets: list[Sheet]) -> Reading:
    """All rows of a file's sheets, in reading order."""
    reading = Reading(file)
    for sheet in sheets:
        reading.notices += _about_sheet(file, sheet)
        filled = sum(not sheet.is_empty(row) for row in range(len(sheet.rows)))
        reading.rows += filled
        if filled:
            _read_sheet(reading, sheet, filled)
    return reading


def _about_sheet(file: str, sheet: Sheet) -> list[Notice]:
    found = [Notice(file, sheet.name, _row_of(cell), cell, code, *sentence(code)) for cell, code in sheet.doubts]
    if not sheet.is_sheet:
        found.append(Notice(file, sheet.name, 0, "", "NOT_A_SHEET", *sentence("NOT_A_SHEET", name=sheet.name)))
    if sheet.hidden and sheet.rows:
        found.append(Notice(file, sheet.name, 0, "", "SHEET_HIDDEN", *sentence("SHEET_HIDDEN")))
    return found


def _row_of(cell: str) -> int:
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _read_sheet(reading: Reading, sheet: Sheet, filled: int) -> None:
    tables = _tables(sheet)
    if not tables:
        reading.unplaced.append(_whole_sheet(reading.file, sheet, filled))
        return
    reading.has_list = True
    first = tables[0].rows.start
    reading.unplaced += [_unplaced(reading.file, sheet, row, "ABOVE_HEADING") for row in range(first) if not sheet.is_empty(row)]
    ends = [table.rows.start for table in tables[1:]] + [len(sheet.rows)]
    for heading, end in zip(tables, ends, strict=True):
        _read_table(reading, sheet, heading, end)


def _tables(sheet: Sheet) -> list[Heading]:
    found: list[Heading] = []
    for row in range(len(sheet.rows)):
        heading = None if found and row in found[-1].rows else heading_at(sheet, row)
        if heading:
            found.append(heading)
    return found


def _read_table(reading: Reading, sheet: Sheet, heading: Heading, end: int) -> None:
    found: list[int] = []
    reading.headings += sum(not sheet.is_empty(row) for row in heading.rows)
    for row in range(heading.rows.stop, end):
        if sheet.is_empty(row):
            continue
        if repeats_heading(sheet, row, heading):
            reading.headings += 1
        elif reason := _why_not_an_item(sheet, row, heading):
            reading.unplaced.append(_unplaced(reading.file, sheet, row, reason))
        else:
            found.append(row)
    reading.items += [_item_row(reading.file, sheet, row, heading) for row in found]
    if found:
        reading.notices += _columns_left_out(reading.file, sheet, heading, found)
    elif end == len(sheet.rows):
        reading.notices.append(Notice(reading.file, sheet.name, heading.rows.start + 1, "", "NO_ITEMS", *sentence("NO_ITEMS")))


def _why_not_an_item(sheet: Sheet, row: int, heading: Heading) -> str:
    """The reason why a row is no item; empty when it is one."""
    own = [value for column in heading.titles if (value := sheet.own(row, column))]
    name = sheet.filled_down(row, heading.fields["name"])
    if not own:
        return "OUTSIDE_COLUMNS"
    if _NOTE.match(single_line(own[0])) or _NOTE.match(single_line(name)):
        return "NOTE"
    if len(own) < _FEWEST_VALUES or set(own) == {name}:
        return "TOO_FEW_VALUES"
    return "" if name else "NO_NAME"


def _item_row(file: str, sheet: Sheet, row: int, heading: Heading) -> ItemRow:
    fields = {name: sheet.filled_down(row, column) for name, column in heading.fields.items()}
    origins = {name: sheet.covered.get((row, column), (row, column)) for name, column in heading.fields.items()}
    cells = {name: address(origin) for name, origin in origins.items()}
    numbers = frozenset(name for name, origin in origins.items() if origin in sheet.numbers)
    return ItemRow(file, sheet.name, row + 1, heading.rows.start + 1, fields, cells, numbers)


def _columns_left_out(file: str, sheet: Sheet, heading: Heading, items: Sequence[int]) -> list[Notice]:
    """What of the items' rows reaches no item: once for each column that was not understood, once for all the others."""
    all_values = {column: [value for row in items if (value := sheet.own(row, column))] for column in range(sheet.width)}
    left = {column: values for column, values in all_values.items() if values and column not in heading.carried}
    row, kept = heading.rows.start, [column for column in left if column in heading.fields.values()]
    found: list[Notice] = []
    if kept:
        columns = "、".join(f"{column_letters(column)} {heading.titles[column]} ({len(left.pop(column))})" for column in kept)
        said = sentence("COLUMNS_NOT_CARRIED", columns=columns)
        found.append(Notice(file, sheet.name, row + 1, "", "COLUMNS_NOT_CARRIED", *said))
    for column, values in left.items():
        code = _why_not_understood(heading, column)
        facts = {"heading": heading.titles.get(column), "column": column_letters(column), "values": _examples(values)}
        found.append(Notice(file, sheet.name, row + 1, address((row, column)), code, *sentence(code, n=len(values), **facts)))
    return found


def _why_not_understood(heading: Heading, column: int) -> str:
    if not heading.titles.get(column):
        return "UNTITLED_COLUMN"
    return "REPEATED_COLUMN" if column in heading.repeated else "UNKNOWN_COLUMN"


def _examples(values: Sequence[str]) -> str:
    """The first few, each text once."""
    return "、".join(list(dict.fromkeys(shortened(value, _SHOWN_LENGTH) for value in values))[:_SHOWN_EXAMPLES])


def _unplaced(file: str, sheet: Sheet, row: int, code: str) -> Unplaced:
    columns = [column for column, value in enumerate(sheet.rows[row]) if value]
    letter = column_letters(columns[0]) if len(columns) == 1 else ""
    return Unplaced(file, sheet.name, row + 1, letter, code, *sentence(code), _values(sheet, row))


def _whole_sheet(file: str, sheet: Sheet, filled: int) -> Unplaced:
    first = next(row for row in range(len(sheet.rows)) if not sheet.is_empty(row))
    return Unplaced(file, sheet.name, 0, "", "NO_HEADING", *sentence("NO_HEADING", n=filled), _values(sheet, first), filled)


def _values(sheet: Sheet, row: int) -> tuple[str, ...]:
    """The non-empty cells of a row, shortened, each text once."""
    return tuple(dict.fromkeys(shortened(value) for value in sheet.rows[row] if value))[:_SHOWN_VALUES]
