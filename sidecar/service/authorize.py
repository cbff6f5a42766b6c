"""The way of a request: decide on the case's newest version, make decision and event durable together, then answer.

A lost race on the case decides again on the new history. The same request identifier for the same act gets the answer that was
committed first; for another act it is an error. When the record cannot be made durable, an allow becomes LOG_UNAVAILABLE.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter_ns

import msgspec

from sidecar import __version__
from sidecar.case_history.history import ActRecorded, CaseHistory
from sidecar.controls.context import CO_SIGN, QUESTION, AccessRequest
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision_log.entry import DecisionEntry
from sidecar.errors import RequestError, StoreError, VersionConflictError
from sidecar.messages import say
from sidecar.personnel.registers import Personnel
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Committed, RecordStore, RequestKey
from sidecar.service.asked import Asked, EvaluationRequest, PartyToken, read_request
from sidecar.service.ids import new_id

ENGINE = f"quanheng {__version__}"
MAX_RACES = 64  # a case that is raced this often in one request is not a case but an attack

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class CallerFacts:
    """Which system asks, from where, and under which request identifier (empty when it gave none)."""

    name: str
    client_ip: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `body` is the encoded response; `code` and `allowed` are for counters."""

    body: bytes
    allowed: bool
    code: str
    replayed: bool = False


class Authorizer:
    """Decides requests against one policy version and one state of the personnel registers."""

    def __init__(
        self, policy: PolicySnapshot, personnel: Personnel, store: RecordStore, clock: Clock, party_token: PartyToken
    ) -> None:
        self.policy, self.personnel, self.store, self.clock = policy, personnel, store, clock
        self._party_token = party_token

    async def authorize(self, wire: EvaluationRequest, caller: CallerFacts) -> Answer:
        """Decide, record, answer. Raises RequestError for a request that cannot be understood."""
        asked = read_request(wire, self._party_token)
        act = _act_digest(wire)
        key = RequestKey(caller.name, caller.request_id) if caller.request_id else None
        try:
            for _ in range(MAX_RACES):
                try:
                    return await self._attempt(asked, caller, key, act)
                except VersionConflictError:
                    continue
        except StoreError:
            pass
        return self._unavailable(asked)

    async def _attempt(self, asked: Asked, caller: CallerFacts, key: RequestKey | None, act: str) -> Answer:
        started = perf_counter_ns()
        now = self.clock.now()
        history = await self.store.read_case(asked.request.case_id)
        request = _completed(asked.request, history)
        decision = decide(self.policy, self.personnel, history, request, now.date())
        decision_id = new_id(int(now.timestamp() * 1000))
        event = _event(decision, request, decision_id, now, self._kept_facts(request))
        version = history.version + (event is not None)
        body = _encode(self._response(decision, request, decision_id, version))
        entry = self._entry(asked, request, decision, caller, decision_id, now, history, version, started)
        result = await self.store.commit(
            Commit(entry, request.case_id, history.version, event, key, act, body)
        )
        if isinstance(result, Committed):
            return Answer(body, decision.allowed, decision.code)
        if result.act != act:
            raise RequestError("idempotency_conflict", "this X-Request-ID was used for another act; use a new one", 409)
        first = msgspec.json.decode(result.answer)
        return Answer(result.answer, first["decision"], first["context"]["code"], replayed=True)

    def _kept_facts(self, request: AccessRequest) -> dict[str, int | bool]:
        """The facts the item's conditions read; only these are remembered and recorded in clear."""
        item = self.policy.item(request.item)
        wanted = item.facts if item else []
        return {name: request.facts[name] for name in wanted if name in request.facts}

    def _response(self, decision: Decision, request: AccessRequest, decision_id: str, version: int) -> dict[str, object]:
        item = self.policy.item(decision.item)
        context: dict[str, object] = {
            "code": decision.code,
            "rule": decision.rule,
            "basis": decision.basis,
            "reason": {"zh": decision.reason.zh, "en": decision.reason.en},
            "item": {"id": decision.item, "name": item.name if item else "", "version": decision.item_version},
            "step": decision.step,
            "post": decision.post,
            "rows": decision.rows,
            "sources": decision.sources,
            "legal_basis": decision.legal_basis,
            "obligations": [_obligation(due.id, due.kind, due.arg, due.basis) for due in decision.obligations],
            "case": {"id": request.case_id, "version": version},
            "decision_id": decision_id,
            "policy": self.policy.digest,
        }
        if not decision.allowed:
            context["remedy"] = {"posts": decision.posts, "names": [self.policy.post_name(post) for post in decision.posts]}
            context["grounds"] = [
                {"code": g.code, "rule": g.rule, "basis": g.basis, "reason": {"zh": g.reason.zh, "en": g.reason.en}, "row": g.row, "source": g.source}
                for g in decision.grounds
            ]
        return {"decision": decision.allowed, "context": context}

    def _entry(
        self,
        asked: Asked,
        request: AccessRequest,
        decision: Decision,
        caller: CallerFacts,
        decision_id: str,
        now: datetime,
        history: CaseHistory,
        version: int,
        started: int,
    ) -> DecisionEntry:
        manifest = self.policy.manifest
        item = self.policy.item(decision.item)
        organ = manifest.organs[item.organ] if item else None
        return DecisionEntry(
            decision_id=decision_id,
            request_id=caller.request_id,
            time=now.isoformat(timespec="milliseconds"),
            time_source=self.clock.source,
            caller=caller.name,
            client_ip=caller.client_ip,
            channel=asked.channel,
            intent=request.intent,
            subject={
                "type": asked.subject_type,
                "person": request.person,
                "acting_post": decision.post,
                "organ": item.organ if item else "",
                "level": organ.level if organ else "",
            },
            action={"step": request.step, "outcome": request.outcome, "verb": item.steps[request.step].verb if item and request.step in item.steps else ""},
            item=decision.item,
            item_name=item.name if item else "",
            item_version=decision.item_version,
            case_id=request.case_id,
            case_version=version,
            party_token=history.party or request.party,
            region=decision.region,
            decision="allow" if decision.allowed else "deny",
            code=decision.code,
            reason={"zh": decision.reason.zh, "en": decision.reason.en},
            grounds=[{"code": g.code, "rule": g.rule, "basis": g.basis, "row": g.row, "source": g.source} for g in decision.grounds],
            rules_evaluated=[{"row": j.row, "rule": j.rule, "result": "stop" if j.stopped else "pass"} for j in decision.judged],
            obligations=[{"id": due.id, "kind": due.kind, "arg": due.arg} for due in decision.obligations],
            rows=list(decision.rows),
            sources=list(decision.sources),
            basis=list(decision.legal_basis),
            officers=sorted(history.open_signatures(request.step)),
            facts=self._kept_facts(request),
            facts_digest=_digest(request.facts) if request.facts else "",
            evidence_digests={name: _digest(reference) for name, reference in asked.evidence.items()},
            policy_digest=self.policy.digest,
            engine_version=ENGINE,
            latency_us=(perf_counter_ns() - started) // 1000,
        )

    def _unavailable(self, asked: Asked) -> Answer:
        """The refusal that has no record, because there can be none."""
        reason = say("LOG_UNAVAILABLE")
        context = {
            "code": "LOG_UNAVAILABLE",
            "rule": "SEC-AUD",
            "basis": "网络安全法第二十三条",
            "reason": {"zh": reason.zh, "en": reason.en},
            "step": asked.request.step,
            "case": {"id": asked.request.case_id},
            "policy": self.policy.digest,
        }
        return Answer(_encode({"decision": False, "context": context}), False, "LOG_UNAVAILABLE")


def _completed(request: AccessRequest, history: CaseHistory) -> AccessRequest:
    """A later request may leave the item to the case, which fixed it with its first step."""
    if request.item or not history.item:
        return request
    return replace(request, item=history.item)


def _event(
    decision: Decision, request: AccessRequest, decision_id: str, now: datetime, facts: Mapping[str, int | bool]
) -> ActRecorded | None:
    if not decision.allowed or request.intent == QUESTION:
        return None
    return ActRecorded(
        decision_id=decision_id,
        kind="co_signed" if request.intent == CO_SIGN else "performed",
        step=request.step,
        person=request.person,
        post=decision.post,
        time=now.isoformat(timespec="milliseconds"),
        item=request.item,
        region=decision.region,
        party=request.party,
        outcome=request.outcome,
        facts=dict(facts),
    )


def _obligation(duty_id: str, kind: str, arg: str, basis: str) -> dict[str, object]:
    """As in the AuthZEN obligations profile: id, type, properties."""
    properties: dict[str, object] = {"basis": basis}
    if kind == "deadline":
        step, number, unit = arg.split(":")
        properties |= {"step": step, "n": int(number), "unit": unit}
    return {"id": duty_id, "type": kind, "properties": properties}


def _act_digest(wire: EvaluationRequest) -> str:
    return hashlib.sha256(_encode(wire)).hexdigest()


def _digest(value: object) -> str:
    return "sha256:" + hashlib.sha256(_encode(value)).hexdigest()
