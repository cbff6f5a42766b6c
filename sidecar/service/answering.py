"""One decision, told twice: to the caller as an AuthZEN response, to the record as an entry."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from time import perf_counter_ns
from typing import Any, NamedTuple

import msgspec

from sidecar import __version__
from sidecar.case_history.history import CaseHistory
from sidecar.case_history.ledger import Ledger
from sidecar.compiler.manifest import ItemFacts
from sidecar.controls.context import AccessRequest
from sidecar.decision.callers import UNLIMITED, CallerLimits, told_of
from sidecar.decision.decision import Decision, Due, Flag, Ground
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision_log.canonical import Form
from sidecar.decision_log.entry import OPEN, FilledEntry
from sidecar.decision_log.events import VERSION
from sidecar.expressions.facts import Asserted
from sidecar.service.asked import Asked
from sidecar.service.personal import Personal
from sidecar.timekeeping.limits import HOURS, Limit

ENGINE = f"quanheng {__version__}"

KEPT_FORMS = 8_192
MAX_POOL = 24_000  # characters of a pool that is recorded; what was drawn stands beside it, and an entry has its bounds
DEADLINE = "deadline"
_DAY_LENGTH = len("2026-01-31")
OTHER_FACTS = "other_facts"  # how many were asserted that are recorded as a commitment alone
OPEN_IN_ANSWERS = ("case", "decision_id", "state_token")

_encoder = msgspec.json.Encoder(order="sorted")
encode = _encoder.encode
_in_order = itemgetter(*OPEN)


class CallerFacts(NamedTuple):
    """Which system asks, from where, under which request identifier (empty when it gave none), and what it may ask about."""

    name: str
    client_ip: str
    request_id: str
    limits: CallerLimits = UNLIMITED


class Made(NamedTuple):
    """A decision with its item, the moment it was made in and the history it was made on; `version` and `digest` are the case's
    after it, `facts` are those that are remembered and recorded in clear, `ledgers` those it was made on, and `limits` the
    caller's."""

    decision: Decision
    request: AccessRequest
    item: ItemFacts | None
    decision_id: str
    time: str
    time_source: str
    history: CaseHistory
    version: int
    digest: str
    facts: dict[str, Asserted]
    ledgers: tuple[Ledger, ...] = ()
    limits: CallerLimits = UNLIMITED


class _Forms(NamedTuple):
    """How one decision is told to the caller and to the record, but for what depends on who asked, about which case, when."""

    decision: Decision
    answer: Form
    entry: Form


class Telling:
    """Tells the decisions of one version of the policies and one state of the registers. What is told again is encoded once:
    decisions that `decide()` gives again are the same object, and its forms are kept."""

    def __init__(self, policy: PolicySnapshot, personnel_digest: str = "") -> None:
        self._policy, self._personnel_digest = policy, personnel_digest
        self._kept: OrderedDict[tuple[int, str], _Forms] = OrderedDict()

    def forget(self, count: int) -> bool:
        """Let go of some of what is kept; False when nothing was left."""
        for _ in range(min(count, len(self._kept))):
            self._kept.popitem()
        return bool(self._kept)

    def told(
        self, made: Made, asked: Asked, caller: CallerFacts, state_token: str, started_ns: int, personal: Personal
    ) -> tuple[bytes, FilledEntry]:
        """The AuthZEN response, and the entry of the record."""
        decision, forms = made.decision, self._forms(made)
        case = encode({"id": made.request.case_id, "version": made.version})
        answer = forms.answer.filled([case, b'"%s"' % made.decision_id.encode(), b'"%s"' % state_token.encode()])
        if until := made.limits.observed(allowed=decision.allowed):
            answer = _observed(answer, until)
        latency_us = (perf_counter_ns() - started_ns) // 1000
        opened = with_commitments(of_request(made, asked, caller, latency_us, self._policy), made, asked, personal)
        values = encoded_apart(_in_order(opened))
        verdict = _verdict(decision)
        entry = FilledEntry(
            forms.entry, values, made.decision_id, made.time, opened["subject"], decision.item, decision.code, verdict, made.facts
        )
        return answer, entry

    def _forms(self, made: Made) -> _Forms:
        """Kept by the identity of the decision, which is kept with it, and the moment its limits run from: one that is counted
        in hours tells another end each time, one in days another each day."""
        decision = made.decision
        key = (id(decision), _began(decision, made.time))
        known = self._kept.get(key)
        if known is None:
            answer = answer_of_decision(decision, made.item, self._policy, made.time)
            entry = of_decision(decision, made.item, self._policy, made.time, self._personnel_digest)
            known = _Forms(decision, Form(answer, OPEN_IN_ANSWERS, *_around(decision)), Form(entry, OPEN))
            self._kept[key] = known
            if len(self._kept) > KEPT_FORMS:
                self._kept.popitem(last=False)
        return known


def encoded_apart(values: Sequence[object]) -> list[bytes]:
    """Each value as `encode` gives it, at the price of one call: a line each, for in JSON no line feed stands as it is."""
    lines = _encoder.encode_lines(values).split(b"\n")
    lines.pop()  # what stands behind the last line feed
    return lines


def _observed(answer: bytes, until: str) -> bytes:
    """The refusal, with the word that it is let through by whoever asked to observe; the decision itself stays false."""
    told = msgspec.json.decode(answer)
    return encode({**told, "context": {**told["context"], "observed": {"until": until}}})


def _began(decision: Decision, time: str) -> str:
    units = [due.arg.rsplit(":", 1)[1] for due in decision.obligations if due.kind == DEADLINE]
    return "" if not units else time if HOURS in units else time[:_DAY_LENGTH]


def _around(decision: Decision) -> tuple[bytes, bytes]:
    return b'{"context":', b',"decision":%s}' % encode(decision.allowed)


def _verdict(decision: Decision) -> str:
    return "allow" if decision.allowed else "deny"


def answer_of_decision(decision: Decision, item: ItemFacts | None, policy: PolicySnapshot, began: str) -> dict[str, object]:
    """The context of the AuthZEN response, but for the members OPEN_IN_ANSWERS. Limits run from `began`, ISO 8601."""
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
        "obligations": [_obligation(due, began, policy) for due in decision.obligations],
        "flags": [{**_flag(flag), "reason": flag.reason.in_both()} for flag in decision.flags],
        "policy": policy.digest,
    }
    if not decision.allowed:
        context["remedy"] = {"posts": decision.posts, "names": [policy.post_name(post) for post in decision.posts]}
        context["grounds"] = [
            {**_ground(ground), "reason": ground.reason.in_both(), "missing": ground.missing} for ground in decision.grounds
        ]
    return context


def of_decision(
    decision: Decision, item: ItemFacts | None, policy: PolicySnapshot, began: str, personnel_digest: str = ""
) -> dict[str, object]:
    """What an entry says of the decision alone: the members OF_DECISION."""
    return {
        "v": VERSION,
        "kind": "decision",
        "item": decision.item,
        "item_name": item.name if item else "",
        "item_version": decision.item_version,
        "region": decision.region,
        "decision": _verdict(decision),
        "code": decision.code,
        "reason": decision.reason.in_both(),
        "grounds": [_ground(ground) for ground in decision.grounds],
        "rules_evaluated": [{"row": j.row, "rule": j.rule, "result": "stop" if j.stopped else "pass"} for j in decision.judged],
        "obligations": [_recorded(due, began, policy) for due in decision.obligations],
        "flags": [_flag(flag) for flag in decision.flags],
        "rows": decision.rows,
        "sources": decision.sources,
        "basis": decision.legal_basis,
        "policy_digest": policy.digest,
        "personnel_digest": personnel_digest,
        "engine_version": ENGINE,
    }


def of_request(made: Made, asked: Asked, caller: CallerFacts, latency_us: int, policy: PolicySnapshot) -> dict[str, Any]:
    """What an entry says of this request: the members OPEN, without a place in the log and without commitments."""
    decision, request, item = made.decision, made.request, made.item
    step = item.steps.get(request.step) if item else None
    organ = _organ_of(decision.post, item, policy)
    return {
        "decision_id": made.decision_id,
        "request_id": caller.request_id,
        "time": made.time,
        "time_source": made.time_source,
        "caller": caller.name,
        "client_ip": caller.client_ip,
        "channel": asked.channel,
        "intent": request.intent,
        "subject": {
            "type": asked.subject_type,
            "person": request.person,
            "acting_post": decision.post,
            "on_behalf_of": request.on_behalf,
            "delegation": decision.delegation,
            "organ": organ,
            "level": policy.organs[organ].level if organ else "",
        },
        "action": {
            "step": request.step,
            "outcome": request.outcome,
            "verb": step.verb if step else "",
            "about": request.about,
            "vote": request.vote,
            "content": request.content,
            "corrects": request.corrects,
            "drawn": " ".join(request.draw.drawn) if request.draw else "",
            "pool": request.draw.recorded.pool if request.draw else "",
        },
        "resolution": _resolution(request),
        "asked": asked_otherwise(made),
        "ledgers": [{"id": one.ledger_id, "version": one.version, "digest": one.digest} for one in made.ledgers],
        "case_id": request.case_id,
        "case_version": made.version,
        "case_digest": made.digest,
        "party_token": request.party or made.history.party,
        "officers": sorted(made.history.open_signatures(request.step)),
        "facts": made.facts,
        "facts_digest": "",
        "evidence_digests": {},
        "masked": {},
        "latency_us": latency_us,
        "prev_case": "",
        "seq": 0,
    }


def asked_otherwise(made: Made) -> dict[str, str]:
    """What the request said where the entry says what was found: by it and the entry the request can be put again. Facts of
    another type than declared are told by the kind of value they were, never by the value; of those nobody reads, how many."""
    request, decision, history = made.request, made.decision, made.history
    told: dict[str, str] = {}
    if request.acting_post != decision.post:
        told["acting_post"] = request.acting_post
    if request.region != decision.region:
        told["region"] = request.region
    if history.party and not request.party:
        told["party"] = ""
    if request.level:
        told["level"] = request.level
    if request.draw and len(pool := " ".join(request.draw.pool)) <= MAX_POOL:
        told["pool"] = pool
    if len(request.facts) > len(made.facts):
        told |= _facts_otherwise(made)
    if made.limits is not UNLIMITED:
        told |= told_of(made.limits, decision)
    return told


def _facts_otherwise(made: Made) -> dict[str, str]:
    facts, declared = made.request.facts, made.item.facts if made.item else {}
    left = [name for name in facts if name not in made.facts]
    unreadable = [f"{name}:{type(facts[name]).__name__}" for name in left if name in declared]
    others = len(left) - len(unreadable)
    return ({"unreadable": " ".join(unreadable)} if unreadable else {}) | ({OTHER_FACTS: str(others)} if others else {})


def _organ_of(post: str, item: ItemFacts | None, policy: PolicySnapshot) -> str:
    """The organ of the post that was acted through, which may be one above; else the item's."""
    facts = policy.posts.get(post)
    return facts.organ if facts else item.organ if item else ""


def _resolution(request: AccessRequest) -> Mapping[str, object]:
    """The record of a meeting as it was brought, members in the order in which they spoke; empty where there is none."""
    if request.resolution is None:
        return {}
    record: dict[str, object] = msgspec.to_builtins(request.resolution)
    return {name: value for name, value in record.items() if value is not None}


def _ground(ground: Ground) -> dict[str, str]:
    return {"code": ground.code, "rule": ground.rule, "basis": ground.basis, "row": ground.row, "source": ground.source}


def _flag(flag: Flag) -> dict[str, str]:
    told = {"grade": flag.grade, "code": flag.code, "rule": flag.rule, "basis": flag.basis, "row": flag.row}
    return {**told, "source": flag.source, **({"due": flag.due} if flag.due else {})}


def _obligation(due: Due, began: str, policy: PolicySnapshot) -> dict[str, object]:
    """As in the AuthZEN obligations profile: id, type, properties. Of a deadline also its last day, the day to remind of it, and
    whether either may still move because the calendar of that year is not known."""
    properties: dict[str, object] = {"basis": due.basis}
    if due.kind == DEADLINE:
        step, number, unit = due.arg.split(":")
        last, remind = policy.deadlines.days_of(datetime.fromisoformat(began), Limit(int(number), unit))
        properties |= {"step": step, "n": int(number), "unit": unit, "due": last.isoformat(), "remind": remind.isoformat()}
        if policy.deadlines.is_provisional(last):
            properties["provisional"] = True
    return {"id": due.id, "type": due.kind, "properties": properties}


def _recorded(due: Due, began: str, policy: PolicySnapshot) -> dict[str, str]:
    entry = {"id": due.id, "kind": due.kind, "arg": due.arg}
    if due.kind == DEADLINE:
        _, number, unit = due.arg.split(":")
        last, _ = policy.deadlines.days_of(datetime.fromisoformat(began), Limit(int(number), unit))
        entry["due"] = last.isoformat()
    return entry


def digest_of_facts(facts: Mapping[str, Asserted]) -> str:
    """Of everything a request asserts, as entries had it before commitments."""
    return _digest(facts) if facts else ""


def _digest(value: object) -> str:
    return "sha256:" + hashlib.sha256(encode(value)).hexdigest()


def with_commitments(fields: dict[str, Any], made: Made, asked: Asked, personal: Personal) -> dict[str, Any]:
    """The members OPEN as they are recorded: with commitments to what was asserted, brought and masked, in the forms that were
    declared. The subject of what was asserted is the party, or where none is known the case."""
    request, entry = made.request, made.decision_id
    subject = request.party or made.history.party or f"case {request.case_id or entry}"
    if request.facts:
        fields["facts_digest"] = personal.digest("facts_digest", subject, entry, "facts_digest", request.facts)
    for name, reference in asked.evidence.items():
        place = f"evidence_digests/{name}"
        fields["evidence_digests"][name] = personal.digest("evidence_digests", subject, entry, place, reference)
    if asked.masked:
        unread = {f"facts/{name}": subject for name in request.facts if name not in made.facts}
        fields["masked"] = personal.masked(entry, asked.masked, unread)
    return personal.disclosed(fields)
