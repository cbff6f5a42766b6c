"""Emergency (行政强制法 19): the debt of an act that comes before its approval, and the approval that settles it."""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.expressions.measures import HOUR
from sidecar.power_list.control_kinds import ControlKind as Kind


def emergency(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """One row at the step and one at its approval, which must find the same ledger. The unit that owes is the item's leading
    one."""
    said = binder.profile.emergency
    if said is None:
        return
    steps, approvals = binder.mapped.get(said.step, ()), binder.mapped.get(said.approval, ())
    when, term = binder.expression(said.when), binder.expression(said.term, HOUR)
    hours = term.value({}) if term else None
    if step_id not in (*steps, *approvals) or not approvals or when is None or not isinstance(hours, int):
        return
    unit = binder.entry.unit_ids[0]
    place = binder.located_profile.located.place("emergency")
    yield Control(Kind.EMERGENCY, f"{unit}:{hours}:{approvals[0]}:{when.row}", place, said.rule, said.basis, reads=when.names)
