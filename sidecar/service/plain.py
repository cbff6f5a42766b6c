"""An existing Casbin policy, served as it is over AuthZEN: no power list, no cases, the same record before every allow.

A declared mapping says which part of an AuthZEN request is which field of the model's request definition, as dotted paths:
`sub = subject.id`, `obj = resource.id`, `act = action.name`, or a whole object for models that look at attributes,
`sub = subject.properties`. A path that ends in `?` may be missing from a request, and is then the empty text. The first section
(`r p m`) is served.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, NamedTuple

import msgspec

from sidecar.controls.context import EXERCISE
from sidecar.decision.callers import OUT_OF_SCOPE, CallerLimits
from sidecar.decision.engine import Engine, Matches, Row
from sidecar.decision_log.entry import DecisionEntry
from sidecar.errors import OverloadedError, PolicyError, RequestError, StoreError
from sidecar.messages import Sentence, say
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Committed, RecordStore, Replayed, RequestKey
from sidecar.ports.telling import Then
from sidecar.service.answering import ENGINE, CallerFacts, encode
from sidecar.service.asked import EvaluationRequest
from sidecar.service.authorize import Answer, answered, digest_of, unavailable
from sidecar.service.ids import new_id
from sidecar.service.personal import Personal

USUAL: Mapping[str, str] = {"sub": "subject.id", "obj": "resource.id", "act": "action.name"}
ALLOWED = "ALLOWED"
_ROOTS = frozenset({"subject", "resource", "action", "context"})


class RequestPath(NamedTuple):
    """Where in an AuthZEN request a value is found, and whether it must be there."""

    names: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class PlainPolicy:
    """A Casbin policy with its mapping. `fields` are those of the request definition, `paths` where each is found."""

    engine: Engine
    fields: tuple[str, ...]
    paths: tuple[RequestPath, ...]
    digest: str
    name: str

    @property
    def mapping(self) -> dict[str, str]:
        """Field → path, as an entry tells what was asked: `r.sub` → `subject.id`."""
        pairs = zip(self.fields, self.paths, strict=True)
        return {f"r.{field}": ".".join(path.names) for field, path in pairs if field.isascii()}

    def line(self, row: Row) -> str:
        return f"{self.name}:{self.engine.section().line_of(row)}"


def plain_policy(engine: Engine, mapping: Mapping[str, str], digest: str, name: str) -> PlainPolicy:
    """Raises PolicyError for a field that is not mapped or a path that leads nowhere."""
    fields = [field.split("_", 1)[1] for field in engine.section().section.request]
    paths = []
    for field in fields:
        told = mapping.get(field) or USUAL.get(field, "")
        path = told.removesuffix("?")
        if path.split(".")[0] not in _ROOTS:
            raise PolicyError("FIELD_NOT_MAPPED", field=field, path=path)
        paths.append(RequestPath(tuple(path.split(".")), required=not told.endswith("?")))
    unknown = sorted(mapping.keys() - set(fields))
    if unknown:
        raise PolicyError("MAPPING_NAMES_OTHERS", unknown=", ".join(unknown), fields=", ".join(fields))
    return PlainPolicy(engine, tuple(fields), tuple(paths), digest, name)


class PlainAuthorizer:
    """Decides requests against a Casbin policy. The same port as `Authorizer` for what serves it."""

    unconfirmed = 0  # it has no posts
    unknown_year = 0  # nor limits
    has_cases = False

    def __init__(self, policy: PlainPolicy, store: RecordStore, clock: Clock, personal: Personal, page_key: bytes = b"") -> None:
        self.policy, self.store, self.clock, self.personal = policy, store, clock, personal
        self.page_key = page_key or secrets.token_bytes(32)  # of this process alone
        self.not_reloaded = ""

    @property
    def digest(self) -> str:
        return self.policy.digest

    @property
    def obligations(self) -> list[str]:
        return []

    @property
    def size(self) -> dict[str, int]:
        return {"rows": len(self.policy.engine.section().rows)}

    def swap(self, policy: PlainPolicy) -> None:
        self.policy, self.not_reloaded = policy, ""

    def begin(self, wire: EvaluationRequest, caller: CallerFacts, then: Then[Answer]) -> None:
        """Decide, record, then tell the answer. Raises RequestError when a mapped field is missing."""
        policy, started = self.policy, perf_counter_ns()
        parts = msgspec.to_builtins(wire)
        matches = policy.engine.match(parts_of(policy, parts))
        code, reason, shown = said(matches, policy, item_of(parts), caller.limits)
        allowed = code == ALLOWED
        now = self.clock.now()
        decision_id = new_id(int(now.timestamp() * 1000))
        rows = [policy.line(row) for row in shown]
        context = {"code": code, "reason": reason.in_both(), "rows": rows, "decision_id": decision_id, "policy": policy.digest}
        body = encode({"decision": allowed, "context": context})
        latency_us = (perf_counter_ns() - started) // 1000
        time = now.isoformat(timespec="milliseconds")
        try:
            entry = _entry(wire, caller, policy, decision_id, time, self.clock.source, latency_us, self.personal)
        except StoreError:  # what was masked cannot be kept: the disk is full
            asyncio.get_running_loop().call_soon(then, unavailable(policy.digest))
            return
        entry = msgspec.structs.replace(
            entry, decision="allow" if allowed else "deny", code=code, reason=reason.in_both(), rows=rows, sources=rows
        )
        key = RequestKey(caller.name, self.personal.text(caller.request_id)) if caller.request_id else None
        act = digest_of([parts])
        commit = Commit(entry, key=key, act=act, answer=body)

        def stored(result: Committed | Replayed | Exception) -> None:
            if isinstance(result, StoreError) and not isinstance(result, OverloadedError):
                then(unavailable(policy.digest))
            else:
                then(answered(commit, allowed, code, result))

        self.store.submit(commit, stored)


def parts_of(policy: PlainPolicy, parts: Mapping[str, Any]) -> list[Any]:
    """What the engine is asked. Raises RequestError when a mapped field is missing."""
    return [_part(parts, path) for path in policy.paths]


def item_of(parts: Mapping[str, Any]) -> str:
    """By which name a resource is recorded, and may be one of a caller's own."""
    return f"{parts['resource']['type']}:{parts['resource']['id']}"


def _part(parts: Mapping[str, Any], path: RequestPath) -> Any:
    value: Any = parts
    for name in path.names:
        if not isinstance(value, Mapping) or name not in value:
            if not path.required:
                return ""
            raise RequestError("missing_field", f"{'.'.join(path.names)} is needed by the policy")
        value = value[name]
    return value


class Said(NamedTuple):
    """The code of the decision, its reason, and the rows that speak."""

    code: str
    reason: Sentence
    rows: Sequence[Row]


def said(matches: Matches, policy: PlainPolicy, item: str, limits: CallerLimits) -> Said:
    """What is answered to a request of a caller of such limits."""
    if not limits.covers(item):
        return Said(OUT_OF_SCOPE, say(OUT_OF_SCOPE, item=item), ())
    if matches.allowed:
        return Said(ALLOWED, say("ALLOWED_BY_ROWS", rows=_listed(matches.allow, policy)), matches.allow)
    if matches.faults:
        at = _listed([row for row, _ in matches.faults], policy)
        return Said("CONTROL_ERROR", say("ROWS_NOT_EVALUATED", rows=at), matches.deny)
    if matches.deny:
        return Said("DENIED_BY_ROWS", say("DENIED_BY_ROWS", rows=_listed(matches.deny, policy)), matches.deny)
    return Said("NO_POWER", say("NO_ROW_ALLOWS"), ())


def _listed(rows: Sequence[Row], policy: PlainPolicy) -> str:
    shown = 5
    return ", ".join(policy.line(row) for row in rows[:shown]) + (" …" if len(rows) > shown else "") or "-"


def _entry(
    wire: EvaluationRequest,
    caller: CallerFacts,
    policy: PlainPolicy,
    decision_id: str,
    time: str,
    source: str,
    latency_us: int,
    personal: Personal,
) -> DecisionEntry:
    """The entry of a decision; answer and rows are filled in behind it. Numbers of persons are masked in the entry only: rows of
    the policy may name them."""
    texts = {
        "subject/person": wire.subject.id,
        "subject/type": wire.subject.type,
        "action/step": wire.action.name,
        "item": f"{wire.resource.type}:{wire.resource.id}",
        "request_id": caller.request_id,
    }
    plain = {place: personal.text(text) for place, text in texts.items()}
    masked = personal.masked(decision_id, {place: text for place, text in texts.items() if plain[place] != text})
    named = {"request_id": plain["request_id"], "client_ip": caller.client_ip, "channel": "", "masked": masked}
    return DecisionEntry(
        decision_id=decision_id,
        time=time,
        time_source=source,
        caller=caller.name,
        intent=EXERCISE,
        subject={"type": plain["subject/type"], "person": plain["subject/person"], "acting_post": "", "organ": "", "level": ""},
        action={"step": plain["action/step"], "outcome": "", "verb": ""},
        item=plain["item"],
        item_name="",
        item_version=0,
        case_id="",
        case_version=0,
        party_token="",
        asked=policy.mapping,
        region="",
        decision="deny",
        code="",
        reason={},
        grounds=[],
        rules_evaluated=[],
        obligations=[],
        rows=[],
        sources=[],
        basis=[],
        officers=[],
        facts={},
        facts_digest="",
        evidence_digests={},
        policy_digest=policy.digest,
        engine_version=ENGINE,
        latency_us=latency_us,
        **personal.disclosed(named),
    )
