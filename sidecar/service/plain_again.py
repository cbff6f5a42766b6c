"""A decision of a plain Casbin policy, made again from its entry."""

from typing import Any

from sidecar.decision.callers import OUT_OF_SCOPE, UNLIMITED, CallerLimits
from sidecar.decision.engine import Engine
from sidecar.decision_log.entry import DecisionEntry
from sidecar.replay.recorded import Cause, plain_request
from sidecar.service.plain import ALLOWED, PlainPolicy, said
from sidecar.service.remaking import NotMadeAgainError

_DECIDED_ON = frozenset({"subject/person", "subject/type", "action/step", "item"})  # a plain policy decides before it is masked


def plain_again(entry: DecisionEntry, engine: Engine) -> dict[str, Any]:
    """The members of the entry that the decision makes. Raises NotMadeAgainError where the policy read more than is recorded."""
    fields = tuple([field.split("_", 1)[1] for field in engine.section().section.request])
    masked = sorted(_DECIDED_ON & entry.masked.keys())
    if masked:
        f"{', '.join(masked)} held a number of a person and was masked; the policy read it"
        raise NotMadeAgainError(Cause.PLAIN_POLICY, "MASKED_AND_READ", masked=", ".join(masked))
    asked = plain_request(entry, fields)
    if asked is None:
        read = ", ".join(f"{name}={path}" for name, path in sorted(entry.asked.items())) or "it does not say what it read"
        raise NotMadeAgainError(Cause.PLAIN_POLICY, "READ_BUT_NOT_RECORDED", read=read)
    policy = PlainPolicy(engine, fields, (), entry.policy_digest, _name(entry))
    limits = CallerLimits(items=()) if entry.code == OUT_OF_SCOPE else UNLIMITED
    code, reason, shown = said(engine.match(list(asked)), policy, entry.item, limits)
    rows = [policy.line(row) for row in shown]
    return {
        "decision": "allow" if code == ALLOWED else "deny",
        "code": code,
        "reason": reason.in_both(),
        "rows": rows,
        "sources": rows,
    }


def _name(entry: DecisionEntry) -> str:
    """The name of the policy file, as the entry tells its rows."""
    return entry.rows[0].rpartition(":")[0] if entry.rows else ""
