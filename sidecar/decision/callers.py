"""What a calling system may ask about, and what it can see to: limits that come from its settings, not from the power list.

A caller asks about the items of its own systems (GB/T 22239-2019, 8.1.4.2, access control). An enforcement point that cannot do
what an allow demands must treat it as a deny (AuthZEN obligations profile, draft 1, on non-compliance); where it says beforehand
what it can do, it is refused here, before anything enters the case.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from sidecar.decision.decision import Decision, Ground
from sidecar.messages import say

OUT_OF_SCOPE, UNSUPPORTED = "CALLER_OUT_OF_SCOPE", "OBLIGATION_UNSUPPORTED"
RULE, ACCESS_CONTROL = "CALLER", "GB/T 22239-2019 8.1.4.2"  # the rule id of what settings say of callers


class CallerLimits(NamedTuple):
    """`items` are names of items, or their beginnings where they end in `*`; None is every item. `obligations` are the types the
    caller can fulfil; None where it has said nothing. `observe_until` is the last day (ISO 8601) on which what the caller is
    refused may be let through and is recorded so; empty where nothing ever is."""

    items: tuple[str, ...] | None = None
    obligations: frozenset[str] | None = None
    observe_until: str = ""

    def covers(self, item: str) -> bool:
        """Whether the caller may ask about an item; about none at all everybody may."""
        if self.items is None or not item:
            return True
        return any(item.startswith(name[:-1]) if name.endswith("*") else item == name for name in self.items)

    def observing(self, *, wished: bool, today: str) -> "CallerLimits":
        """These limits for one request: it is observed where it says so itself, and until the declared day is over."""
        return self if wished and today <= self.observe_until else self._replace(observe_until="")

    def observed(self, *, allowed: bool) -> str:
        """Until when a refusal under these limits is let through; empty where it is none, or is one in earnest."""
        return "" if allowed else self.observe_until

    def declaring(self, obligations: frozenset[str]) -> "CallerLimits":
        """These limits, and what one request says: it may promise less than the settings, never more."""
        known = self.obligations
        return self._replace(obligations=obligations if known is None else known & obligations)


UNLIMITED = CallerLimits()


def limited(decision: Decision, limits: CallerLimits, items: Iterable[str]) -> Decision:
    """The decision, or the refusal of a caller that may not have it. `items` are all that the request concerns."""
    foreign = [item for item in items if not limits.covers(item)]
    if foreign:
        return _out_of_scope(decision)
    if decision.allowed and limits.obligations is not None:
        unmet = sorted({due.kind for due in decision.obligations} - limits.obligations)
        return _unsupported(decision, unmet) if unmet else decision
    return decision


def told_of(limits: CallerLimits, decision: Decision) -> dict[str, str]:
    """What an entry must say of the limits a decision was made under, so that it can be made again: settings are not kept."""
    told = {} if limits.obligations is None else {"supported_obligations": " ".join(sorted(limits.obligations))}
    if until := limits.observed(allowed=decision.allowed):
        told["observed"] = until
    return told | ({"item": "foreign"} if decision.code == OUT_OF_SCOPE else {})


def limits_told(told: Mapping[str, str]) -> CallerLimits:
    """The limits, as far as they concerned the decision."""
    obligations = told.get("supported_obligations")
    return CallerLimits(
        () if told.get("item") == "foreign" else None,
        None if obligations is None else frozenset(obligations.split()),
        told.get("observed", ""),
    )


def _out_of_scope(decision: Decision) -> Decision:
    """Nothing of what was found: whose item it is, who may act and how far the case has come is not this caller's to know."""
    reason = say(OUT_OF_SCOPE, item=decision.item)
    return Decision(
        allowed=False,
        code=OUT_OF_SCOPE,
        reason=reason,
        rule=RULE,
        basis=ACCESS_CONTROL,
        item=decision.item,
        item_version=0,
        step=decision.step,
        grounds=(Ground(OUT_OF_SCOPE, reason, RULE, ACCESS_CONTROL),),
    )


def _unsupported(decision: Decision, unmet: list[str]) -> Decision:
    reason = say(UNSUPPORTED, step=decision.step, obligations="、".join(unmet))
    basis = "；".join(dict.fromkeys(due.basis for due in decision.obligations if due.kind in unmet))
    ground = Ground(UNSUPPORTED, reason, RULE, basis, missing=tuple(unmet))
    refused = replace(decision, allowed=False, code=UNSUPPORTED, reason=reason, rule=RULE, basis=basis)
    return replace(refused, grounds=(ground,), obligations=(), flags=(), posts=())
