"""What an enforcement point must see to after an allow: obligations of profile and item, and the limits of later steps."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Obligation, Plan
from sidecar.power_list.control_kinds import RULE_ON_RECUSAL


def obligations(binder: Binder, step_id: str, plan: Plan) -> Iterator[Obligation]:
    for rule, place in plan.rules:
        yield from (Obligation(name, "-", place, rule.rule, rule.basis) for name in rule.obligations)
    if plan.own:
        place = plan.place
        yield from (Obligation(name, "-", place, OWN_RULE, binder.own_basis) for name in plan.own.obligations)
    yield from _rulings(binder, plan)
    for n, step in enumerate(binder.entry.item.steps):
        if step_id in step.after and step.limit and step.limit.n and step.limit.unit:
            arg = f"{step.id}:{step.limit.n}:{step.limit.unit}"
            yield Obligation("deadline", arg, binder.entry.place("steps", n, "limit"), OWN_RULE, binder.own_basis)


def _rulings(binder: Binder, plan: Plan) -> Iterator[Obligation]:
    """While a recusal is asked for, whoever goes on is reminded to have it ruled (行政处罚法 43)."""
    for name, its in binder.plans.items():
        if its.head.verb == "rule_on_recusal" and plan is not its:
            rule, basis = (its.rules[0][0].rule, its.rules[0][0].basis) if its.rules else (OWN_RULE, binder.own_basis)
            yield Obligation(RULE_ON_RECUSAL, name, its.place, rule, basis)
