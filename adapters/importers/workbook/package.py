"""May this file be opened? The questions asked before calamine sees a byte.

calamine stores a sheet as one dense rectangle up to its last cell, so a single stray value in XFD1048576 would ask for half a
terabyte and abort the process. It also reads a formula without stored result, and an error value, as an empty cell. Both
can be seen in the XML of an .xlsx beforehand. The old .xls format ends at 65,536 rows by 256 columns, so it needs no such care;
its formulas always carry a result.
"""

import html
import io
import re
import zipfile
from collections.abc import Mapping

from sidecar.errors import WorkbookError

MAX_BYTES = 64 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MAX_CELLS = 5_000_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_ROW_NUMBER = re.compile(rb"[^>]*?\br=\"(\d{1,9})\"")
_HAS_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)\b")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_REFERENCE = re.compile(rb"\br=\"([A-Z]{1,3})(\d{1,9})\"")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_STORED = re.compile(rb"<(?:\w+:)?v>[^<]")
_TAG = re.compile(rb"<(?:\w+:)?(?:sheet|Relationship)\b[^>]*>")
_ATTRIBUTE = re.compile(rb"([\w:]+)=\"([^\"]*)\"")

Lost = Mapping[str, tuple[str, ...]]  # sheet name → addresses of cells that calamine reads as empty though they are not


def inspect(file: str, data: bytes) -> Lost:
    """Refuse what cannot be a safe workbook; tell which cells of an .xlsx will read as empty though they are not."""
    if not data:
        raise WorkbookError("FILE_EMPTY", file=file)
    if len(data) > MAX_BYTES:
        raise WorkbookError("FILE_TOO_LARGE", file=file, max_bytes=MAX_BYTES)
    if data.startswith(_OLE):
        return {}
    if not data.startswith(b"PK"):
        raise WorkbookError("NOT_A_WORKBOOK", file=file)
    try:
        return _inspect_zip(file, data)
    except WorkbookError:
        raise
    except Exception as fault:  # each compression method of a zip has errors of its own
        raise WorkbookError("WORKBOOK_DAMAGED", file=file, fault=fault) from fault


def _inspect_zip(file: str, data: bytes) -> Lost:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if sum(entry.file_size for entry in package.infolist()) > MAX_UNPACKED:
            raise WorkbookError("WORKBOOK_UNPACKS_LARGE", file=file, max_unpacked=MAX_UNPACKED)
        names = [name for name in package.namelist() if re.fullmatch(r"/?xl/worksheets/[^/]+\.xml", name)]
        if not names:
            raise WorkbookError("ZIP_WITHOUT_SHEETS", file=file)
        titles = _sheet_titles(package)
        lost: dict[str, tuple[str, ...]] = {}
        for name in names:
            xml = package.read(name)
            _refuse_far_cells(file, xml)
            lost[titles.get(name.rsplit("/", 1)[-1], "")] = _lost_cells(xml)
        return lost


def _refuse_far_cells(file: str, xml: bytes) -> None:
    last_row = last_column = 0
    for number, row in enumerate(_ROW.split(xml)[1:], start=1):
        if _HAS_VALUE.search(row):
            given = _ROW_NUMBER.match(row)
            last_row = max(last_row, int(given[1]) if given else number)
            references = [(_column(r[1]), int(r[2])) for r in _REFERENCE.finditer(row)]
            last_column = max([last_column, *(column for column, _ in references)])
            last_row = max([last_row, *(line for _, line in references)])
    if last_row * max(last_column, 1) > MAX_CELLS:
        raise WorkbookError("SHEET_REACHES_FAR", file=file, last_row=last_row, last_column=last_column)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _lost_cells(xml: bytes) -> tuple[str, ...]:
    """Addresses of error values and of formulas that were never calculated."""
    if b't="e"' not in xml and not _FORMULA.search(xml):
        return ()
    return tuple(_lost_in(re.sub(rb"<(?:\w+:)?c\b[^>]*/>", b"", xml)))


def _lost_in(xml: bytes) -> list[str]:
    lost: list[str] = []
    for cell in _CELL.finditer(xml):
        place = _REFERENCE.search(cell[1])
        if place and (b't="e"' in cell[1] or (_FORMULA.search(cell[2]) and not _STORED.search(cell[2]))):
            lost.append((place[1] + place[2]).decode("ascii"))
    return lost


def _sheet_titles(package: zipfile.ZipFile) -> dict[str, str]:
    """Name of the sheet's file → the title on its tab."""
    targets = {t.get(b"Id", b""): t.get(b"Target", b"") for t in _tags(package, "xl/_rels/workbook.xml.rels")}
    titles: dict[str, str] = {}
    for sheet in _tags(package, "xl/workbook.xml"):
        relation = next((value for key, value in sheet.items() if key.endswith(b":id")), b"")
        target = targets.get(relation, b"").decode("utf-8", "replace")
        titles[target.rsplit("/", 1)[-1]] = html.unescape(sheet.get(b"name", b"").decode("utf-8", "replace"))
    return titles


def _tags(package: zipfile.ZipFile, name: str) -> list[dict[bytes, bytes]]:
    if name not in package.namelist():
        return []
    return [dict(_ATTRIBUTE.findall(tag)) for tag in _TAG.findall(package.read(name))]
