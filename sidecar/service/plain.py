"""An existing Casbin policy, served as it is over AuthZEN: no power list, no cases, the same record before every allow.

A declared mapping says which part of an AuthZEN request is which field of the model's request definition, as dotted paths:
`sub = subject.id`, `obj = resource.id`, `act = action.name`, or a whole object for models that look at attributes,
`sub = subject.properties`. The first section (`r p m`) is served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import msgspec

from sidecar.controls.context import EXERCISE
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

USUAL: Mapping[str, str] = {"sub": "subject.id", "obj": "resource.id", "act": "action.name"}
_ROOTS = frozenset({"subject", "resource", "action", "context"})


@dataclass(frozen=True, slots=True)
class PlainPolicy:
    """A Casbin policy with its mapping. `paths` are in the order of the request definition."""

    engine: Engine
    paths: tuple[tuple[str, ...], ...]
    digest: str
    name: str

    def line(self, row: Row) -> str:
        return f"{self.name}:{self.engine.section().line_of(row)}"


def plain_policy(engine: Engine, mapping: Mapping[str, str], digest: str, name: str) -> PlainPolicy:
    """Raises PolicyError for a field that is not mapped or a path that leads nowhere."""
    fields = [field.split("_", 1)[1] for field in engine.section().section.request]
    paths = []
    for field in fields:
        path = mapping.get(field) or USUAL.get(field, "")
        if path.split(".")[0] not in _ROOTS:
            raise PolicyError(
                f"the request field {field} is not mapped to a part of an AuthZEN request: {path!r}",
                f"say for example --map {field}=resource.properties.{field}",
            )
        paths.append(tuple(path.split(".")))
    unknown = sorted(mapping.keys() - set(fields))
    if unknown:
        raise PolicyError(f"the mapping names {', '.join(unknown)}, which the request definition has not", ", ".join(fields))
    return PlainPolicy(engine, tuple(paths), digest, name)


class PlainAuthorizer:
    """Decides requests against a Casbin policy. The same port as `Authorizer` for what serves it."""

    unconfirmed = 0  # it has no posts
    unknown_year = 0  # nor limits

    def __init__(self, policy: PlainPolicy, store: RecordStore, clock: Clock) -> None:
        self.policy, self.store, self.clock = policy, store, clock
        self.not_reloaded = ""

    @property
    def digest(self) -> str:
        return self.policy.digest

    @property
    def size(self) -> dict[str, int]:
        return {"rows": len(self.policy.engine.section().rows)}

    def swap(self, policy: PlainPolicy) -> None:
        self.policy, self.not_reloaded = policy, ""

    def begin(self, wire: EvaluationRequest, caller: CallerFacts, then: Then[Answer]) -> None:
        """Decide, record, then tell the answer. Raises RequestError when a mapped field is missing."""
        policy, started = self.policy, perf_counter_ns()
        parts = msgspec.to_builtins(wire)
        matches = policy.engine.match([_part(parts, path) for path in policy.paths])
        code, reason = _said(matches, policy)
        now = self.clock.now()
        decision_id = new_id(int(now.timestamp() * 1000))
        rows = [policy.line(row) for row in (matches.allow if matches.allowed else matches.deny)]
        context = {"code": code, "reason": reason.in_both(), "rows": rows, "decision_id": decision_id, "policy": policy.digest}
        body = encode({"decision": matches.allowed, "context": context})
        latency_us = (perf_counter_ns() - started) // 1000
        entry = _entry(wire, caller, policy, decision_id, now.isoformat(timespec="milliseconds"), self.clock.source, latency_us)
        entry = msgspec.structs.replace(
            entry, decision="allow" if matches.allowed else "deny", code=code, reason=reason.in_both(), rows=rows, sources=rows
        )
        key = RequestKey(caller.name, caller.request_id) if caller.request_id else None
        act = digest_of([parts])
        commit = Commit(entry, key=key, act=act, answer=body)

        def stored(result: Committed | Replayed | Exception) -> None:
            if isinstance(result, StoreError) and not isinstance(result, OverloadedError):
                then(unavailable(policy.digest))
            else:
                then(answered(commit, matches.allowed, code, result))

        self.store.submit(commit, stored)


def _part(parts: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = parts
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise RequestError("missing_field", f"{'.'.join(path)} is needed by the policy")
        value = value[name]
    return value


def _said(matches: Matches, policy: PlainPolicy) -> tuple[str, Sentence]:
    if matches.allowed:
        return "ALLOWED", say("ALLOWED_BY_ROWS", rows=_listed(matches.allow, policy))
    if matches.faults:
        return "CONTROL_ERROR", say("ROWS_NOT_EVALUATED", rows=_listed([row for row, _ in matches.faults], policy))
    if matches.deny:
        return "DENIED_BY_ROWS", say("DENIED_BY_ROWS", rows=_listed(matches.deny, policy))
    return "NO_POWER", say("NO_ROW_ALLOWS")


def _listed(rows: Sequence[Row], policy: PlainPolicy) -> str:
    shown = 5
    return ", ".join(policy.line(row) for row in rows[:shown]) + (" …" if len(rows) > shown else "") or "-"


def _entry(
    wire: EvaluationRequest, caller: CallerFacts, policy: PlainPolicy, decision_id: str, time: str, source: str, latency_us: int
) -> DecisionEntry:
    """The entry of a decision; answer and rows are filled in behind it."""
    return DecisionEntry(
        decision_id=decision_id,
        request_id=caller.request_id,
        time=time,
        time_source=source,
        caller=caller.name,
        client_ip=caller.client_ip,
        channel="",
        intent=EXERCISE,
        subject={"type": wire.subject.type, "person": wire.subject.id, "acting_post": "", "organ": "", "level": ""},
        action={"step": wire.action.name, "outcome": "", "verb": ""},
        item=f"{wire.resource.type}:{wire.resource.id}",
        item_name="",
        item_version=0,
        case_id="",
        case_version=0,
        party_token="",
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
    )
