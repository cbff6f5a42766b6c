"""Reading decisions and cases over HTTP, each reader what it is granted. Each reading is itself recorded before anything is
shown: who read, for whom, what was asked and how much was shown; that something was refused is recorded alike.

What a reader may not see is for it as if it were not there: a search is narrowed to its units, a decision or case of another one
is not found. Only a search that names another unit is refused, for there the answer "nothing" would be a lie.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from sidecar.case_history.history import DONE, FAILED, ActRecorded, CaseHistory
from sidecar.decision_log.entry import FORMS, LogReadEntry
from sidecar.decision_log.hashing import is_leaf
from sidecar.errors import NotFoundError, ReleasedError
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Filter, RecordStore, Stored
from sidecar.service.counting import counted
from sidecar.service.ids import new_id
from sidecar.service.paging import Pages, Turn
from sidecar.service.personal import Personal
from sidecar.service.reading import OUTSIDE, Organs, Reader, ReadingRefusedError

PAGE, MAX_PAGE = 50, 500  # entries
LINES, MAX_LINES = 100, 1_000  # of totals

Question = dict[str, str]
Find = Callable[[str], Awaitable[Stored | None]]


class Search(NamedTuple):
    """What a page is asked of: the entries that are wanted, the class of power whose items they name, and which page of how
    many."""

    wanted: Filter
    power_class: str = ""
    limit: int | None = None
    token: str = ""

    @property
    def question(self) -> Question:
        """As it is recorded."""
        told = named(self.wanted._replace(items=()) if self.power_class else self.wanted)
        return told | ({"class": self.power_class} if self.power_class else {})


class Inspector:
    """What an inspector or an operator may look up. `organs` are those of the policies that serve."""

    def __init__(self, store: RecordStore, clock: Clock, personal: Personal, pages: Pages, organs: Callable[[], Organs]) -> None:
        self._store, self._clock, self._personal, self._pages, self._organs = store, clock, personal, pages, organs

    async def decisions(self, search: Search, reader: Reader) -> dict[str, object]:
        """A page of entries, newest first. Entries that come meanwhile do not shift the pages behind it."""
        turn = self._turn(search, PAGE, MAX_PAGE, reader, "decisions")
        before = int(turn.after) if turn.after else None
        question = {"what": "decisions", **search.question} | ({"before": turn.after} if before else {})
        wanted = await self._narrowed(search.wanted, question, reader)
        found = await asyncio.to_thread(self._store.reader.query, wanted, limit=turn.limit + 1, before=before)
        shown = found[: turn.limit]
        await self.record_reading(reader, question, len(shown))
        following = str(shown[-1].seq) if len(found) > len(shown) else ""
        return {"entries": [as_shown(entry) for entry in shown], "page": self._pages.told(len(shown), following, turn)}

    async def totals(self, search: Search, by: str, reader: Reader) -> dict[str, object]:
        """How many decisions were allowed and denied, all of them and by the values of a field, a page of values."""
        turn = self._turn(search, LINES, MAX_LINES, reader, "totals", by)
        question = {"what": "totals", "by": by, **search.question} | ({"after": turn.after[1:]} if turn.after else {})
        wanted = await self._narrowed(search.wanted, question, reader)
        sums = await asyncio.to_thread(counted, self._store.reader, wanted, by)
        behind = [line for line in sums.lines if not turn.after or line.value > turn.after[1:]]
        shown = behind[: turn.limit]
        await self.record_reading(reader, question, len(shown))
        following = f"={shown[-1].value}" if len(behind) > len(shown) else ""  # a value may be empty
        return {
            "by": by,
            "allowed": sums.allowed,
            "denied": sums.denied,
            "totals": [line._asdict() for line in shown],
            "page": self._pages.told(len(shown), following, turn),
        }

    async def decision(self, decision_id: str, reader: Reader) -> dict[str, object]:
        """One decision with its outcome, if one was reported."""
        stored = await self.found(decision_id, reader, "decision")
        outcome = self._store.reader.outcome_of(decision_id)
        return {"entry": as_shown(stored), "outcome": as_shown(outcome) if outcome else None}

    async def found(self, decision_id: str, reader: Reader, what: str, find: Find | None = None) -> Stored:
        """The entry of a decision, for a reader that may see it; `what` of it is recorded as read. Raises NotFoundError."""
        question, units = {"what": what, "id": decision_id}, reader.units(self._organs())
        try:
            stored = await find(decision_id) if find else self._store.reader.find(decision_id)
        except ReleasedError:
            await self.record_reading(reader, question)
            if units is None:
                raise
            stored = None
        else:
            hidden = stored is not None and units is not None and unit_of(stored) not in units
            stored = None if hidden else stored
            await self.record_reading(reader, question | ({"refused": OUTSIDE} if hidden else {}), int(stored is not None))
        if stored is None:
            raise NotFoundError("NO_DECISION", decision_id=decision_id)
        return stored

    async def case(self, case_id: str, reader: Reader) -> dict[str, object]:
        """A case as its own history tells it: the acts that count, and beside them those that were reported to have failed."""
        history = await self._store.read_case(case_id)
        units, acts = reader.units(self._organs()), len(history.acts) + len(history.failed)
        hidden = bool(history.version) and units is not None and await self._unit_of_case(history) not in units
        question = {"what": "case", "id": case_id} | ({"refused": OUTSIDE} if hidden else {})
        await self.record_reading(reader, question, 0 if hidden else acts)
        if hidden or not history.version:
            raise NotFoundError("NO_CASE", case_id=case_id)
        return {
            "case": case_id,
            "version": history.version,
            "item": history.item,
            "region": history.region,
            "party_token": history.party,
            "facts": dict(history.facts),
            "acts": [_act(act, DONE if act.decision_id in history.confirmed else "") for act in history.acts],
            "failed": [_act(act, FAILED) for act in history.failed],
        }

    async def entries(self, bundle: str, reader: Reader, count: int) -> None:
        """Before a bundle of entries is shown as it lies in the log. Raises ReadingRefusedError."""
        question = {"what": "entries", "bundle": bundle}
        try:
            reader.refuse_unless_all()
        except ReadingRefusedError:
            await self.record_reading(reader, question | {"refused": OUTSIDE})
            raise
        await self.record_reading(reader, question, count)

    async def _narrowed(self, wanted: Filter, question: Question, reader: Reader) -> Filter:
        try:
            return reader.narrowed(wanted, self._organs())
        except ReadingRefusedError:
            await self.record_reading(reader, question | {"refused": OUTSIDE})
            raise

    def _turn(self, search: Search, usual: int, most: int, reader: Reader, *what: str) -> Turn:
        """Raises RequestError."""
        limit = min(search.limit, most) if search.limit else search.limit
        wanted = search.wanted._replace(items=()) if search.power_class else search.wanted
        return self._pages.turned(search.token, limit, usual, reader.caller.name, *what, wanted, search.power_class)

    async def _unit_of_case(self, history: CaseHistory) -> str:
        """A case belongs to the unit that began it."""
        begun = min([*history.acts, *history.failed], key=lambda act: act.time, default=None)
        with suppress(ReleasedError):
            stored = await self._store.find_decision(begun.decision_id) if begun else None
            return unit_of(stored) if stored else ""
        return ""

    async def record_reading(self, reader: Reader, question: Question, shown: int = 0) -> None:
        """Record that somebody reads, before anything is shown. Raises StoreError, and then nothing is."""
        now, caller = self._clock.now(), reader.caller
        decision_id, mask = new_id(int(now.timestamp() * 1000)), self._personal.text
        reads = {"reads": " ".join(reader.grants)} if reader.grants is not None else {}
        query = question | reads
        plain = {name: mask(text) for name, text in query.items()}
        originals = {f"query/{name}": text for name, text in query.items() if plain[name] != text}
        request_id, client_ip = mask(caller.request_id), caller.client_ip
        masked = self._personal.masked(decision_id, originals)
        entry = LogReadEntry(
            decision_id=decision_id,
            time=now.isoformat(timespec="milliseconds"),
            time_source=self._clock.source,
            caller=caller.name,
            person=reader.person,
            query=plain,
            shown=shown,
            **self._personal.disclosed({"request_id": request_id, "client_ip": client_ip, "masked": masked}),
        )
        await self._store.commit(Commit(entry))


def named(wanted: Filter) -> Question:
    """What a search names, as it is recorded."""
    values = {name: value for name, value in wanted._asdict().items() if value not in ("", None, ())}
    return {name: " ".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}


def unit_of(stored: Stored) -> str:
    """The unit of an entry; empty where it has none."""
    subject = _fields(stored.body).get("subject")
    return str(subject.get("organ", "")) if isinstance(subject, dict) else ""


def as_shown(stored: Stored) -> dict[str, Any]:
    """An entry with its leaf hash, as programs see it; `altered` where it is not what was recorded at its place."""
    fields = _fields(stored.body)
    if not is_leaf(stored.leaf, stored.body) or fields.get("seq") != stored.seq:
        fields = {**(fields if _is_entry(fields) else {}), "seq": stored.seq, "altered": True}
    return {**fields, "leaf": stored.leaf.hex()}


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        fields = {}
    return fields


def _is_entry(fields: dict[str, Any]) -> bool:
    """Whether an altered body still has the form of an entry and can be shown as one."""
    for form in FORMS:
        with suppress(msgspec.ValidationError):
            msgspec.convert(fields, form)
            return True
    return False


def _act(act: ActRecorded, reported: str) -> dict[str, object]:
    """An act, with what was reported of it; nothing yet where `reported` is empty."""
    shown: dict[str, object] = msgspec.to_builtins(act)
    shown.pop("type", None)
    return shown | {"reported": reported}
