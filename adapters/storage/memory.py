"""A record that forgets: the promises of the port without the disk, for tests. It says so wherever it is asked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec

from adapters.storage.own_ground import Ground, system_ms
from sidecar.case_history.history import CaseEvent, CaseHistory, fold
from sidecar.case_history.ledger import MAX_CHANGES, Ledger, amend
from sidecar.decision_log.canonical import NotCanonicalError, leaf_hash
from sidecar.decision_log.entry import entry_bytes
from sidecar.errors import StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Filter, Replayed, RequestKey, Stored
from sidecar.ports.telling import Then, outcome


class MemoryStore:
    """Keeps everything in lists. `break_with` makes every later commit fail, as a full disk would."""

    durable = False

    warnings: Sequence[str] = ()
    counters: Mapping[str, int] = {}

    def __init__(self, now_ms: Callable[[], int] = system_ms) -> None:
        self.reader = MemoryReader()
        self._ground = Ground(now_ms)
        self._requests: dict[RequestKey, Replayed] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._failure = ""

    def break_with(self, reason: str) -> None:
        self._failure = reason

    @property
    def failure(self) -> str:
        return self._failure

    async def read_case(self, case_id: str) -> CaseHistory:
        return fold(case_id, self.reader.case_events(case_id))

    def likely_case(self, case_id: str) -> CaseHistory:
        return fold(case_id, self.reader.case_events(case_id))

    async def case_digest(self, case_id: str, version: int) -> str:
        return fold(case_id, islice(self.reader.case_events(case_id), version)).digest

    async def find_decision(self, decision_id: str) -> Stored | None:
        return self.reader.find(decision_id)

    def serve(self, epoch: Epoch) -> None:
        self._ground.epoch = epoch

    async def start(self) -> None:
        """Nothing to begin."""

    async def read_ledger(self, ledger_id: str) -> Ledger:
        return self._ledger(ledger_id)

    def _ledger(self, ledger_id: str) -> Ledger:
        return self._ledgers.get(ledger_id, Ledger(ledger_id))

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        def tell() -> None:  # as with a disk, others run meanwhile
            try:
                result: Committed | Replayed | Exception = self._stored(commit)
            except StoreError as fault:
                result = fault
            then(result)

        asyncio.get_running_loop().call_soon(tell)

    async def commit(self, commit: Commit) -> Committed | Replayed:
        return await outcome(partial(self.submit, commit))

    def _stored(self, commit: Commit) -> Committed | Replayed:
        if self._failure:
            raise StoreError(self._failure)
        if commit.key and commit.key in self._requests:
            return self._requests[commit.key]
        self._ground.prove(commit)
        events = self.reader.events.setdefault(commit.case_id, []) if commit.case_id else []
        if commit.case_id and len(events) != commit.expected_version:
            raise VersionConflictError(commit.case_id, commit.expected_version)
        ledgers = self._amended(commit)
        try:
            seq = self.reader.append(commit)
        except NotCanonicalError as fault:
            raise StoreError(f"the entry cannot be recorded: {fault}") from fault
        if commit.event:
            events.append(commit.event)
        if commit.key:
            self._requests[commit.key] = Replayed(commit.act, commit.answer)
        self._ledgers |= ledgers
        return Committed(seq)

    def _amended(self, commit: Commit) -> dict[str, Ledger]:
        changed = {}
        for change in commit.ledgers:
            ledger = self._ledger(change.ledger_id)
            if ledger.version != change.expected_version:
                raise VersionConflictError(change.ledger_id, change.expected_version, "ledger")
            if ledger.version >= MAX_CHANGES:
                raise StoreError(f"ledger {change.ledger_id} has {MAX_CHANGES} changes, it takes no more")
            changed[change.ledger_id] = amend(ledger, change)
        return changed

    async def close(self) -> None:
        """Nothing to let go of."""


class MemoryReader:
    def __init__(self) -> None:
        self.entries: list[Stored] = []
        self.events: dict[str, list[CaseEvent]] = {}

    def append(self, commit: Commit) -> int:
        seq = len(self.entries) + 1
        previous = next(
            (e.leaf.hex() for e in reversed(self.entries) if commit.case_id and _fields(e)["case_id"] == commit.case_id), ""
        )
        body = entry_bytes(commit.entry, seq, previous)
        self.entries.append(Stored(seq, leaf_hash(body), body))
        return seq

    def query(self, wanted: Filter, *, limit: int, before: int | None = None) -> Sequence[Stored]:
        newest_first = (e for e in reversed(self.entries) if (before is None or e.seq < before) and _matches(e, wanted))
        return [entry for entry, _ in zip(newest_first, range(limit), strict=False)]

    def since(self, wanted: Filter, *, after: int, limit: int) -> Sequence[Stored]:
        return [e for e in self.entries if e.seq > after and _matches(e, wanted)][:limit]

    def find(self, decision_id: str) -> Stored | None:
        return self._one("decision", decision_id)

    def outcome_of(self, decision_id: str) -> Stored | None:
        return self._one("outcome", decision_id)

    def event(self, kind: str, event_id: str) -> Stored | None:
        return self._one(kind, event_id)

    def case_events(self, case_id: str) -> Iterator[CaseEvent]:
        return iter(tuple(self.events.get(case_id, ())))

    def last_seq(self) -> int:
        return len(self.entries)

    def close(self) -> None:
        """Nothing to let go of."""

    def _one(self, kind: str, identifier: str) -> Stored | None:
        return next((e for e in self.entries if (_fields(e)["kind"], _identifier(_fields(e))) == (kind, identifier)), None)


def _fields(entry: Stored) -> dict[str, object]:
    fields: dict[str, object] = {"case_id": "", **msgspec.json.decode(entry.body)}
    return fields


def _identifier(fields: dict[str, object]) -> object:
    return fields.get("decision_id") or fields.get("event_id")


def _matches(entry: Stored, wanted: Filter) -> bool:
    fields = _fields(entry)
    subject = fields.get("subject")
    fields["officer"] = subject["person"] if isinstance(subject, dict) else ""
    named = all(
        not getattr(wanted, n) or fields.get(n) == getattr(wanted, n)
        for n in ("officer", "item", "case_id", "code", "decision", "kind")
    )
    moment = datetime.fromisoformat(str(fields["time"])).timestamp() * 1000
    early = wanted.since_ms is not None and moment < wanted.since_ms
    late = wanted.until_ms is not None and moment >= wanted.until_ms
    return named and not early and not late
