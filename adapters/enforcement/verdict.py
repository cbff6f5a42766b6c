"""What the sidecar said, as an enforcement point acts on it: an allow, a refusal, or nothing that can be acted on."""

from dataclasses import dataclass
from http import HTTPStatus

from adapters.client import ClientError, Decision, NotAcceptedError, Obligation
from sidecar.messages import Sentence

UNSAID = Sentence("", "")
SIGNATURE_LACKING = "TOO_FEW_OFFICERS"
_TOLD = 200  # characters of a problem that are kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on; `malformed` is code and message when it
    said that the request itself is wrong; `held` is True of a refusal that nothing but a co-signature would lift."""

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
    obligations: tuple[Obligation, ...] = ()
    held: bool = False
    observed_until: str = ""  # of a refusal: the last day on which it may be let through

    @property
    def obligation_ids(self) -> list[str]:
        return [obligation.id for obligation in self.obligations]

    @property
    def obligation_kinds(self) -> list[str]:
        return [obligation.type for obligation in self.obligations]


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
        obligations=decision.obligations,
        held=_held(decision),
        observed_until=_observed_until(decision),
    )


def _held(decision: Decision) -> bool:
    grounds = decision.context.get("grounds")
    codes = [ground.get("code") if isinstance(ground, dict) else None for ground in grounds] if isinstance(grounds, list) else []
    return not decision.allowed and bool(codes) and {decision.code, *codes} == {SIGNATURE_LACKING}


def _observed_until(decision: Decision) -> str:
    observed = decision.context.get("observed")
    until = observed.get("until") if isinstance(observed, dict) else None
    return until if isinstance(until, str) and decision.decision_id else ""


def without_decision(fault: ClientError) -> Verdict:
    """Where it gave none; nobody acts on that."""
    if isinstance(fault, NotAcceptedError) and fault.status == HTTPStatus.BAD_REQUEST:
        return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD], malformed=(fault.code, fault.detail))
    return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD])
