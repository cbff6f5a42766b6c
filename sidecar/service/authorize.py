"""The way of a request: decide on the case's newest version, make decision and event durable together, then answer.

A lost race on the case decides again on the new history. A decision whose policies or registers were replaced before it was
durable, or whose ground is not in force by the store's clock, is made again once and then refused. The same request identifier
for the same act gets the answer that was committed first; for another act it is an error. When the record cannot be made durable,
an allow becomes LOG_UNAVAILABLE.
"""

import hashlib
import secrets
from time import perf_counter_ns
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict, replace

from sidecar.case_history.history import ActRecorded, CaseHistory, digest_after, encode_event
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision.acts import act_of
from sidecar.decision.decide import decide
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import OutsideWindowError, RequestError, StalePolicyError, StoreError, VersionConflictError
from sidecar.messages import say
from sidecar.personnel.registers import Personnel
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Committed, Epoch, RecordStore, Replayed, RequestKey
from sidecar.service.answering import CallerFacts, Made, encode, entry_of, response_of
from sidecar.service.asked import Asked, EvaluationRequest, PartyToken, read_request
from sidecar.service.ids import new_id
from sidecar.service.in_force import window_of
from sidecar.service.state_token import StateTokens, not_behind

MAX_RACES = 64  # a case that is raced this often within one request is not a case but an attack


class Answer(NamedTuple):
    """What goes back: `body` is the encoded response; `code` and `allowed` are for counters."""

    body: bytes
    allowed: bool
    code: str
    replayed: bool = False


class Standing(NamedTuple):
    """What requests are judged by at one moment: one version of the policies, one state of the personnel registers, and how many
    posts of the policies were written by an import and confirmed by nobody."""

    policy: PolicySnapshot
    personnel: Personnel
    unconfirmed: int = 0


class Authorizer:
    """Decides requests. `swap` puts other policies or registers in place, as one reference: a request sees the old or the new."""

    def __init__(
        self,
        policy: PolicySnapshot,
        personnel: Personnel,
        store: RecordStore,
        clock: Clock,
        party_token: PartyToken,
        unconfirmed: int = 0,
        tokens: StateTokens | None = None,
    ) -> None:
        self._turn = 0
        self.store = store
        self.swap(Standing(policy, personnel, unconfirmed))
        self.not_reloaded = ""  # why the last attempt to read newer policies or registers failed; empty while all is well
        self.clock = clock
        self.party_token = party_token
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
    def unconfirmed(self) -> int:
        return self._standing.unconfirmed

    @property
    def unknown_year(self) -> int:
        year = self.clock.now().year
        return 0 if self.policy.calendar.knows(year) else year

    def swap(self, standing: Standing) -> None:
        self._standing = standing
        self._turn += 1
        self._epoch = Epoch(standing.policy.digest, self._turn)
        self.store.serve(self._epoch)
        self.not_reloaded = ""

    async def authorize(self, wire: EvaluationRequest, caller: CallerFacts) -> Answer:
        """Decide, record, answer. Raises RequestError for a request that cannot be understood."""
        asked = read_request(wire, self.party_token)
        act = _digest(asked) if caller.request_id else ""
        standing, epoch, again = self._standing, self._epoch, False
        history = self.store.likely_case(asked.request.case_id)
        try:
            if asked.state_token:
                history = await not_behind(self.tokens.read(asked.state_token, history.case_id), history, self.store)
            for _ in range(MAX_RACES):
                made, commit = self._decided(asked, caller, act, standing, epoch, history)
                try:
                    result = await self.store.commit(commit)
                except VersionConflictError:
                    history = await self.store.read_case(asked.request.case_id)
                except (StalePolicyError, OutsideWindowError):
                    if again:
                        break
                    again, standing, epoch = True, self._standing, self._epoch
                else:
                    return answered(commit, made.decision.allowed, made.decision.code, result)
        except StoreError:
            pass
        return unavailable(standing.policy.digest, step=asked.request.step, case={"id": asked.request.case_id})

    def _decided(
        self, asked: Asked, caller: CallerFacts, act: str, standing: Standing, epoch: Epoch, history: CaseHistory
    ) -> tuple[Made, Commit]:
        """A decision on a history, and what is to be made durable before it is answered."""
        started, now = perf_counter_ns(), self.clock.now()
        request, policy = completed(asked.request, history), standing.policy
        decision = decide(policy, standing.personnel, history, request, now)
        enters = decision.allowed and request.intent != QUESTION
        time, decision_id = now.isoformat(timespec="milliseconds"), new_id(int(now.timestamp() * 1000))
        item, version = policy.item(decision.item), history.version + enters
        made = Made(decision, request, item, decision_id, time, self.clock.source, history, version, history.digest)
        event = window = None
        if enters:
            event, window = _event(made), window_of(standing.personnel, request, decision.post, now)
            made = made._replace(digest=digest_after(history.digest, encode_event(event)))
        body = encode(response_of(made, policy, self.tokens.of(request.case_id, version, made.digest)))
        entry = entry_of(made, asked, caller, policy, (perf_counter_ns() - started) // 1000)
        key = RequestKey(caller.name, caller.request_id) if caller.request_id else None
        commit = Commit(entry, request.case_id, history.version, event, key, act, body)
        return made, commit._replace(expected_digest=history.digest, epoch=epoch, window=window)


def answered(commit: Commit, allowed: bool, code: str, result: Committed | Replayed) -> Answer:
    """The answer that was committed now, or first under the same identifier. Raises RequestError where that was another act."""
    if isinstance(result, Committed):
        return Answer(commit.answer, allowed, code)
    if result.act != commit.act:
        raise RequestError("idempotency_conflict", "this X-Request-ID was used for another act; use a new one", 409)
    first = msgspec.json.decode(result.answer)
    return Answer(result.answer, first["decision"], first["context"]["code"], replayed=True)


def _event(made: Made) -> ActRecorded:
    """What an allowed exercise puts into its case."""
    return act_of(made.decision, made.request, made.item, made.decision_id, made.time)


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
    return digest_of([fields, asked.subject_type, asked.channel, dict(asked.evidence)])


def digest_of(asked: list[object]) -> str:
    """By which a request is known again under its identifier."""
    return hashlib.sha256(encode(asked)).hexdigest()


def completed(request: AccessRequest, history: CaseHistory) -> AccessRequest:
    """A later request may leave the item to the case, which fixed it with its first step."""
    return replace(request, item=history.item) if history.item and not request.item else request
