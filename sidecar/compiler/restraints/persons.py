"""Who acts: the two-person rule, credentials and recusal."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Officers


def officers(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    demands: list[tuple[Officers, Place, str, str]] = [
        (rule.officers, place, rule.officers.rule or rule.rule, rule.officers.basis or rule.basis)
        for rule, place in plan.rules
        if rule.officers
    ]
    if plan.own and plan.own.officers:
        place, own = binder.step_place(plan.own.id, "officers"), plan.own.officers
        rule_id, basis = own.rule or plan.own.rule or OWN_RULE, own.basis or plan.own.basis or binder.own_basis
        demands.append((own, place, rule_id, basis))
    if not demands:
        return
    most, place, rule_id, basis = max(demands, key=lambda demand: demand[0].min)
    if most.min > 1:
        yield Control(Kind.OFFICERS, str(most.min), place, rule_id, basis)
    for demand, place, rule_id, basis in demands:
        if demand.credential:
            yield Control(Kind.CREDENTIAL, demand.credential, place, rule_id, basis)


def officers_needed(plan: Plan) -> int:
    """How many distinct persons the step takes, by profile and item."""
    own = [plan.own.officers] if plan.own and plan.own.officers else []
    return max([1, *(demand.min for demand in (*own, *(rule.officers for rule, _ in plan.rules)) if demand)])


def recusal(binder: Binder, _step_id: str, _plan: Plan) -> Iterator[Control]:
    own = set(binder.entry.item.controls.recusal)
    rule = binder.profile.recusal
    relations = own | set(rule.relations if rule else ())
    if not relations:
        return
    arg = "|".join(sorted(relations))
    if rule:
        yield Control(Kind.RECUSAL, arg, binder.located_profile.located.place("recusal"), rule.rule, rule.basis)
    else:
        yield binder.own(Kind.RECUSAL, arg, binder.entry.place("controls", "recusal"))
