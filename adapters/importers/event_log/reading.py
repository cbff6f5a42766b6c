"""Cells of a row → an event that can be decided, or what became of the row instead.

Text is trimmed and in NFC. An empty cell of a fact or of evidence says nothing; a person that is empty, or one of the words the
mapping file lists as `nobody`, is nobody: the event happened, and nobody answers for it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from adapters.importers.event_log.mapping import ISO, Activity, CellSource, Mapped, column_places, refuse
from adapters.importers.event_log.records import Record
from adapters.importers.event_log.sentences import Notice, notice
from sidecar.case_history.history import GRANT, REFUSE
from sidecar.controls.context import VOTE, AccessRequest
from sidecar.errors import EventLogError
from sidecar.expressions.facts import Asserted, Fact
from sidecar.messages import near
from sidecar.power_list.findings import Place
from sidecar.power_list.load import Located
from sidecar.replay.cases import Happened

MAX_TEXT = 256  # characters of a case, a person, an activity
MAX_FACT = 2**53 - 1
MAX_WORDS, OTHERS = 10_000, "…"  # activities that are no step, and transitions, which are counted one by one

_SURROGATE = re.compile("[\ud800-\udfff]")
_REGION = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}\Z")
_WHOLE = re.compile(r"[-+]?[0-9]{1,16}\Z")
_TRUTHS = {"true": True, "false": False, "是": True, "否": False}

Token = Callable[[str], str]


class Read(NamedTuple):
    """An event, the key that tells it from others of its moment, and the cells that make the row the same row again."""

    event: Happened
    tie_breaker: str
    cells: tuple[str, ...]


class Passed(NamedTuple):
    """A row that is no step, or one that is not done, of a case."""

    case_id: str


Row = Read | Passed | Notice


class OfItem(NamedTuple):
    """The item the log tells of, the facts it declares, and what is taken for granted of each step: the evidence held, and the
    outcome where the step asks for one."""

    id: str
    facts: Mapping[str, Fact] = {}
    evidence: Mapping[str, frozenset[str]] = {}
    outcome: Mapping[str, str] = {}


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, found: Notice) -> None:
        super().__init__(found.code)
        self.found = found


class LogReader:
    """Reads the rows of one log and counts what it does not hand on."""

    def __init__(self, mapped: Mapped, file: str, heading: Record, item: OfItem, token: Token) -> None:
        mapping, located = mapped
        self._mapping, self._file, self._item, self._token = mapping, file, item, token
        self._heading = [_clean(cell) for cell in heading.cells]
        self._refuse_heading(heading, located)
        self._at = {name: self._heading.index(name) for name, _ in column_places(mapping)}
        self._zone = ZoneInfo(mapping.log.zone) if mapping.log.zone else None
        self._steps: dict[str, Activity] = {entry.activity: entry for entry in mapping.activities}
        self._nobody = frozenset(mapping.log.nobody) | {""}
        self.rows = 0
        self.unmapped = Counter[str]()
        self.transitions = Counter[str]()
        self.seen = Counter[str]()  # events of each activity that is a step

    def _refuse_heading(self, heading: Record, located: Located) -> None:
        place = Place(self._file, heading.line, 1)
        if heading.problem or any(_SURROGATE.search(cell) for cell in self._heading):
            raise EventLogError(
                "HEADING_UNREADABLE", place=place, problem=heading.problem or "encoding", encoding=self._mapping.log.encoding
            )
        found: list[Notice] = []
        for name, path in column_places(self._mapping):
            times = self._heading.count(name)
            if times != 1:
                code = "COLUMN_TWICE" if times else "COLUMN_NOT_IN_LOG"
                found.append(notice(code, located.place(*path), column=name, near=near(name, self._heading)))
        refuse(found)

    def read(self, records: Iterable[Record]) -> Iterator[Row]:
        """Of each row its event, or that it is none, or why it cannot be read."""
        for record in records:
            self.rows += 1
            try:
                row: Row = self._row(record)
            except _Unreadable as fault:
                row = fault.found
            yield row

    def _row(self, record: Record) -> Read | Passed:
        self._refuse_row(record)
        log = self._mapping.log
        case_id = self._needed(record, log.columns.case)
        if log.lifecycle:
            transition = self._cell(record, log.lifecycle.column)
            if transition not in log.lifecycle.counts:
                _count(self.transitions, transition)
                return Passed(case_id)
        activity = self._needed(record, log.columns.activity)
        step = self._steps.get(activity)
        if step is None:
            _count(self.unmapped, activity)
            return Passed(case_id)
        self.seen[activity] += 1
        return self._event(record, step, case_id)

    def _refuse_row(self, record: Record) -> None:
        place = Place(self._file, record.line, 1)
        if record.problem:
            raise _Unreadable(notice("ROW_QUOTES", place, problem=record.problem))
        for n, cell in enumerate(record.cells, 1):
            if not cell.isascii() and _SURROGATE.search(cell):
                at = Place(self._file, record.line, n)
                raise _Unreadable(notice("ROW_ENCODING", at, encoding=self._mapping.log.encoding))
        if len(record.cells) != len(self._heading):
            raise _Unreadable(notice("ROW_CELLS", place, found=len(record.cells), wanted=len(self._heading)))

    def _event(self, record: Record, step: Activity, case_id: str) -> Read:
        columns = self._mapping.log.columns
        person = self._cell(record, columns.person)
        time = self._time(record, columns.time)
        evidence = {name for name, source in columns.evidence.items() if self._value(record, source) not in ("", False)}
        request = AccessRequest(
            person="" if person in self._nobody else person,
            step=step.step,
            item=self._item.id,
            case_id=case_id,
            region=self._region(record, columns.region),
            party=self._party(record, columns.party),
            acting_post=self._cell(record, columns.post) if columns.post else "",
            outcome=self._outcome(record, step),
            intent=VOTE if step.vote else step.intent,
            facts=dict(self._facts(record, columns.facts)),
            on_behalf=self._cell(record, columns.on_behalf_of) if columns.on_behalf_of else "",
            about=self._cell(record, columns.about) if columns.about else "",
            vote=step.vote or "",
            evidence=frozenset(evidence) | self._item.evidence.get(step.step, frozenset()),
        )
        event = Happened(request, step.activity, time, Place(self._file, record.line, self._at[columns.person] + 1))
        tie = self._cell(record, columns.tie_breaker) if columns.tie_breaker else ""
        return Read(event, tie, tuple(record.cells))

    # -- cells -------------------------------------------------------------------------------------------------------

    def _place(self, record: Record, column: str) -> Place:
        return Place(self._file, record.line, self._at[column] + 1)

    def _cell(self, record: Record, column: str) -> str:
        text = _clean(record.cells[self._at[column]])
        if len(text) > MAX_TEXT:
            raise _Unreadable(notice("TOO_LONG", self._place(record, column), column=column, limit=MAX_TEXT))
        return text

    def _needed(self, record: Record, column: str) -> str:
        text = self._cell(record, column)
        if not text:
            raise _Unreadable(notice("CELL_EMPTY", self._place(record, column), column=column))
        return text

    def _value(self, record: Record, source: CellSource) -> str | int | bool:
        return self._cell(record, source.column) if source.column else source.value if source.value is not None else ""

    def _time(self, record: Record, column: str) -> datetime:
        text, form = self._needed(record, column), self._mapping.log.time_format
        try:
            time = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007 - next line
            if time.tzinfo is None and self._zone is None:
                raise _Unreadable(notice("TIME_WITHOUT_ZONE", self._place(record, column), value=text))
            return time.replace(tzinfo=self._zone) if time.tzinfo is None else time.astimezone(self._zone or time.tzinfo)
        except (ValueError, OverflowError):
            found = notice("BAD_TIME", self._place(record, column), value=text, format="ISO 8601" if form == ISO else form)
            raise _Unreadable(found) from None

    def _region(self, record: Record, source: CellSource | None) -> str:
        text = str(self._value(record, source)) if source else ""
        if source and text and not _REGION.match(text):
            raise _Unreadable(notice("BAD_REGION", self._source_place(record, source), value=text))
        return text

    def _source_place(self, record: Record, source: CellSource) -> Place:
        return self._place(record, source.column) if source.column else Place(self._file, record.line, 1)

    def _party(self, record: Record, source: CellSource | None) -> str:
        text = str(self._value(record, source)) if source else ""
        return self._token(text) if text else ""

    def _outcome(self, record: Record, step: Activity) -> str:
        column = self._mapping.log.columns.outcome
        text = self._cell(record, column.column) if column else ""
        if column and text:
            known = {**dict.fromkeys(column.grant, GRANT), **dict.fromkeys(column.refuse, REFUSE)}
            if text not in known:
                raise _Unreadable(notice("BAD_OUTCOME", self._place(record, column.column), value=text))
            return known[text]
        return step.outcome or self._item.outcome.get(step.step, "")

    def _facts(self, record: Record, sources: Mapping[str, CellSource]) -> Iterator[tuple[str, Asserted]]:
        """Facts as a request would assert them, held against their declarations; an empty cell asserts nothing."""
        for name, source in sources.items():
            value = self._value(record, source)
            asserted = _asserted(value) if isinstance(value, str) else value
            fact = self._item.facts[name]
            if asserted == "":
                continue
            if fact.read(asserted) is None or (type(asserted) is int and abs(asserted) > MAX_FACT):
                raise _Unreadable(notice("BAD_FACT", self._source_place(record, source), value=value, form=fact.form))
            yield name, asserted


def _count(counter: Counter[str], name: str) -> None:
    """Where the wrong column is named there are as many words as rows; those beyond a bound are counted together."""
    counter[name if name in counter or len(counter) < MAX_WORDS else OTHERS] += 1


def _asserted(text: str) -> Asserted:
    """What a cell says: a truth value, a whole number, or text."""
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    return int(text) if _WHOLE.match(text) else text


def _clean(cell: str) -> str:
    return cell.strip() if cell.isascii() else unicodedata.normalize("NFC", cell).strip()
