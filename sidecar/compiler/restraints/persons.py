"""Who acts: separation of duties, the two-person rule, credentials and recusal."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Officers


def separation(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    for n, rule in enumerate(binder.profile.separation):
        place = binder.located_profile.located.place("separation", n)
        first, second = (binder.mapped.get(name, ()) for name in rule.pair)
        for one, other in ((first, second), (second, first)):
            if step_id in one:
                yield from (Control(Kind.DISTINCT, name, place, rule.rule, rule.basis) for name in other if name != step_id)
    for n, pair in enumerate(binder.entry.item.controls.separation):
        if step_id in pair:
            other_name = pair[1] if pair[0] == step_id else pair[0]
            if other_name in binder.plans and other_name != step_id:
                yield binder.own(Kind.DISTINCT, other_name, binder.entry.place("controls", "separation", n))
    for n, step in enumerate(binder.entry.item.steps):
        place = binder.entry.place("steps", n, "distinct_from")
        if step.id == step_id:
            yield from (binder.own(Kind.DISTINCT, name, place) for _, name in binder.known(step.distinct_from))
        elif step_id in step.distinct_from:
            yield binder.own(Kind.DISTINCT, step.id, place)


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
