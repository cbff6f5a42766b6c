"""Step order and repetition (权力运行流程): what must be done before, and how often a step may be done.

Two rules about steps that are needed only sometimes (`required_when`):
  * they guard the steps named in `before`, or else every later step with the verb `decide`;
  * `after: [such a step]` binds only in the cases in which the step is required.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Step
from sidecar.power_list.profiles import ProfileStep

DECIDE = "decide"


def order(binder: Binder, step_id: str, plan: Plan) -> Iterator[Control]:
    for rule, place in plan.rules:
        for name in rule.after:
            for prior in binder.mapped.get(name, ()):
                yield from _order(binder, prior, place, rule.rule, rule.basis)
    if plan.own:
        for k, prior in binder.known(plan.own.after):
            place = binder.step_place(step_id, "after", k)
            yield from _order(binder, prior, place, *binder.words_of(plan.own))
    for guard in binder.plans:
        if guard != step_id:
            yield from _conditional(binder, guard, step_id)


def _order(binder: Binder, prior: str, place: Place, rule: str, basis: str) -> Iterator[Control]:
    if not any(True for _ in _conditions(binder, prior)):
        yield Control(Kind.AFTER, prior, place, rule, basis)
    else:
        yield from _conditional(binder, prior)


def _conditional(binder: Binder, guard: str, step_id: str = "") -> Iterator[Control]:
    """The conditions under which `guard` must be done before; with `step_id` only those that guard that step."""
    for condition in _conditions(binder, guard):
        if step_id and step_id not in condition.guarded:
            continue
        if when := binder.expression(condition.text):
            arg = f"{guard}:{when.row}"
            yield Control(Kind.UNLESS_DONE, arg, condition.place, condition.rule, condition.basis, reads=when.names)


class _Condition(NamedTuple):
    """One condition under which a step is required, whose words it is, and the steps it guards."""

    text: str
    place: Place
    rule: str
    basis: str
    guarded: frozenset[str]


def _conditions(binder: Binder, step_id: str) -> Iterator[_Condition]:
    """The profile's conditions and the item's own, each of them enough. A profile guards what its own order says: neither the
    order of the item's steps nor what the item names in `before` takes anything from it."""
    plan = binder.plans[step_id]
    for rule, place in plan.rules:
        if rule.required_when:
            yield _Condition(rule.required_when, place, rule.rule, rule.basis, _guarded_by_profile(binder, rule))
        for other in rule.also_required_when:
            yield _Condition(other.when, place, other.rule, other.basis, _guarded_by_profile(binder, rule))
    if plan.own and plan.own.required_when:
        place = binder.step_place(step_id, "required_when")
        yield _Condition(plan.own.required_when, place, *binder.words_of(plan.own), _guarded_by_item(binder, plan.own))


def _guarded_by_profile(binder: Binder, rule: ProfileStep) -> frozenset[str]:
    steps = binder.profile.steps
    later = steps[steps.index(rule) + 1 :]
    names = rule.before or [step.id for step in later if step.verb == DECIDE]
    return frozenset(binder.steps_of(names))


def _guarded_by_item(binder: Binder, own: Step) -> frozenset[str]:
    if own.before:
        return frozenset(own.before)
    order = list(binder.plans)
    later = order[order.index(own.id) + 1 :]
    return frozenset(name for name in later if binder.plans[name].head.verb == DECIDE)


def times(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    if plan.own:
        said, arg = "max_times" in plan.own.model_fields_set, str(plan.own.max_times)
        yield binder.of_step(plan.own, Kind.TIMES, arg, plan.place) if said else binder.own(Kind.TIMES, arg, plan.place)
    else:
        rule, place = plan.rules[0]
        yield Control(Kind.TIMES, str(rule.max_times or 1), place, rule.rule, rule.basis)
