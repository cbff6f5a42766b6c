"""The way of a request: decide on the case's newest version, make decision and event durable together, then answer.

A lost race on the case decides again on the new history. A decision whose policies or registers were replaced before it was
durable, or whose ground is not in force by the store's clock, is made again once and then refused. The same request identifier
for the same act gets the answer that was committed first; for another act it is an error. When the record cannot be made durable,
an allow becomes LOG_UNAVAILABLE.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from time import perf_counter_ns
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict, replace

from sidecar.case_history.history import CaseHistory, digest_after, encode_event
from sidecar.case_history.ledger import Ledger, LedgerChange
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision.acts import act_of, kept_facts
from sidecar.decision.callers import UNLIMITED, limited
from sidecar.decision.counted import NO_LEDGERS, changes_for, ledgers_for
from sidecar.decision.decide import decide
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import OutsideWindowError, OverloadedError, RequestError, StalePolicyError, StoreError, VersionConflictError
from sidecar.messages import say
from sidecar.personnel.registers import Personnel
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Committed, Epoch, RecordStore, Replayed, RequestKey
from sidecar.ports.telling import Then, told
from sidecar.service.answering import CallerFacts, Made, Telling, encode
from sidecar.service.asked import Asked, EvaluationRequest, PartyToken, read_request
from sidecar.service.ids import new_id
from sidecar.service.in_force import window_of
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal
from sidecar.service.state_token import StateTokens, not_behind

_AGAIN = (VersionConflictError, StalePolicyError, OutsideWindowError)  # decided anew, on what holds now
MAX_RACES = 64  # a case that is raced this often within one request is not a case but an attack


class Answer(NamedTuple):
    """What goes back: `body` is the encoded response; `code` and `allowed` are for counters."""

    body: bytes
    allowed: bool
    code: str
    replayed: bool = False
    observed: bool = False  # a refusal that is let through


class Standing:
    """What requests are judged by at one moment: one version of the policies, one state of the personnel registers with its
    digest, and how many posts of the policies were written by an import and confirmed by nobody. Never changed but swapped as a
    whole."""

    __slots__ = ("personnel", "personnel_digest", "policy", "telling", "unconfirmed")

    def __init__(self, policy: PolicySnapshot, personnel: Personnel, unconfirmed: int = 0, personnel_digest: str = "") -> None:
        self.policy, self.personnel, self.unconfirmed = policy, personnel, unconfirmed
        self.personnel_digest = personnel_digest
        self.telling = Telling(policy, personnel_digest)

    def forget(self, count: int) -> bool:
        """Let go of some of what was kept for further requests; False when nothing was left. For a standing that serves no more:
        freed all at once it would hold up whoever runs beside."""
        return any([self.telling.forget(count), self.policy.forget(count)])


class _DecidedOn(NamedTuple):
    """What one attempt to decide a request stands on."""

    standing: Standing
    epoch: Epoch
    history: CaseHistory
    ledgers: Mapping[str, Ledger]
    now: datetime


class Authorizer:
    """Decides requests. `swap` puts other policies or registers in place, as one reference: a request sees the old or the new."""

    has_cases = True

    def __init__(
        self,
        policy: PolicySnapshot,
        personnel: Personnel,
        store: RecordStore,
        clock: Clock,
        party_token: PartyToken,
        unconfirmed: int = 0,
        tokens: StateTokens | None = None,
        personnel_digest: str = "",
        personal: Personal | None = None,
    ) -> None:
        self._turn = 0
        self.store = store
        self._standing = Standing(policy, personnel, unconfirmed, personnel_digest)
        self._serve()
        self.not_reloaded = ""  # why the last attempt to read newer policies or registers failed; empty while all is well
        self.clock = clock
        self.party_token = party_token
        self.personal = personal or Personal(party_token, PassingKeys())
        self.tokens = tokens or StateTokens(secrets.token_bytes(32))  # of this process alone

    @property
    def standing(self) -> Standing:
        return self._standing

    @property
    def policy(self) -> PolicySnapshot:
        return self._standing.policy

    @property
    def digest(self) -> str:
        return self.policy.digest

    @property
    def size(self) -> dict[str, int]:
        return {"items": len(self.policy.items)}

    @property
    def obligations(self) -> list[str]:
        return self.policy.obligations()

    @property
    def unconfirmed(self) -> int:
        return self._standing.unconfirmed

    @property
    def unknown_year(self) -> int:
        year = self.clock.now().year
        return 0 if self.policy.calendar.knows(year) else year

    def swap(self, standing: Standing) -> None:
        """Put another standing in place; the one that serves already changes nothing."""
        if standing is not self._standing:
            self._standing = standing
            self._serve()
        self.not_reloaded = ""

    def _serve(self) -> None:
        self._turn += 1
        self._epoch = Epoch(self._standing.policy.digest, self._turn)
        self.store.serve(self._epoch)

    def begin(self, wire: EvaluationRequest, caller: CallerFacts, then: Then[Answer]) -> None:
        """Decide, record, then tell the answer. Raises RequestError for a request that cannot be understood, and tells
        OverloadedError where too many wait."""
        asked, request_id = self.personal.asked(read_request(wire, self.party_token), caller.request_id, self.policy.items)
        if request_id is not caller.request_id:
            caller = caller._replace(request_id=request_id)
        act = _digest(asked) if caller.request_id else ""
        standing, epoch = self._standing, self._epoch
        on = _DecidedOn(standing, epoch, self.store.likely_case(asked.request.case_id), NO_LEDGERS, self.clock.now())
        if asked.state_token or asked.masked or _ledgers_of(asked.request, on):
            told(self._with_care(asked, caller, act, standing, epoch, None), then)
            return
        try:
            made, commit = self._decided(asked, caller, act, on)
        except StoreError:  # no key for the subject could be made: the disk is full
            asyncio.get_running_loop().call_soon(then, _unrecorded(asked, standing))
            return

        def stored(result: Committed | Replayed | Exception) -> None:
            if isinstance(result, _AGAIN):
                told(self._with_care(asked, caller, act, standing, epoch, result), then)
            elif isinstance(result, StoreError) and not isinstance(result, OverloadedError):
                then(_unrecorded(asked, standing))
            else:
                then(_answered(made, commit, result))

        self.store.submit(commit, stored)

    async def _with_care(
        self, asked: Asked, caller: CallerFacts, act: str, standing: Standing, epoch: Epoch, fault: StoreError | None
    ) -> Answer:
        """What is not decided and stored at the first attempt: there is a state to prove, there are ledgers to read, or `fault`
        says what had changed."""
        history, again = self.store.likely_case(asked.request.case_id), False
        try:
            if asked.state_token:
                history = await not_behind(self.tokens.read(asked.state_token, history.case_id), history, self.store)
            for _ in range(MAX_RACES - (fault is not None)):
                if isinstance(fault, VersionConflictError):
                    history = await self.store.read_case(asked.request.case_id)
                elif fault is not None:
                    if again:
                        break
                    again, standing, epoch = True, self._standing, self._epoch
                on = await self._read(asked.request, standing, epoch, history)
                made, commit = self._decided(asked, caller, act, on)
                try:
                    result = await self.store.commit(commit)
                except _AGAIN as raised:
                    fault = raised
                else:
                    return _returned(_answered(made, commit, result))
        except OverloadedError:
            raise
        except StoreError:
            pass
        return _unrecorded(asked, standing)

    async def _read(self, request: AccessRequest, standing: Standing, epoch: Epoch, history: CaseHistory) -> _DecidedOn:
        """Everything a request is decided on, with the ledgers that concern it; most have none."""
        on = _DecidedOn(standing, epoch, history, NO_LEDGERS, self.clock.now())
        names = _ledgers_of(request, on)
        return on._replace(ledgers={name: await self.store.read_ledger(name) for name in names}) if names else on

    def _decided(self, asked: Asked, caller: CallerFacts, act: str, on: _DecidedOn) -> tuple[Made, Commit]:
        """A decision on all this, and what is to be made durable before it is answered."""
        started, (standing, epoch, history, ledgers, now) = perf_counter_ns(), on
        request, policy = completed(asked.request, history), standing.policy
        decision = decide(policy, standing.personnel, history, request, now, ledgers)
        promised = asked.supported_obligations
        limits = caller.limits if promised is None else caller.limits.declaring(promised)
        if limits.observe_until:
            wished = asked.observe and request.intent != QUESTION
            limits = limits.observing(wished=wished, today=now.date().isoformat())
        if limits is not UNLIMITED:
            decision = limited(decision, limits, (decision.item, history.item))
        enters = decision.allowed and request.intent != QUESTION
        time, decision_id = now.isoformat(timespec="milliseconds"), new_id(int(now.timestamp() * 1000))
        item, version = policy.item(decision.item), history.version + enters
        digest, event, window, stored = history.digest, None, None, b""
        changes: tuple[LedgerChange, ...] = ()
        if enters:
            changes = changes_for(policy, standing.personnel, history, request, now, ledgers, decision_id)
            event = act_of(decision, request, item, decision_id, time, changes)
            window, stored = window_of(standing.personnel, request, decision.post, now), encode_event(event)
            digest = digest_after(digest, stored)
        facts = event.facts if event else kept_facts(request, item)
        counted, source = tuple(ledgers.values()), self.clock.source
        made = Made(decision, request, item, decision_id, time, source, history, version, digest, facts, counted, limits)
        token = self.tokens.of(request.case_id, version, digest)
        body, entry = standing.telling.told(made, asked, caller, token, started, self.personal)
        key = RequestKey(caller.name, caller.request_id) if caller.request_id else None
        commit = Commit(
            entry, request.case_id, history.version, event, key, act, body, changes,
            expected_digest=history.digest, epoch=epoch, window=window, stored_event=stored, digest=digest if stored else "",
        )  # fmt: skip
        return made, commit


def _answered(made: Made, commit: Commit, result: Committed | Replayed | Exception) -> Answer | Exception:
    allowed = made.decision.allowed
    return answered(commit, allowed, made.decision.code, result, observed=bool(made.limits.observed(allowed=allowed)))


def _ledgers_of(request: AccessRequest, on: _DecidedOn) -> tuple[str, ...]:
    return ledgers_for(on.standing.policy, on.standing.personnel, on.history, completed(request, on.history), on.now)


def answered(
    commit: Commit, allowed: bool, code: str, result: Committed | Replayed | Exception, *, observed: bool = False
) -> Answer | Exception:
    """The answer that was committed now, or first under the same identifier; a RequestError where that was another act."""
    if isinstance(result, Committed):
        return Answer(commit.answer, allowed, code, observed=observed)
    if isinstance(result, Exception):
        return result
    if result.act != commit.act:
        return RequestError("idempotency_conflict", "this X-Request-ID was used for another act; use a new one", 409)
    first = msgspec.json.decode(result.answer)
    return Answer(result.answer, first["decision"], first["context"]["code"], replayed=True)


def _returned(told: Answer | Exception) -> Answer:
    if isinstance(told, Exception):
        raise told
    return told


def _unrecorded(asked: Asked, standing: Standing) -> Answer:
    return unavailable(standing.policy.digest, step=asked.request.step, case={"id": asked.request.case_id})


def unavailable(policy_digest: str, **named: object) -> Answer:
    """The refusal that has no record, because there can be none."""
    context = {
        "code": "LOG_UNAVAILABLE",
        "rule": "SEC-AUD",
        "basis": "网络安全法第二十三条",
        "reason": say("LOG_UNAVAILABLE").in_both(),
        "policy": policy_digest,
        **named,
    }
    return Answer(encode({"decision": False, "context": context}), allowed=False, code="LOG_UNAVAILABLE")


def _digest(asked: Asked) -> str:
    """What was asked, as a digest: of the request with the party as a token, so that nobody can try parties against it."""
    request = asked.request
    fields = {name: value for name, value in asdict(request).items() if name != "evidence"}
    declared: list[object] = [] if asked.supported_obligations is None else [sorted(asked.supported_obligations)]
    if asked.observe:
        declared.append("observe")
    return digest_of([fields, asked.subject_type, asked.channel, dict(asked.evidence), *declared])


def digest_of(asked: list[object]) -> str:
    """By which a request is known again under its identifier."""
    return hashlib.sha256(encode(asked)).hexdigest()


def completed(request: AccessRequest, history: CaseHistory) -> AccessRequest:
    """A later request may leave the item to the case, which fixed it with its first step."""
    return replace(request, item=history.item) if history.item and not request.item else request
