"""What the sidecar said, as an enforcement point acts on it: an allow, a refusal, or nothing that can be acted on."""

from dataclasses import dataclass
from http import HTTPStatus

from adapters.client import ClientError, Decision, NotAcceptedError
from sidecar.messages import Sentence

UNSAID = Sentence("", "")
_TOLD = 200  # characters of a problem that are kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on; `malformed` is code and message when it
    said that the request itself is wrong."""

    allowed: bool
    clear: bool
    problem: str = ""
    malformed: tuple[str, str] | None = None
    decision_id: str = ""
    code: str = "DENIED"
    reason: Sentence = UNSAID
    rule: str = ""
    basis: str = ""
    posts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    obligation_kinds: tuple[str, ...] = ()
    observed_until: str = ""  # of a refusal: the last day on which it may be let through


def verdict_of(decision: Decision) -> Verdict:
    """The decision of a sidecar that gave one."""
    return Verdict(
        decision.allowed,
        clear=True,
        decision_id=decision.decision_id,
        code=decision.code or "DENIED",
        reason=Sentence(decision.reason.zh, decision.reason.en),
        rule=decision.rule,
        basis=decision.basis,
        posts=decision.posts,
        names=decision.may_act,
        obligations=tuple(duty.id for duty in decision.obligations),
        obligation_kinds=tuple(duty.type for duty in decision.obligations),
        observed_until=_observed_until(decision),
    )


def _observed_until(decision: Decision) -> str:
    observed = decision.context.get("observed")
    until = observed.get("until") if isinstance(observed, dict) else None
    return until if isinstance(until, str) and decision.decision_id else ""


def without_decision(fault: ClientError) -> Verdict:
    """Where it gave none; nobody acts on that."""
    if isinstance(fault, NotAcceptedError) and fault.status == HTTPStatus.BAD_REQUEST:
        return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD], malformed=(fault.code, fault.detail))
    return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD])
