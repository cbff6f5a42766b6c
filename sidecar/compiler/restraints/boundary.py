"""The boundary of a power (权力边界): status, level, what is outside, and what a request must carry."""

from collections.abc import Iterable, Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.power_list.control_kinds import OUTCOME, REASON_IF_REFUSED
from sidecar.power_list.control_kinds import ControlKind as Kind

_DECIDING_VERBS = frozenset({"decide", "extend"})


def standing(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    item = binder.entry.item
    if item.status != "in_use":
        yield Control(Kind.STATUS, item.status, binder.entry.place("status"), "AL-4", binder.own_basis)
    if plan.head.verb == "revoke":
        rule, basis = (plan.rules[0][0].rule, plan.rules[0][0].basis) if plan.rules else ("AL-69", "行政许可法第六十九条")
        yield Control(Kind.LEVEL, f"{item.level}+", binder.entry.place("level"), rule, basis)
    elif plan.head.type == "decide" or plan.head.verb in _DECIDING_VERBS:
        yield Control(Kind.LEVEL, item.level, binder.entry.place("level"), "AL-35", "层级管辖：下级机关可以初审，不得决定")


def requirements(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    decides = plan.head.type == "decide"
    for rule, place in plan.rules:
        for name in _spelt_out(rule.requires, decides=decides):
            yield Control(Kind.REQUIRES, name, place, rule.rule, rule.basis)
    if plan.own:
        own, place = plan.own, binder.step_place(plan.own.id, "requires")
        yield from (binder.of_step(own, Kind.REQUIRES, name, place) for name in _spelt_out(own.requires, decides=decides))


def _spelt_out(names: Iterable[str], *, decides: bool) -> Iterator[str]:
    """A deciding step that must give reasons for a refusal must also say whether it is one."""
    for name in names:
        if decides and name == REASON_IF_REFUSED:
            yield OUTCOME
        yield name


def exclusions(binder: Binder, _step_id: str, _plan: Plan) -> Iterator[Control]:
    for n, exclusion in enumerate(binder.entry.item.scope.excludes):
        place = binder.entry.place("scope", "excludes", n)
        if when := binder.expression(exclusion.when):
            rule, basis = exclusion.rule or "AL-4", exclusion.basis or binder.own_basis
            yield Control(Kind.EXCLUDES, when.row, place, rule, basis, exclusion.reason, when.names)
