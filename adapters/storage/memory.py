"""A record that forgets: the promises of the port without the disk, for tests. It says so wherever it is asked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from adapters.storage.own_ground import Ground, system_ms
from sidecar.case_history.history import CaseEvent, CaseHistory, fold
from sidecar.case_history.ledger import MAX_CHANGES, Ledger, amend
from sidecar.decision_log.canonical import NotCanonicalError, leaf_hash
from sidecar.decision_log.entry import entry_bytes
from sidecar.errors import StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Filter, Replayed, RequestKey, Stored, Total
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
            raise StoreError("AS_TOLD", told=self._failure)
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
            raise StoreError("ENTRY_NOT_RECORDED", fault=fault) from fault
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
                raise StoreError("LEDGER_FULL", ledger_id=change.ledger_id, max_changes=MAX_CHANGES)
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

    def totals(self, wanted: Filter, by: str) -> Sequence[Total]:
        sums: dict[str, list[int]] = {}
        for entry in self.since(wanted._replace(kind=wanted.kind or "decision"), after=0, limit=len(self.entries)):
            fields = asked_of(_fields(entry))
            if fields["kind"] == "decision":
                for value in {fields[by]} - {""} if isinstance(fields[by], str) else fields[by]:
                    sums.setdefault(value, [0, 0])[fields["decision"] == "deny"] += 1
        return [Total(value, *sums[value]) for value in sorted(sums)]

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


def _fields(entry: Stored) -> dict[str, Any]:
    fields: dict[str, Any] = {"case_id": "", **msgspec.json.decode(entry.body)}
    return fields


def _identifier(fields: dict[str, object]) -> object:
    return fields.get("decision_id") or fields.get("event_id")


def _matches(entry: Stored, wanted: Filter) -> bool:
    fields = asked_of(_fields(entry))
    named = all(not (value := getattr(wanted, n)) or fields[n] == value for n in _SAME)
    moment, day = fields["moment"], fields["day"]
    early = (wanted.since_ms is not None and moment < wanted.since_ms) or day < wanted.since_day
    late = (wanted.until_ms is not None and moment >= wanted.until_ms) or bool(wanted.until_day and day >= wanted.until_day)
    one_of = all(not values or fields[n] in values for n, values in (("item", wanted.items), ("unit", wanted.units)))
    ruled = not wanted.rule or wanted.rule in fields["rule"]
    said = not wanted.text or any(wanted.text.lower() in text.lower() for text in fields["text"])
    return named and one_of and ruled and said and not early and not late


_SAME = ("officer", "item", "case_id", "code", "decision", "kind", "post", "unit", "step", "caller", "party")


def asked_of(entry: dict[str, Any]) -> dict[str, Any]:
    """What an entry can be asked for, by the names of Filter; `rule` and `text` are sets."""
    subject, action, reason = (entry.get(name, {}) for name in ("subject", "action", "reason"))
    texts = {entry.get("item_name", ""), *reason.values(), entry.get("detail", ""), *entry.get("basis", ())}
    return {
        **{name: entry.get(name, "") for name in ("item", "case_id", "code", "decision", "kind", "caller")},
        "officer": subject.get("person", "") or entry.get("person", ""),
        "post": subject.get("acting_post", ""),
        "unit": subject.get("organ", ""),
        "step": action.get("step", ""),
        "party": entry.get("party_token", ""),
        "rule": {ground.get("rule", "") for ground in entry.get("grounds", ())} - {""},
        "text": texts - {""},
        "day": entry["time"][:10],
        "moment": int(datetime.fromisoformat(entry["time"]).timestamp() * 1000),
    }
