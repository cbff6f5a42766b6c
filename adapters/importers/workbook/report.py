"""What an import says about itself: rows it could not place, doubts it had, and the count of everything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A non-empty row (or a whole sheet, `rows` > 1) that is neither item nor heading. `row` is 0 for a whole sheet."""

    file: str
    sheet: str
    row: int
    column: str
    code: str
    zh: str
    en: str
    values: tuple[str, ...]
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning of the import: what was guessed, changed or left out, and at which cell. `row` is 0 for a whole file or sheet."""

    file: str
    sheet: str
    row: int
    cell: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one file: non-empty rows = items + headings + unplaced."""

    rows: int
    items: int
    headings: int
    unplaced: int
