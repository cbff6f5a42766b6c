"""Outcome reports: what became of an act that was allowed (performed or failed), recorded beside the decision.

A failed act no longer counts in its case. Only the caller that asked may report, and the first report stands: saying the same
again changes nothing, saying the opposite is an error, because a record is never edited. What was decided without a case, on a
plain Casbin policy, has its outcome on record and no history that it could change.

A performance that is reported while the case is in memory, the ordinary report, is begun and told (ADR 0013): it is one commit
like the decision's, and patient, so that it shares its sync with the next decision instead of standing before it. What needs more
reading, and a lost race, takes the awaited way.
"""

import hashlib
from functools import partial
from typing import NamedTuple

import msgspec

from sidecar.case_history.history import FAILED, CaseHistory, OutcomeReported, digest_after, encode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.controls.context import QUESTION
from sidecar.controls.ledgers import undone
from sidecar.decision_log.entry import OutcomeEntry
from sidecar.errors import NotFoundError, RequestError, StoreError, VersionConflictError
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Committed, RecordStore, Replayed, RequestKey, Stored
from sidecar.ports.telling import Then, outcome, told
from sidecar.service.answering import CallerFacts
from sidecar.service.authorize import MAX_RACES
from sidecar.service.personal import Personal

_NO_CASE = CaseHistory("")


class _Act(msgspec.Struct, frozen=True):
    """Of the entry of a decision, what its outcome repeats, and whether there can be one."""

    caller: str
    decision: str
    intent: str
    subject: dict[str, str]
    action: dict[str, str]
    item: str
    case_id: str
    party_token: str = ""


class _Report(NamedTuple):
    act: _Act
    decision_id: str
    result: str
    detail: str
    caller: CallerFacts


_act_of = msgspec.json.Decoder(_Act).decode
_encode = msgspec.json.Encoder().encode


class OutcomeReports:
    def __init__(self, store: RecordStore, clock: Clock, personal: Personal) -> None:
        self._store, self._clock, self._personal = store, clock, personal

    def begin(self, decision_id: str, result: str, detail: str, caller: CallerFacts, then: Then[bytes]) -> None:
        """Record the outcome of a decision, then tell the answer. Raises and tells NotFoundError, RequestError and StoreError."""
        found = self._store.reader.find(decision_id)
        if found is None or result == FAILED:
            told(self._with_care(decision_id, result, detail, caller), then)
            return
        report = _Report(_reportable(found, decision_id, caller), decision_id, result, detail, caller)
        case_id = report.act.case_id
        commit = self._commit(report, self._store.likely_case(case_id) if case_id else _NO_CASE, self._now())

        def stored(done: Committed | Replayed | Exception) -> None:
            if isinstance(done, VersionConflictError):
                told(self._recorded(report, MAX_RACES - 1), then)
            else:
                then(_answered(commit, done))

        self._store.submit(commit._replace(patient=True), stored)

    async def report(self, decision_id: str, result: str, detail: str, caller: CallerFacts) -> bytes:
        """The same, awaited."""
        return await outcome(partial(self.begin, decision_id, result, detail, caller))

    async def _with_care(self, decision_id: str, result: str, detail: str, caller: CallerFacts) -> bytes:
        act = _reportable(await self._store.find_decision(decision_id), decision_id, caller)
        return await self._recorded(_Report(act, decision_id, result, detail, caller), MAX_RACES)

    async def _recorded(self, report: _Report, races: int) -> bytes:
        for _ in range(races):
            case_id, now = report.act.case_id, self._now()
            history = await self._store.read_case(case_id) if case_id else _NO_CASE
            commit = self._commit(report, history, now, await self._given_back(report, history, now))
            try:
                answer = _answered(commit, await self._store.commit(commit))
            except VersionConflictError:
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer
        raise StoreError("CASE_WRITTEN_TOO_OFTEN")

    async def _given_back(self, report: _Report, history: CaseHistory, now: str) -> tuple[LedgerChange, ...]:
        """What an act that failed had put into ledgers counts no more."""
        if report.result != FAILED:
            return ()
        spent = [(act, name) for act in history.acts if act.decision_id == report.decision_id for name in act.ledgers]
        return tuple([undone(await self._store.read_ledger(name), history.case_id, act, now) for act, name in spent])

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")

    def _commit(self, report: _Report, history: CaseHistory, now: str, given_back: tuple[LedgerChange, ...] = ()) -> Commit:
        act, decision_id, result, detail, caller = report
        case_id = act.case_id
        event = OutcomeReported(decision_id, result, now) if case_id else None
        stored = encode_event(event) if event else b""
        version, digest = history.version + bool(event), digest_after(history.digest, stored) if event else history.digest
        subject = act.party_token or f"case {case_id or decision_id}"
        said, masked = self._personal.free_text("detail", subject, decision_id, detail)
        named = self._personal.disclosed({"request_id": self._personal.text(caller.request_id), "masked": masked})
        entry = OutcomeEntry(
            decision_id=decision_id,
            time=now,
            time_source=self._clock.source,
            caller=caller.name,
            subject=act.subject,
            action=act.action,
            item=act.item,
            case_id=case_id,
            case_version=version,
            case_digest=digest,
            result=result,
            detail=said,
            **named,
        )
        answer = _encode({"decision_id": decision_id, "result": result, "case": {"id": case_id, "version": version}})
        key = RequestKey(caller.name, f"\noutcome {decision_id}")  # no header can hold a line feed
        return Commit(
            entry, case_id, history.version, event, key, _digest(decision_id, result), answer, given_back,
            expected_digest=history.digest, stored_event=stored, digest=digest if event else "",
        )  # fmt: skip


def _reportable(found: Stored | None, decision_id: str, caller: CallerFacts) -> _Act:
    act = _act_of(found.body) if found else None
    if act is None or act.caller != caller.name:
        raise NotFoundError("NO_DECISION_OF_CALLER", decision_id=decision_id)
    if act.decision != "allow" or act.intent == QUESTION:
        raise RequestError("no_act", "only an allowed exercise has an outcome", 409)
    return act


def _digest(decision_id: str, result: str) -> str:
    return hashlib.sha256(f"{decision_id} {result}".encode()).hexdigest()


def _answered(commit: Commit, done: Committed | Replayed | Exception) -> bytes | Exception:
    """The answer that was committed now or first; a RequestError where that was the opposite."""
    if isinstance(done, Committed):
        return commit.answer
    if isinstance(done, Exception):
        return done
    if done.act != commit.act:
        return RequestError("outcome_stands", "another outcome of this decision is already on record", 409)
    return done.answer
