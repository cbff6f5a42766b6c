"""Sums: which post decides up to where (分级授权), and what is counted together over a year (化整为零)."""

from collections.abc import Iterator
from typing import Any

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.expressions.meaning import Expression
from sidecar.expressions.measures import MONEY
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Finding
from sidecar.power_list.procedure import TierOfSum, Tiers

_RANKS = ("handler", "section_head", "leader", "group", "principal")  # from the lowest up


def tiers(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    said = binder.entry.item.controls.tiers
    amount = binder.expression(said.amount, MONEY) if said and said.step == step_id else None
    if said is None or amount is None:
        return
    cells = [amount.row, *(_cell(binder, tier) for tier in said.tiers)]
    place = binder.entry.place("controls", "tiers")
    yield Control(Kind.TIER, "|".join(cells), place, OWN_RULE, said.basis, reads=amount.names)


def _cell(binder: Binder, tier: TierOfSum) -> str:
    bound = _bound(binder, tier)
    who = f"level:{tier.level}" if tier.level else "+".join(_posts(binder, tier))
    return f"{bound.row if bound else '*'}={who or '-'}"


def _bound(binder: Binder, tier: TierOfSum) -> Expression | None:
    return binder.expression(tier.up_to, MONEY) if tier.up_to else None


def _posts(binder: Binder, tier: TierOfSum) -> tuple[str, ...]:
    return tuple(dict.fromkeys(post for name in tier.posts for post in binder.entry.organ.post_ids(name)))


def splitting(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    item = binder.entry.item
    said = item.scope.anti_split
    if said is None or said.step != step_id:
        return
    amount, threshold = binder.expression(said.amount, MONEY), binder.expression(said.threshold, MONEY)
    group = [name for name in said.group_by if name in binder.scope.facts]
    if amount and threshold and len(group) == len(said.group_by):
        arg = f"{item.id}:{'+'.join(group)}:{amount.row}:{threshold.row}"
        reads = amount.names.union(group, threshold.names)
        place = binder.entry.place("scope", "anti_split")
        yield Control(Kind.SPLIT, arg, place, said.rule, said.basis, reads=reads)


def doubtful_sums(binder: Binder) -> Iterator[Finding]:
    """Tiers that are none, and groups by what nobody asserts."""
    said, split = binder.entry.item.controls.tiers, binder.entry.item.scope.anti_split
    if said and said.step in binder.plans:
        yield from _tiers(binder, said)
    for n, name in enumerate(split.group_by if split else ()):
        if name not in binder.scope.facts:
            yield binder.entry.finding("GROUP_NOT_A_FACT", ("scope", "anti_split", "group_by", n), name=name)


def _tiers(binder: Binder, said: Tiers) -> Iterator[Finding]:
    """At least two tiers by different posts, in order of sums and ranks, each by holders of the step, and the highest not at
    the desk that accepts."""

    def wrong(code: str, n: int | None = None, **facts: Any) -> Finding:
        path = ("controls", "tiers") if n is None else ("controls", "tiers", "tiers", n)
        return binder.entry.finding(code, path, step=said.step, **facts)

    who = [(_posts(binder, tier), tier.level) for tier in said.tiers]
    if len(set(who)) < 2:  # noqa: PLR2004 - two levels is the rule itself
        yield wrong("TIERS_ONE_LEVEL")
    holders = set(binder.plans[said.step].posts)
    for n, tier in enumerate(said.tiers):
        strange = sorted(set(who[n][0]) - holders)
        if bool(tier.posts) == bool(tier.level) or strange:
            yield wrong("TIER_UNREACHABLE", n, posts="、".join(strange) or "-")
        if (tier.up_to is None) != (n == len(said.tiers) - 1) or (n and not _above(binder, said, n)):
            yield wrong("TIERS_ORDER", n)
    accepting = set(next(iter(binder.plans.values())).posts)
    if accepting.intersection(who[-1][0]) and next(iter(binder.plans)) != said.step:
        yield wrong("TIERS_TOP_ACCEPTS", len(who) - 1, posts="、".join(sorted(accepting.intersection(who[-1][0]))))


def _above(binder: Binder, said: Tiers, n: int) -> bool:
    """Whether a tier lies above the one before, in sum and in rank or level."""
    before, tier = said.tiers[n - 1], said.tiers[n]
    lower, upper = (_constant(_bound(binder, t)) for t in (before, tier))
    in_order = upper is None or (lower is not None and lower < upper)
    if before.level and tier.level:
        return in_order and tier.level < before.level
    return in_order and _rank(binder, before) <= _rank(binder, tier)


def _constant(bound: Expression | None) -> int | None:
    value = bound.value({}) if bound else None
    return int(value) if value is not None else None


def _rank(binder: Binder, tier: TierOfSum) -> int:
    """The lowest rank among its posts; a level above the organ's is above any post."""
    ranks = [_RANKS.index(binder.entry.organ.posts[post].rank) for post in _posts(binder, tier)]
    return min(ranks) if ranks else len(_RANKS)
