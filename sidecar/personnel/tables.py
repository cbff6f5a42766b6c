"""Personnel tables in CSV → registers, every bad cell of every table reported in one run.

    appointments.csv   person,post,from,to            人员,岗位,起,止
    credentials.csv    person,credential,from,to      人员,资格,起,止
    declarations.csv   person,party,relation,from,to  人员,当事人,关系,起,止

UTF-8, a heading row, dates as 2026-01-31, an empty date for an open end.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date

from sidecar.errors import PersonnelError
from sidecar.messages import counted
from sidecar.personnel.registers import Appointment, CredentialHeld, Interest, Personnel, Span
from sidecar.personnel.rules import Placed, Rules, held_together
from sidecar.power_list import vocabulary as words

APPOINTMENTS, CREDENTIALS, DECLARATIONS = "appointments.csv", "credentials.csv", "declarations.csv"

PERSON_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\Z")

_COLUMNS = {
    APPOINTMENTS: ("person", "post", "from", "to"),
    CREDENTIALS: ("person", "credential", "from", "to"),
    DECLARATIONS: ("person", "party", "relation", "from", "to"),
}
_LABELS = {
    "人员": "person",
    "岗位": "post",
    "资格": "credential",
    "当事人": "party",
    "关系": "relation",
    "起": "from",
    "止": "to",
}

Problems = list[str]
_Row = dict[str, tuple[str, str]]  # column → (cell, place)


_NO_RULES = Rules()


def read_personnel(
    tables: Mapping[str, bytes], known_posts: Collection[str], party_token: Callable[[str], str], rules: Rules = _NO_RULES
) -> Personnel:
    """Read the tables (file name → bytes). Raises PersonnelError naming every bad cell, and everybody who holds what the rules
    keep apart."""
    problems: Problems = []
    placed = list(_appointments(tables.get(APPOINTMENTS), known_posts, problems))
    problems += held_together(placed, rules)
    appointments = [appointment for appointment, _ in placed]
    credentials = list(_credentials(tables.get(CREDENTIALS), problems))
    interests = list(_interests(tables.get(DECLARATIONS), party_token, problems))
    if problems:
        listing = "\n".join(problems)
        raise PersonnelError(
            f"{counted(len(problems), 'mistake')} in the personnel tables:\n{listing}", "correct the cells named", tuple(problems)
        )
    return Personnel(appointments, credentials, interests)


def _appointments(data: bytes | None, known_posts: Collection[str], problems: Problems) -> Iterator[Placed]:
    seen: dict[tuple[str, str, Span], str] = {}
    for row in _rows(APPOINTMENTS, data, problems):
        person, span = _person(row, problems), _span(row, problems)
        post, place = row["post"]
        if post not in known_posts:
            problems.append(f"{place}: no such post: {post!r} 没有该岗位 — write unit.post as in organ.yaml")
        if person and span:
            first = seen.setdefault((person, post, span), place)
            if first != place:
                problems.append(f"{place}: the same appointment already stands at {first} 任职重复 — keep one")
            yield Appointment(person, post, span), place


def _credentials(data: bytes | None, problems: Problems) -> Iterator[CredentialHeld]:
    known = words.spellings(words.CREDENTIALS)
    for row in _rows(CREDENTIALS, data, problems):
        person, span = _person(row, problems), _span(row, problems)
        name, place = row["credential"]
        if name not in known:
            problems.append(f"{place}: no such credential: {name!r} 没有该资格 — write one of {', '.join(words.CREDENTIALS)}")
        elif person and span:
            yield CredentialHeld(person, known[name], span)


def _interests(data: bytes | None, party_token: Callable[[str], str], problems: Problems) -> Iterator[Interest]:
    known = words.spellings(words.DECLARABLE)
    for row in _rows(DECLARATIONS, data, problems):
        person, span = _person(row, problems), _span(row, problems)
        relation, place = row["relation"]
        party, party_place = row["party"]
        if relation not in known:
            problems.append(f"{place}: no such relation: {relation!r} 没有该关系 — write one of {', '.join(words.DECLARABLE)}")
        elif not party:
            problems.append(f"{party_place}: the party is empty 当事人为空 — write the party's identifier")
        elif person and span:
            yield Interest(person, party_token(party), known[relation], span)


def _rows(file: str, data: bytes | None, problems: Problems) -> Iterator[_Row]:
    text = None if data is None else _decoded(file, data, problems)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = [_LABELS.get(cell.strip(), cell.strip()) for cell in next(reader, [])]
        columns = _COLUMNS[file]
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


def _person(row: _Row, problems: Problems) -> str:
    person, place = row["person"]
    if PERSON_ID.match(person):
        return person
    problems.append(f"{place}: not a person id: {person!r} 人员标识不对 — letters, digits and . _ @ - only")
    return ""


def _span(row: _Row, problems: Problems) -> Span | None:
    start, end = _day(row["from"], problems), _day(row["to"], problems)
    if start is _BAD or end is _BAD:
        return None
    if start and end and end < start:
        problems.append(f"{row['to'][1]}: ends before it begins 止早于起 — correct the dates")
        return None
    return Span(start, end)


_BAD = date.min


def _day(cell: tuple[str, str], problems: Problems) -> date | None:
    text, place = cell
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    problems.append(f"{place}: not a day: {text!r} 不是日期 — write 2026-01-31")
    return _BAD
