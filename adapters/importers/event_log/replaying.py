"""A log from its first row to the last decision: read, put in order, decided case by case, counted.

The report keeps figures and the first few of each kind; a witness is told of each as it is met.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol, TextIO

from adapters.importers.event_log.mapping import Mapped, refuse_undeclared_facts
from adapters.importers.event_log.reading import LogReader, OfItem, Passed, Row, Token
from adapters.importers.event_log.records import records
from adapters.importers.event_log.sentences import Notice, notice
from adapters.importers.event_log.spool import Spool
from sidecar.case_history.history import GRANT
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import EventLogError
from sidecar.messages import Sentence, in_lines, near
from sidecar.personnel.registers import Appointment, CredentialHeld, Personnel, Span
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ABOUT, OUTCOME, ControlKind
from sidecar.replay.cases import Mode, Registers, Replayed, replay_case
from sidecar.replay.tally import Tally, demands_of

KEPT = 1_000  # of the flagged events, and of the rows to look at, in the report itself
SAID = 20  # of the rows to look at, where nothing could be replayed

_CTL, _ARG = 7, 8  # columns of a p row, as in policies/model.conf


class Judged(NamedTuple):
    """What a log is judged by: policies, the item its cases belong to, and the registers; without registers, who acted
    held what the mapping file takes for granted."""

    policy: PolicySnapshot
    item: str
    registers: Personnel | None
    mode: Mode


class Witness(Protocol):
    """Who is told of everything as it is met."""

    def row(self) -> None: ...

    def noticed(self, found: Notice) -> None: ...

    def deciding(self, events: int) -> None: ...

    def replayed(self, replayed: Replayed) -> None: ...


@dataclass(slots=True)
class Report:
    """What became of every row: rows = tally.events + unmapped + transitions + repeated + unreadable. `cases` are all of the log;
    `notices` and `flagged` are the first of them, `looks` counts the notices."""

    tally: Tally
    rows: int = 0
    cases: int = 0
    repeated: int = 0
    unreadable: int = 0
    unmapped: dict[str, int] = field(default_factory=dict)
    transitions: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    looks: int = 0
    notices: list[Notice] = field(default_factory=list)
    flagged: list[Replayed] = field(default_factory=list)

    @property
    def to_look_at(self) -> bool:
        return bool(self.tally.events_flagged or self.tally.events_by_nobody or self.unreadable)


def replay_log(stream: TextIO, file: str, mapped: Mapped, judged: Judged, token: Token, witness: Witness) -> Report:
    """Replay the log in `stream`, whose name is `file`. Raises EventLogError when it cannot be read at all, or when no event of
    any step is in it."""
    replay = _Replay(file, mapped, judged, token, witness)
    with Spool() as spool:
        replay.read(stream, spool)
        replay.decide(spool)
    return replay.report


class _Replay:
    def __init__(self, file: str, mapped: Mapped, judged: Judged, token: Token, witness: Witness) -> None:
        self._file, self._mapped, self._judged, self._token, self._witness = file, mapped, judged, token, witness
        self.report = Report(Tally(demands_of(judged.policy, judged.item)))

    def read(self, stream: TextIO, spool: Spool) -> None:
        found = records(stream, self._mapped.file.log.delimiter, self._file)
        try:
            heading = next(found, None)
            if heading is None:
                raise EventLogError("EVENTS_EMPTY", file=self._file)
            reader = LogReader(self._mapped, self._file, heading, _of_item(self._mapped, self._judged), self._token)
            for row in reader.read(found):
                self._row(row, spool)
        except UnicodeError as fault:  # of encodings whose mistakes cannot be told row by row
            raise EventLogError("EVENTS_UNDECODABLE", file=self._file, fault=fault) from fault
        self.report.rows = reader.rows
        self.report.unmapped = dict(reader.unmapped.most_common())
        self.report.transitions = dict(reader.transitions.most_common())
        self.report.cases = spool.all_cases()
        self._look_for_activities(reader)

    def _row(self, row: Row, spool: Spool) -> None:
        self._witness.row()
        if isinstance(row, Notice):
            self.report.unreadable += 1
            self._notice(row)
        elif isinstance(row, Passed):
            spool.pass_by(row.case_id)
        elif spool.add(row):
            time = row.event.time
            self.report.first = min(self.report.first or time, time)
            self.report.last = max(self.report.last or time, time)
        else:
            self.report.repeated += 1
            self._notice(notice("ROW_REPEATED", row.event.place))

    def _look_for_activities(self, reader: LogReader) -> None:
        """An activity that the log does not hold is a misspelling, or a rule without a use: either should be known."""
        for n, entry in enumerate(self._mapped.file.activities):
            if not reader.seen[entry.activity]:
                place = self._mapped.located.place("activities", n, "activity")
                others = near(entry.activity, reader.unmapped)
                self._notice(notice("ACTIVITY_NOT_IN_LOG", place, activity=entry.activity, near=others))

    def decide(self, spool: Spool) -> None:
        if self.report.first is None:
            notices = self.report.notices[:SAID]
            lines = in_lines((notice.place, notice.sentence) for notice in notices)
            said = Sentence(f"\n  {lines.zh}", f"\n  {lines.en}") if notices else ""
            raise EventLogError("NOTHING_TO_REPLAY", file=self._file, said=said)
        self._witness.deciding(spool.count())
        policy, mode = self._judged.policy, self._judged.mode
        registers = _registers(self._mapped, self._judged)
        for case_id, events in spool.cases():
            for replayed in self.report.tally.counted(replay_case(policy, registers, case_id, events, mode)):
                self._replayed(replayed)

    def _replayed(self, replayed: Replayed) -> None:
        if replayed.decision is None:
            place = replayed.event.place
            self._notice(notice("PERSON_EMPTY", place, column=self._mapped.file.log.columns.person))
        elif replayed.refused and len(self.report.flagged) < KEPT:
            self.report.flagged.append(replayed)
        self._witness.replayed(replayed)

    def _notice(self, found: Notice) -> None:
        self.report.looks += 1
        if len(self.report.notices) < KEPT:
            self.report.notices.append(found)
        self._witness.noticed(found)


def _of_item(mapped: Mapped, judged: Judged) -> OfItem:
    """What the mapping file takes for granted of each step is what the step's controls ask for."""
    item = judged.policy.items[judged.item]
    refuse_undeclared_facts(mapped, item.facts)
    asked = {step: frozenset(_asked(judged, step)) for step in item.steps}
    assumed = mapped.file.assumes
    return OfItem(
        judged.item,
        item.facts,
        {step: names - {OUTCOME, ABOUT} for step, names in asked.items()} if "evidence" in assumed else {},
        {step: GRANT for step, names in asked.items() if OUTCOME in names} if "outcome" in assumed else {},
    )


def _asked(judged: Judged, step: str) -> Iterator[str]:
    rows = judged.policy.step(judged.item, step).rows
    return (row[_ARG] for row in rows if row[_CTL] == ControlKind.REQUIRES)


def _registers(mapped: Mapped, judged: Judged) -> Registers:
    """The registers of the office; without them, who acted held at that moment the post they name, or the accountable post of
    the step, and nothing beside it."""
    if judged.registers:
        held = judged.registers
        return lambda _request: held
    assumed, steps = mapped.file.assumes, judged.policy.items[judged.item].steps
    credentials = tuple(words.CREDENTIALS) if "credentials" in assumed else ()

    @lru_cache(maxsize=4_096)
    def holding(person: str, post: str) -> Personnel:
        appointed = [Appointment(person, post, Span())] if person and "posts" in assumed else []
        return Personnel(appointed, [CredentialHeld(person, name, Span()) for name in credentials])

    return lambda request: holding(request.person, request.acting_post or steps[request.step].posts[0])
