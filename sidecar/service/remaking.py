"""A recorded decision made again, on everything it was made on: policies and registers by their digests, the case and the ledgers
at their versions, the request and the moment from the entry itself.

What is read beside the entries is believed only as far as the entries prove it: the events of a case by the running digest in
each decision, policies and registers by theirs. Memory does not grow with the log: what was last asked for is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from sidecar.case_history.history import CaseHistory, fold_stored
from sidecar.case_history.ledger import Ledger, LedgerChange, amend
from sidecar.controls.context import AccessRequest
from sidecar.decision.callers import limited, limits_told
from sidecar.decision.counted import NO_LEDGERS, ledgers_for
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.engine import Engine
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision_log.entry import DecisionEntry
from sidecar.errors import NotKeptError, QuanhengError
from sidecar.personnel.registers import Personnel
from sidecar.ports.past import Grounds, Past
from sidecar.replay.recorded import Cause, cause_of, request_of, version_before

KEPT_CASES, KEPT_LEDGERS, KEPT_POLICIES, KEPT_PERSONNEL = 8_192, 200, 3, 8

T = TypeVar("T")
_decode_change = msgspec.json.Decoder(LedgerChange).decode


class NotMadeAgainError(QuanhengError):
    """A decision that cannot be made again; `cause` says why, the message what is missing."""

    def __init__(self, cause: Cause, code: str, /, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.cause = cause


class Remade(NamedTuple):
    """A decision with everything it was made on, both times."""

    entry: DecisionEntry
    policy: PolicySnapshot
    personnel: Personnel
    history: CaseHistory
    request: AccessRequest
    now: datetime
    ledgers: Mapping[str, Ledger]
    decision: Decision


class Remaker:
    """Makes recorded decisions again; quickest in the order in which they were made."""

    def __init__(self, past: Past, grounds: Grounds) -> None:
        self._past, self._grounds = past, grounds
        self._cases: _Recent[CaseHistory] = _Recent(KEPT_CASES)
        self._ledgers: _Recent[Ledger] = _Recent(KEPT_LEDGERS)
        self._policies: _Recent[PolicySnapshot | NotKeptError] = _Recent(KEPT_POLICIES)
        self._plain: _Recent[Engine | NotKeptError] = _Recent(KEPT_POLICIES)
        self._personnel: _Recent[Personnel | NotKeptError] = _Recent(KEPT_PERSONNEL)

    def remade(self, entry: DecisionEntry, other: PolicySnapshot | None = None) -> Remade:
        """The decision by the policies of the day, or by others. Raises NotMadeAgainError."""
        cause = cause_of(entry)
        if cause is not None:
            raise NotMadeAgainError(cause, "NOT_MADE_AGAIN")
        policy = other or self.policy(entry.policy_digest)
        personnel = self.personnel(entry.personnel_digest)
        history = self._case(entry.case_id, version_before(entry))
        request, now = request_of(entry), datetime.fromisoformat(entry.time)
        ledgers = self._counted(entry)
        if other is not None:
            self._refuse_uncounted(ledgers, ledgers_for(other, personnel, history, request, now))
        decision = decide(policy, personnel, history, request, now, ledgers)
        decision = limited(decision, limits_told(entry.asked), (decision.item, history.item))
        return Remade(entry, policy, personnel, history, request, now, ledgers, decision)

    def policy(self, digest: str) -> PolicySnapshot:
        """Raises NotMadeAgainError."""
        return self._kept(self._policies, self._grounds.policy, digest, Cause.POLICY_NOT_KEPT)

    def plain(self, digest: str) -> Engine:
        """Raises NotMadeAgainError."""
        return self._kept(self._plain, self._grounds.plain, digest, Cause.POLICY_NOT_KEPT)

    def personnel(self, digest: str) -> Personnel:
        """Raises NotMadeAgainError."""
        return self._kept(self._personnel, self._grounds.personnel, digest, Cause.PERSONNEL_NOT_KEPT)

    @staticmethod
    def _kept(recent: "_Recent[T | NotKeptError]", read: Callable[[str], T], digest: str, cause: Cause) -> T:
        """What is kept under a digest; that it is not is remembered, too."""
        found = recent.get(digest)
        if found is None:
            try:
                found = read(digest)
            except NotKeptError as fault:
                found = fault
            recent.put(digest, found)
        if isinstance(found, NotKeptError):
            raise NotMadeAgainError(cause, "PASSED_ON", told=found.sentence, advice=found.advice)
        return found

    def _case(self, case_id: str, version: int) -> CaseHistory:
        """The case at a version it had."""
        known = self._cases.get(case_id)
        if known is None or known.version > version:
            known = CaseHistory(case_id)
        if known.version < version:
            events = self._past.events_after(case_id, known.version, version)
            if [at for at, _ in events] != list(range(known.version + 1, version + 1)):
                f"case {case_id}: of its {version} events {known.version + len(events)} are in the logs at hand"
                raise NotMadeAgainError(
                    Cause.HISTORY_NOT_WHOLE,
                    "CASE_NOT_AT_HAND",
                    case_id=case_id,
                    version=version,
                    events=known.version + len(events),
                )
            try:
                known = fold_stored(known, [event for _, event in events])
            except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
                raise NotMadeAgainError(Cause.HISTORY_NOT_WHOLE, "CASE_EVENT_UNREADABLE", case_id=case_id, fault=fault) from fault
        self._cases.put(case_id, known)
        return known

    def _counted(self, entry: DecisionEntry) -> Mapping[str, Ledger]:
        if not entry.ledgers:
            return NO_LEDGERS
        ledgers = [self._ledger(str(told["id"]), int(told["version"]), str(told["digest"])) for told in entry.ledgers]
        return {ledger.ledger_id: ledger for ledger in ledgers}

    def _ledger(self, ledger_id: str, version: int, digest: str) -> Ledger:
        """The ledger at a version it had; what versions count is the affair of the store, so its digest says whether it is
        whole."""
        known = self._ledgers.get(ledger_id)
        if known is None or known.version > version:
            known = Ledger(ledger_id)
        changes = self._past.changes_after(ledger_id, known.version, version)
        for at, change in changes:
            try:
                known = replace(amend(known, _decode_change(change)), version=at)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                break
        known = replace(known, version=version)
        if known.digest != digest:
            f"ledger {ledger_id} holds {len(known.entries)} entries in the logs at hand, not those the decision stands on"
            raise NotMadeAgainError(Cause.LEDGER_NOT_WHOLE, "LEDGER_NOT_AT_HAND", ledger_id=ledger_id, n=len(known.entries))
        self._ledgers.put(ledger_id, known)
        return known

    @staticmethod
    def _refuse_uncounted(counted: Mapping[str, Ledger], asked: tuple[str, ...]) -> None:
        """What another policy counts may not have been counted then: an empty ledger would be no answer."""
        missing = [name for name in asked if name not in counted]
        if missing:
            raise NotMadeAgainError(Cause.NOT_COUNTED, "LEDGER_NOT_KEPT", missing=", ".join(missing))


class _Recent(OrderedDict[Hashable, T]):
    """The values last asked for, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def get(self, key: Hashable, default: Any = None) -> T | Any:
        if key not in self:
            return default
        self.move_to_end(key)
        return self[key]

    def put(self, key: Hashable, value: T) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._limit:
            self.popitem(last=False)
