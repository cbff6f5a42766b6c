"""Bytes → sheets of clean text, with their merged ranges.

The kind of file is told by its content, never by its name: published lists carry old .xls files under .xlsx names. calamine's
Python interface gives values only, no formulas and no number formats; what that hides is handled in `package`, and a code
that is stored as a number is remembered here so that it can be doubted later.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from adapters.importers.workbook.package import MAX_CELLS, Lost, inspect
from adapters.importers.workbook.text import cleaned, column_letters
from sidecar.errors import WorkbookError

Cell = tuple[int, int]  # row and column, both from 0


@dataclass(slots=True)
class Sheet:
    """One sheet. `covered` gives for each cell inside a merged range the range's top-left cell (not for that cell itself)."""

    name: str
    hidden: bool = False
    is_sheet: bool = True
    rows: list[list[str]] = field(default_factory=list)
    covered: dict[Cell, Cell] = field(default_factory=dict)
    numbers: set[Cell] = field(default_factory=set)
    doubts: list[tuple[str, str]] = field(default_factory=list)  # (address, code of the warning)

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)

    def own(self, row: int, column: int) -> str:
        """The value that this very cell shows: nothing where a merged range hides it."""
        return "" if (row, column) in self.covered else self.rows[row][column]

    def filled(self, row: int, column: int) -> str:
        """The value a person sees here: that of the merged range, else the cell's own."""
        row, column = self.covered.get((row, column), (row, column))
        return self.rows[row][column]

    def filled_down(self, row: int, column: int) -> str:
        """Like `filled`, but only down a column: a range merged to the right is one value, not one in each column."""
        above, left = self.covered.get((row, column), (row, column))
        return self.rows[above][column] if left == column else ""

    def is_empty(self, row: int) -> bool:
        return not any(self.rows[row])


def open_workbook(file: str, data: bytes) -> list[Sheet]:
    """All sheets of a workbook. Raises WorkbookError, and nothing else, for bytes that are no workbook."""
    lost = inspect(file, data)
    try:
        return list(_sheets(data, lost))
    except WorkbookError as fault:
        raise WorkbookError("PASSED_ON_OF", where=file, told=fault.sentence, advice=fault.advice) from fault
    except PasswordError as fault:
        raise WorkbookError("WORKBOOK_ENCRYPTED", file=file) from fault
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as fault:  # a panic of the Rust reader derives from BaseException only
        raise WorkbookError("NOT_A_READABLE_WORKBOOK", file=file, fault=fault) from fault


def _sheets(data: bytes, lost: Lost) -> Iterator[Sheet]:
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
        for about in workbook.sheets_metadata:
            sheet = Sheet(about.name, about.visible != SheetVisibleEnum.Visible, about.typ == SheetTypeEnum.WorkSheet)
            if sheet.is_sheet:
                _read(workbook.get_sheet_by_name(about.name), sheet)
            sheet.doubts += [(address, "NO_STORED_VALUE") for address in lost.get(about.name, ())]
            yield sheet


def _read(source: CalamineSheet, sheet: Sheet) -> None:
    end = source.end or (-1, -1)
    if (end[0] + 1) * (end[1] + 1) > MAX_CELLS:
        raise WorkbookError("SHEET_TOO_LARGE", sheet=sheet.name, max_cells=MAX_CELLS)
    for row, values in enumerate(source.to_python(skip_empty_area=False)):
        sheet.rows.append([_text(sheet, (row, column), value) for column, value in enumerate(values)])
    _cover(sheet, source.merged_cell_ranges or ())


def _text(sheet: Sheet, cell: Cell, value: object) -> str:
    if value == "":
        return ""
    if isinstance(value, float | int) and not isinstance(value, bool):
        sheet.numbers.add(cell)
    clean = cleaned(_shown(value))
    sheet.doubts += [(address(cell), code) for code in clean.doubts]
    return clean.text


def _shown(value: object) -> str:
    """As a spreadsheet shows it: 3 rather than 3.0, 2024-01-01 rather than 2024-01-01 00:00:00."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _cover(sheet: Sheet, ranges: Iterable[tuple[Cell, Cell]]) -> None:
    """Remember merged ranges, clipped to the cells that exist: a range may claim a million rows."""
    last_row, last_column, total = len(sheet.rows) - 1, sheet.width - 1, 0
    for (top, left), end in sorted(ranges):
        bottom, right = min(end[0], last_row), min(end[1], last_column)
        total += max(0, bottom - top + 1) * max(0, right - left + 1)
        if total > MAX_CELLS:
            raise WorkbookError("MERGED_TOO_MANY", sheet=sheet.name)
        cells = ((row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
        sheet.covered.update({cell: (top, left) for cell in cells if cell != (top, left)})


def address(cell: Cell) -> str:
    """(0, 0) → A1."""
    return f"{column_letters(cell[1])}{cell[0] + 1}"
