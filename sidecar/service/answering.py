"""One decision, told twice: to the caller as an AuthZEN response, to the record as an entry."""

import hashlib
from datetime import datetime
from typing import NamedTuple

import msgspec

from sidecar import __version__
from sidecar.case_history.history import CaseHistory
from sidecar.compiler.manifest import ItemFacts
from sidecar.controls.context import AccessRequest
from sidecar.decision.acts import kept_facts
from sidecar.decision.decision import Decision, Due, Ground
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision_log.entry import DecisionEntry
from sidecar.service.asked import Asked
from sidecar.timekeeping.limits import Limit

ENGINE = f"quanheng {__version__}"

encode = msgspec.json.Encoder(order="sorted").encode


class CallerFacts(NamedTuple):
    """Which system asks, from where, and under which request identifier (empty when it gave none)."""

    name: str
    client_ip: str
    request_id: str


class Made(NamedTuple):
    """A decision with its item, the moment it was made in and the history it was made on; `version` and `digest` are the case's
    after it."""

    decision: Decision
    request: AccessRequest
    item: ItemFacts | None
    decision_id: str
    time: str
    time_source: str
    history: CaseHistory
    version: int
    digest: str = ""


def response_of(made: Made, policy: PolicySnapshot, state_token: str) -> dict[str, object]:
    """The AuthZEN response."""
    decision, item = made.decision, made.item
    context: dict[str, object] = {
        "code": decision.code,
        "rule": decision.rule,
        "basis": decision.basis,
        "reason": decision.reason.in_both(),
        "item": {"id": decision.item, "name": item.name if item else "", "version": decision.item_version},
        "step": decision.step,
        "post": decision.post,
        "rows": decision.rows,
        "sources": decision.sources,
        "legal_basis": decision.legal_basis,
        "obligations": [_obligation(due, made, policy) for due in decision.obligations],
        "case": {"id": made.request.case_id, "version": made.version},
        "state_token": state_token,
        "decision_id": made.decision_id,
        "policy": policy.digest,
    }
    if not decision.allowed:
        context["remedy"] = {"posts": decision.posts, "names": [policy.post_name(post) for post in decision.posts]}
        context["grounds"] = [
            {**_ground(ground), "reason": ground.reason.in_both(), "missing": ground.missing} for ground in decision.grounds
        ]
    return {"decision": decision.allowed, "context": context}


def entry_of(made: Made, asked: Asked, caller: CallerFacts, policy: PolicySnapshot, latency_us: int) -> DecisionEntry:
    """The entry of the record."""
    decision, request, item = made.decision, made.request, made.item
    step = item.steps.get(request.step) if item else None
    return DecisionEntry(
        decision_id=made.decision_id,
        request_id=caller.request_id,
        time=made.time,
        time_source=made.time_source,
        caller=caller.name,
        client_ip=caller.client_ip,
        channel=asked.channel,
        intent=request.intent,
        subject={
            "type": asked.subject_type,
            "person": request.person,
            "acting_post": decision.post,
            "on_behalf_of": request.on_behalf,
            "organ": item.organ if item else "",
            "level": policy.organs[item.organ].level if item else "",
        },
        action={
            "step": request.step,
            "outcome": request.outcome,
            "verb": step.verb if step else "",
            "about": request.about,
            "vote": request.vote,
        },
        item=decision.item,
        item_name=item.name if item else "",
        item_version=decision.item_version,
        case_id=request.case_id,
        case_version=made.version,
        case_digest=made.digest,
        party_token=request.party or made.history.party,
        region=decision.region,
        decision="allow" if decision.allowed else "deny",
        code=decision.code,
        reason=decision.reason.in_both(),
        grounds=[_ground(ground) for ground in decision.grounds],
        rules_evaluated=[{"row": j.row, "rule": j.rule, "result": "stop" if j.stopped else "pass"} for j in decision.judged],
        obligations=[_recorded(due, made, policy) for due in decision.obligations],
        rows=list(decision.rows),
        sources=list(decision.sources),
        basis=list(decision.legal_basis),
        officers=sorted(made.history.open_signatures(request.step)),
        facts=kept_facts(request, item),
        facts_digest=_digest(request.facts) if request.facts else "",
        evidence_digests={name: _digest(reference) for name, reference in asked.evidence.items()},
        policy_digest=policy.digest,
        engine_version=ENGINE,
        latency_us=latency_us,
    )


def _ground(ground: Ground) -> dict[str, str]:
    return {"code": ground.code, "rule": ground.rule, "basis": ground.basis, "row": ground.row, "source": ground.source}


def _obligation(due: Due, made: Made, policy: PolicySnapshot) -> dict[str, object]:
    """As in the AuthZEN obligations profile: id, type, properties. Of a deadline also its last day, the day to remind of it, and
    whether either may still move because the calendar of that year is not known."""
    properties: dict[str, object] = {"basis": due.basis}
    if due.kind == "deadline":
        step, number, unit = due.arg.split(":")
        last, remind = policy.deadlines.days_of(datetime.fromisoformat(made.time), Limit(int(number), unit))
        properties |= {"step": step, "n": int(number), "unit": unit, "due": last.isoformat(), "remind": remind.isoformat()}
        if policy.deadlines.is_provisional(last):
            properties["provisional"] = True
    return {"id": due.id, "type": due.kind, "properties": properties}


def _recorded(due: Due, made: Made, policy: PolicySnapshot) -> dict[str, str]:
    entry = {"id": due.id, "kind": due.kind, "arg": due.arg}
    if due.kind == "deadline":
        _, number, unit = due.arg.split(":")
        last, _ = policy.deadlines.days_of(datetime.fromisoformat(made.time), Limit(int(number), unit))
        entry["due"] = last.isoformat()
    return entry


def _digest(value: object) -> str:
    return "sha256:" + hashlib.sha256(encode(value)).hexdigest()
