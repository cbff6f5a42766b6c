"""Step order and repetition (权力运行流程): what must be done before, and how often a step may be done.

Two rules about steps that are needed only sometimes (`required_when`):
  * they guard the steps named in `before`, or else every later step with the verb `decide`;
  * `after: [such a step]` binds only in the cases in which the step is required.
"""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place


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
        if guard != step_id and step_id in _guarded(binder, guard):
            yield from _conditional(binder, guard)


def _order(binder: Binder, prior: str, place: Place, rule: str, basis: str) -> Iterator[Control]:
    conditions = list(_conditions(binder, prior))
    if not conditions:
        yield Control(Kind.AFTER, prior, place, rule, basis)
    else:
        yield from _conditional(binder, prior)


def _conditional(binder: Binder, guard: str) -> Iterator[Control]:
    for text, place, rule, basis in _conditions(binder, guard):
        if when := binder.expression(text):
            yield Control(Kind.UNLESS_DONE, f"{guard}:{when.row}", place, rule, basis, reads=when.names)


def _conditions(binder: Binder, step_id: str) -> Iterator[tuple[str, Place, str, str]]:
    """The conditions under which a step is required: the profile's and the item's own, each of them enough."""
    plan = binder.plans[step_id]
    for rule, place in plan.rules:
        if rule.required_when:
            yield rule.required_when, place, rule.rule, rule.basis
    if plan.own and plan.own.required_when:
        place = binder.step_place(step_id, "required_when")
        yield plan.own.required_when, place, *binder.words_of(plan.own)


def _guarded(binder: Binder, guard: str) -> set[str]:
    """The steps that may not be done before the conditional step `guard`, where its condition holds."""
    if not any(True for _ in _conditions(binder, guard)):
        return set()
    plan = binder.plans[guard]
    named = {name for rule, _ in plan.rules for before in rule.before for name in binder.mapped.get(before, ())}
    named |= set(plan.own.before) if plan.own else set()
    if named:
        return named
    order = list(binder.plans)
    later = order[order.index(guard) + 1 :]
    return {name for name in later if binder.plans[name].head.verb == "decide"}


def times(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    if plan.own:
        said, arg = "max_times" in plan.own.model_fields_set, str(plan.own.max_times)
        yield binder.of_step(plan.own, Kind.TIMES, arg, plan.place) if said else binder.own(Kind.TIMES, arg, plan.place)
    else:
        rule, place = plan.rules[0]
        yield Control(Kind.TIMES, str(rule.max_times or 1), place, rule.rule, rule.basis)
