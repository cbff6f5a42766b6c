"""Separation of duties (不相容职务分离): what one person may not both do, nor all do, and how many persons a case needs."""

from collections.abc import Iterator, Sequence

from sidecar.compiler.incompatible import duties_of
from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.compiler.restraints.procedure import closes
from sidecar.compiler.restraints.signatures import officers_needed
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place


def pairs(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
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


def types_apart(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    """Who decides does not execute and does not supervise: pairs of all steps that are of different types."""
    asked = asked_apart(binder)
    if asked is None:
        return
    place, rule, basis = asked
    if plan.head.verb in words.ABOUT_OFFICERS:
        return
    for other, its in binder.plans.items():
        if its.head.type != plan.head.type and its.head.verb not in words.ABOUT_OFFICERS:
            yield Control(Kind.DISTINCT, other, place, rule, basis)


def asked_apart(binder: Binder) -> tuple[Place, str, str] | None:
    """Where it is asked that types stay apart, by which rule and article."""
    apart = binder.profile.types_apart
    if apart:
        return binder.located_profile.located.place("types_apart"), apart.rule, apart.basis
    if binder.entry.item.controls.types_apart:
        return binder.entry.place("controls", "types_apart"), OWN_RULE, binder.own_basis
    return None


def not_all(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    for n, rule in enumerate(binder.profile.not_all):
        steps = binder.steps_of(rule.steps)
        if step_id in steps and all(binder.mapped.get(named) for named in rule.steps):
            place = binder.located_profile.located.place("not_all", n)
            yield Control(Kind.NOT_ALL, _set(steps), place, rule.rule, rule.basis)
    for n, own in enumerate(binder.entry.item.controls.not_all):
        if step_id in own:
            yield binder.own(Kind.NOT_ALL, _set(own), binder.entry.place("controls", "not_all", n))


def _set(steps: Sequence[str]) -> str:
    return "|".join(dict.fromkeys(steps))


def distinct_persons(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """The greater number of profile and item, on every mandatory step; the others can neither fill it nor stand in its way."""
    steps = mandatory_steps(binder)
    asked = list(asked_persons(binder))
    if asked and step_id in steps:
        most, place, rule_id, basis = max(asked, key=lambda found: found[0])
        to_come = [step_id] if closes(binder, step_id) else steps  # nothing follows the end of a case
        counted = "|".join(f"{name}={officers_needed(binder.plans[name])}" for name in to_come)
        yield Control(Kind.PERSONS, f"{most}:{counted}", place, rule_id, basis)


def asked_persons(binder: Binder) -> Iterator[tuple[int, Place, str, str]]:
    """How many distinct persons a case needs, by profile and by item: where it is asked, by which rule and article."""
    rule, own = binder.profile.distinct_persons, binder.entry.item.controls.distinct_persons
    if rule:
        yield rule.min, binder.located_profile.located.place("distinct_persons"), rule.rule, rule.basis
    if own:
        yield own.min, binder.entry.place("controls", "distinct_persons"), OWN_RULE, binder.own_basis


def mandatory_steps(binder: Binder) -> list[str]:
    """Steps that every case of the item goes through."""
    return [name for name, plan in binder.plans.items() if not _may_be_left_out(plan)]


def _may_be_left_out(plan: Plan) -> bool:
    if plan.own:
        conditional = bool(plan.own.required_when) or any(rule.required_when for rule, _ in plan.rules)
        return plan.own.optional or conditional
    return any(rule.optional or rule.required_when for rule, _ in plan.rules)


def incompatible(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    for line in duties_of(binder):
        if any(post in duty for duty in line.duties for post in plan.posts):
            named = "|".join("+".join(duty) for duty in line.duties)
            yield Control(Kind.INCOMPATIBLE, f"{line.at_most}:{named}", line.place, line.rule, line.basis, line.reason)
