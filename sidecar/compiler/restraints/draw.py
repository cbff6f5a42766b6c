"""Draws by lot (双随机、抽取专家): the step that draws, and the steps that only those who were drawn may do."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind


def draw(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    said = binder.entry.item.controls.random
    if said is None:
        return
    place, rule, basis = binder.entry.place("controls", "random"), said.rule or OWN_RULE, said.basis or binder.own_basis
    if step_id == said.step and said.fixed_by in binder.plans:
        yield Control(Kind.TRUE_DRAW, said.fixed_by, place, rule, basis)
    elif step_id in said.binds and said.step in binder.plans:
        yield Control(Kind.DRAWN, said.step, place, rule, basis)
