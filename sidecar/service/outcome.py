"""Outcome reports: what became of an act that was allowed (performed or failed), recorded beside the decision.

A failed act no longer counts in its case. Only the caller that asked may report, and the first report stands: saying the same
again changes nothing, saying the opposite is an error, because a record is never edited.
"""

import hashlib

import msgspec

from sidecar.case_history.history import DONE, FAILED, CaseHistory, OutcomeReported, digest_after, encode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.controls.context import QUESTION
from sidecar.controls.ledgers import undone
from sidecar.decision_log.entry import OutcomeEntry
from sidecar.errors import NotFoundError, RequestError, StoreError, VersionConflictError
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, RecordStore, Replayed, RequestKey
from sidecar.service.answering import CallerFacts
from sidecar.service.authorize import MAX_RACES
from sidecar.service.personal import Personal

RESULTS = (DONE, FAILED)


class OutcomeReports:
    def __init__(self, store: RecordStore, clock: Clock, personal: Personal) -> None:
        self._store, self._clock, self._personal = store, clock, personal

    async def report(self, decision_id: str, result: str, detail: str, caller: CallerFacts) -> dict[str, object]:
        """Record the outcome of a decision. Raises NotFoundError, RequestError or StoreError."""
        decision = await self._decision(decision_id, caller)
        for _ in range(MAX_RACES):
            try:
                return await self._commit(decision, decision_id, result, detail, caller)
            except VersionConflictError:
                continue
        raise StoreError("the case is written too often", "report the outcome again")

    async def _decision(self, decision_id: str, caller: CallerFacts) -> dict[str, object]:
        stored = await self._store.find_decision(decision_id)
        decision: dict[str, object] = msgspec.json.decode(stored.body) if stored else {}
        if decision.get("caller") != caller.name:
            raise NotFoundError(f"no decision {decision_id} of this caller")
        if decision["decision"] != "allow" or decision["intent"] == QUESTION:
            raise RequestError("no_act", "only an allowed exercise has an outcome", 409)
        return decision

    async def _given_back(self, history: CaseHistory, event: OutcomeReported) -> tuple[LedgerChange, ...]:
        """What an act that failed had put into ledgers counts no more."""
        if event.result != FAILED:
            return ()
        spent = [(act, name) for act in history.acts if act.decision_id == event.decision_id for name in act.ledgers]
        return tuple([undone(await self._store.read_ledger(name), history.case_id, act, event.time) for act, name in spent])

    async def _commit(
        self, decision: dict[str, object], decision_id: str, result: str, detail: str, caller: CallerFacts
    ) -> dict[str, object]:
        case_id = str(decision["case_id"])
        history = await self._store.read_case(case_id)
        now = self._clock.now().isoformat(timespec="milliseconds")
        event = OutcomeReported(decision_id, result, now)
        subject = str(decision.get("party_token") or f"case {case_id or decision_id}")
        told, masked = self._personal.free_text("detail", subject, decision_id, detail)
        named = self._personal.disclosed({"request_id": self._personal.text(caller.request_id), "masked": masked})
        entry = OutcomeEntry(
            decision_id=decision_id,
            time=now,
            time_source=self._clock.source,
            caller=caller.name,
            subject=decision["subject"],  # type: ignore[arg-type]  # read back from our own entry
            action=decision["action"],  # type: ignore[arg-type]
            item=str(decision["item"]),
            case_id=case_id,
            case_version=history.version + 1,
            case_digest=digest_after(history.digest, encode_event(event)),
            result=result,
            detail=told,
            **named,
        )
        answer: dict[str, object] = {
            "decision_id": decision_id,
            "result": result,
            "case": {"id": case_id, "version": history.version + 1},
        }
        act = hashlib.sha256(f"{decision_id} {result}".encode()).hexdigest()
        key = RequestKey(caller.name, f"\noutcome {decision_id}")  # no header can hold a line feed
        given_back = await self._given_back(history, event)
        commit = Commit(entry, case_id, history.version, event, key, act, msgspec.json.encode(answer), given_back)
        done = await self._store.commit(commit._replace(expected_digest=history.digest))
        if isinstance(done, Replayed):
            if done.act != act:
                raise RequestError("outcome_stands", "another outcome of this decision is already on record", 409)
            answer = msgspec.json.decode(done.answer)
        return answer
