"""What the sidecar said, as an enforcement point acts on it: an allow, a refusal, or nothing that can be acted on."""

from dataclasses import dataclass
from http import HTTPStatus

from adapters.client import ClientError, Decision, NotAcceptedError, Obligation
from adapters.enforcement.observing import observed_until
from sidecar.messages import Sentence

UNSAID = Sentence("", "")
_SIGNATURE_LACKING, _DONE = "TOO_FEW_OFFICERS", "STEP_ALREADY_DONE"
_TOLD = 200  # characters of a problem that are kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on; `malformed` is code and message when it
    said that the request itself is wrong; `grounds` are the codes of all that stands against it."""

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
    grounds: frozenset[str] = frozenset()
    observed_until: str = ""  # of a refusal: the last day on which it may be let through

    @property
    def held(self) -> bool:
        """Whether a refusal is one that nothing but a co-signature would lift."""
        return not self.allowed and self.grounds == {_SIGNATURE_LACKING}

    @property
    def done(self) -> bool:
        """Whether nothing stands against it but that it was done already."""
        return not self.allowed and self.grounds == {_DONE}

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
        grounds=frozenset() if decision.allowed else _grounds(decision),
        observed_until=observed_until(decision),
    )


def _grounds(decision: Decision) -> frozenset[str]:
    """Empty where they are not told, or not in their form."""
    told = decision.context.get("grounds")
    codes = [ground.get("code") if isinstance(ground, dict) else None for ground in told] if isinstance(told, list) else []
    named = [code for code in codes if isinstance(code, str)]
    return frozenset((decision.code, *named)) if named and len(named) == len(codes) else frozenset()


def without_decision(fault: ClientError) -> Verdict:
    """Where it gave none; nobody acts on that."""
    if isinstance(fault, NotAcceptedError) and fault.status == HTTPStatus.BAD_REQUEST:
        return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD], malformed=(fault.code, fault.detail))
    return Verdict(allowed=False, clear=False, problem=fault.message[:_TOLD])
