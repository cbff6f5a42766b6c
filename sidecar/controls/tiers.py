"""Graded authorization (分级授权): up to which sum which post decides, and from where on a higher level.

The holder of a higher tier may decide what belongs to a lower one; never the other way round (该由上级组织行使的权力下级组织不能
行使). What counts is the post that is acted through, for that is the post the record names: who holds several says which.
"""

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.evaluation import Result
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Expression, read_row
from sidecar.expressions.measures import MONEY

LEVEL = "level:"
_YUAN = Fact(MONEY, "yuan")


class Tier(NamedTuple):
    """Up to a sum (None: whatever it is) these posts, or any holder of the step in an organ of this level."""

    bound: Expression | None
    posts: frozenset[str]
    level: str

    def held_by(self, context: ControlContext) -> bool:
        if self.level:
            return max(context.organ_level, context.request.level or context.organ_level) <= self.level
        return context.post in self.posts


@lru_cache(maxsize=1024)
def read_tiers(arg: str) -> tuple[Expression, tuple[Tier, ...]]:
    """`sum|bound=post+post|*=level:2`. Raises ValueError where the row was damaged."""
    amount, *tiers = arg.split("|")
    return read_row(amount), tuple([_tier(tier) for tier in tiers])


def _tier(text: str) -> Tier:
    bound, sign, who = text.rpartition("=")
    if not sign or not who:
        raise ValueError(text)
    level = who.removeprefix(LEVEL) if who.startswith(LEVEL) else ""
    posts = frozenset() if level else frozenset(who.split("+"))
    return Tier(None if bound == "*" else read_row(bound), posts, level)


def _exceeds(amount: Result, bound: Result | None) -> bool:
    if not isinstance(amount, int | Fraction) or not isinstance(bound, int | Fraction):
        raise TypeError(bound)
    return amount > bound


def tier(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the sum and the tiers, the lowest first."""
    sum_, tiers = read_tiers(arg)
    amount = sum_.value(context.facts)
    if amount is None:
        return missing(sum_.unknown(context.facts), context)
    reached = [t for t in tiers if t.bound is None or not _exceeds(amount, t.bound.value(context.facts))]
    if any(t.held_by(context) for t in reached):
        return None
    spelt = _YUAN.spell(amount) if isinstance(amount, int) else amount
    who = "、".join(sorted(reached[0].posts)) or f"{LEVEL}{reached[0].level}" if reached else "-"
    return Stop("WRONG_LEVEL", {"amount": spelt, "posts": who, "step": context.asked_step}, sentence="ABOVE_TIER")
