"""A point that only observes (ADR 0018) lets through a refusal that the sidecar has recorded as an observed one, and says so."""

import structlog

from adapters.client import Decision

OBSERVED = "x-quanheng-observed"  # what would have been refused, and until when it is let through

log = structlog.get_logger("quanheng.enforcement")


def observed_until(decision: Decision) -> str:
    """The last day on which a refusal may be let through, empty where it may not be."""
    observed = decision.context.get("observed")
    until = observed.get("until") if isinstance(observed, dict) else None
    return until if isinstance(until, str) and decision.decision_id and not decision.allowed else ""


def warn_of_observing(*, observe: bool) -> None:
    if observe:
        log.warning("OBSERVING", what="refusals of callers that the sidecar observes are let through 观察期：拒绝只记录不拦截")
