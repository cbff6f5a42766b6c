"""One personnel table in CSV as rows of cells with their places, and what a cell may hold. Every bad cell becomes a problem.

UTF-8, a heading row in English or Chinese in any order, days as 2026-01-31, moments as 2026-01-31T18:00, an empty day for an
open end, several names in one cell joined by `|`.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta

from sidecar.messages import counted
from sidecar.personnel.registers import Span, Term

PERSON_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\Z")
ANYTHING = "*"

LABELS = {
    "人员": "person",
    "岗位": "post",
    "资格": "credential",
    "当事人": "party",
    "关系": "relation",
    "起": "from",
    "止": "to",
    "亲属": "relative",
    "委托人": "delegator",
    "代理人": "delegate",
    "代理人性质": "kind",
    "事项": "item",
    "环节": "step",
    "文号": "document",
    "公开日期": "published",
    "对象类型": "what",
    "对象": "target",
    "决定人": "ordered_by",
    "批准人": "approved_by",
    "审计日期": "audited",
    "离职日期": "left",
    "职务层次": "rank",
}

Problems = list[str]
Cell = tuple[str, str]  # text and place
Row = dict[str, Cell]


def rows(file: str, data: bytes | None, columns: Collection[str], problems: Problems) -> Iterator[Row]:
    """The rows of a table with exactly these columns; none where the table is absent or cannot be read."""
    text = None if data is None else _decoded(file, data, problems)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = [LABELS.get(cell.strip(), cell.strip()) for cell in next(reader, [])]
        if sorted(heading) != sorted(columns):
            problems.append(f"{file}:1:1: the heading must be {','.join(columns)} 表头不对 — it is {','.join(heading)}")
            return
        for cells in reader:
            if cells and len(cells) != len(columns):
                found = f"{counted(len(cells), 'cell')} instead of {len(columns)}"
                problems.append(f"{file}:{reader.line_num}:1: {found} 列数不对 — correct the row")
            elif cells:
                yield {
                    name: (cell.strip(), f"{file}:{reader.line_num}:{n}")
                    for n, (name, cell) in enumerate(zip(heading, cells, strict=True), 1)
                }
    except csv.Error as fault:
        problems.append(f"{file}:{reader.line_num}:1: not CSV: {fault} 不是合法的 CSV — check the quotes")


def _decoded(file: str, data: bytes, problems: Problems) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        problems.append(f"{file}:{data.count(10, 0, fault.start) + 1}:1: not UTF-8 编码不是 UTF-8 — save the file as UTF-8")
        return None
    if not unicodedata.is_normalized("NFC", text):
        problems.append(f"{file}:1:1: text is not in Unicode NFC 文字不是 NFC 规范形式 — retype it")
    return text


def person(row: Row, problems: Problems, column: str = "person") -> str:
    """A person's identifier; empty where it is none."""
    text, place = row[column]
    if PERSON_ID.match(text):
        return text
    problems.append(f"{place}: not a person id: {text!r} 人员标识不对 — letters, digits and . _ @ - only")
    return ""


def one_of(row: Row, column: str, what: str, known: Mapping[str, str], problems: Problems) -> str:
    """A word of a closed list in either language → its identifier; empty where it is none."""
    text, place = row[column]
    if text not in known:
        problems.append(f"{place}: no such {what}: {text!r} 不认识 — write one of {', '.join(dict.fromkeys(known.values()))}")
    return known.get(text, "")


def text_of(row: Row, column: str, what: str, problems: Problems) -> str:
    """Text that may not be empty."""
    text, place = row[column]
    if not text:
        problems.append(f"{place}: {what} is empty 不能为空 — write it")
    return text


def names(row: Row, column: str, known: Collection[str] | None, problems: Problems) -> tuple[str, ...]:
    """Names joined by `|`, each of them known; `*`, for anything, becomes none."""
    text, place = row[column]
    if text == ANYTHING:
        return ()
    found = tuple(name.strip() for name in text.split("|"))
    for name in found:
        if not name:
            problems.append(f"{place}: nothing is named 没有写明 — write names joined by |, or * for anything")
        elif known is not None and name not in known:
            problems.append(f"{place}: no such {column}: {name!r} 不存在 — write it as in the policies")
    return found


def span(row: Row, problems: Problems) -> Span | None:
    """Days from `from` to `to`, ends included; None where they are none."""
    start, end = day(row["from"], problems), day(row["to"], problems)
    if start is BAD or end is BAD:
        return None
    if start and end and end < start:
        problems.append(f"{row['to'][1]}: ends before it begins 止早于起 — correct the dates")
        return None
    return Span(start, end)


BAD = date.min
_BAD_MOMENT = datetime.min  # noqa: DTZ901 - stands for a cell that is no moment


def day(cell: Cell, problems: Problems) -> date | None:
    """A day, None for an empty cell, BAD for one that is no day."""
    text, place = cell
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    problems.append(f"{place}: not a day: {text!r} 不是日期 — write 2026-01-31")
    return BAD


def term(row: Row, problems: Problems, *, open_end: bool) -> Term | None:
    """From the moment `from` up to the moment `to`, which is not included; a day begins at midnight and ends with the day."""
    start, end = _moment(row["from"], problems, ends=False), _moment(row["to"], problems, ends=True)
    if _BAD_MOMENT in (start, end):
        return None
    for moment, column in ((start, "from"), (end, "to")):
        if moment is None and not (open_end and column == "to"):
            problems.append(f"{row[column][1]}: {column} is empty 起止不能为空 — a term has both ends")
            return None
    if start and end and end <= start:
        problems.append(f"{row['to'][1]}: ends before it begins 止早于起 — correct the dates")
        return None
    return Term(start, end)


def _moment(cell: Cell, problems: Problems, *, ends: bool) -> datetime | None:
    text, place = cell
    if "T" not in text:
        found = day(cell, problems)
        if found is None or found is BAD:
            return None if found is None else _BAD_MOMENT
        whole = timedelta(days=1) if ends else timedelta()
        return datetime.combine(found, time()) + whole
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text, re.ASCII):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    problems.append(f"{place}: not a moment: {text!r} 不是时刻 — write 2026-01-31T18:00")
    return _BAD_MOMENT
