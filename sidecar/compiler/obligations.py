"""What an enforcement point must see to after an allow: obligations of profile and item, and the limits of later steps."""

from collections.abc import Iterator

from sidecar.compiler.flags import ruled_flags
from sidecar.compiler.plan import OWN_RULE, Binder, Obligation, Plan
from sidecar.power_list.control_kinds import DEADLINE, RULE_ON_RECUSAL, WHEN
from sidecar.power_list.findings import Place
from sidecar.power_list.timely import ConditionalObligation


def obligations(binder: Binder, step_id: str, plan: Plan) -> Iterator[Obligation]:
    for rule, place in plan.rules:
        yield from (Obligation(name, "-", place, rule.rule, rule.basis) for name in rule.obligations)
    if plan.own:
        place = plan.place
        yield from (Obligation(name, "-", place, OWN_RULE, binder.own_basis) for name in plan.own.obligations)
    yield from _conditional(binder, step_id, plan)
    yield from _rulings(binder, plan)
    yield from _deadlines(binder, step_id)


def _conditional(binder: Binder, step_id: str, plan: Plan) -> Iterator[Obligation]:
    """What is owed where a condition holds: said of the step, or of a flag that goes with it."""
    said: list[tuple[ConditionalObligation, Place]] = []
    for rule, place in plan.rules:
        said += [(owed, place) for owed in rule.obligations_when]
    if plan.own:
        said += [(owed, plan.place) for owed in plan.own.obligations_when]
    for owed, place in said:
        condition = binder.expression(owed.when)
        if condition:
            yield Obligation(owed.obligation, WHEN + condition.row, place, owed.rule, owed.basis, condition.names)
    for flag, place in ruled_flags(binder, step_id):
        condition = binder.expression(flag.when) if flag.obligation else None
        if condition and flag.obligation:
            yield Obligation(flag.obligation, WHEN + condition.row, place, flag.rule, flag.basis, condition.names)


def _deadlines(binder: Binder, step_id: str) -> Iterator[Obligation]:
    """The limits of the steps that follow this one: the item's own, which is not longer, before the profile's."""
    for name, its in binder.plans.items():
        own = its.own
        if own and step_id in own.after and own.limit and own.limit.n and own.limit.unit:
            place = binder.step_place(name, "limit")
            yield Obligation(DEADLINE, f"{name}:{own.limit.n}:{own.limit.unit}", place, OWN_RULE, binder.own_basis)
            continue
        for rule, place in its.rules:
            if step_id in binder.steps_of(rule.after) and rule.limit and rule.limit.n and rule.limit.unit:
                yield Obligation(DEADLINE, f"{name}:{rule.limit.n}:{rule.limit.unit}", place, rule.rule, rule.basis)


def _rulings(binder: Binder, plan: Plan) -> Iterator[Obligation]:
    """While a recusal is asked for, whoever goes on is reminded to have it ruled (行政处罚法 43)."""
    for name, its in binder.plans.items():
        if its.head.verb == "rule_on_recusal" and plan is not its:
            rule, basis = (its.rules[0][0].rule, its.rules[0][0].basis) if its.rules else (OWN_RULE, binder.own_basis)
            yield Obligation(RULE_ON_RECUSAL, name, its.place, rule, basis)
