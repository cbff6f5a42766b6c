"""Emergency (行政强制法 19): the debt of an act that comes before its approval, and the approval that settles it.

A profile says so for a class. An item may say so of itself where an article of its own lets the act come first; that only adds:
the order of steps that its profile asks for stands (只可加严), and `check` names a block that could therefore never hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sidecar.compiler.plan import OWN_RULE, Binder, BoundStep, Control, Plan
from sidecar.expressions.measures import HOUR
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.procedure import Emergency, ProfileEmergency

GROUNDS = "emergency_grounds"  # the evidence with which an emergency is shown
_MAY_ALLOW = ("law", "administrative_regulation", "local_regulation")  # below them nobody may let an act come first


def emergency(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """One row at the step and one at its approval, which must find the same ledger. The unit that owes is the item's leading
    one."""
    said, own = binder.profile.emergency, binder.entry.item.controls.emergency
    if said:
        steps, approvals = binder.mapped.get(said.step, ()), binder.mapped.get(said.approval, ())
        place = binder.located_profile.located.place("emergency")
        if step_id in (*steps, *approvals) and approvals:
            yield from _debt(binder, said, approvals[0], place, said.rule)
    if own and not said and step_id in (own.step, own.approval):
        place = binder.entry.place("controls", "emergency")
        for control in _debt(binder, own, own.approval, place, OWN_RULE):
            yield control
            if step_id == own.step:
                condition = control.arg.rpartition(":")[2]
                yield Control(Kind.EVIDENCE_WHEN, f"{GROUNDS}:{condition}", place, OWN_RULE, own.basis, reads=control.reads)


def doubtful_emergency(binder: Binder, steps: Iterable[BoundStep]) -> Iterator[Finding]:
    """An item's block that says again what its profile says, that rests on too little, or that can never hold."""
    own, entry = binder.entry.item.controls.emergency, binder.entry
    if own is None:
        return
    if binder.profile.emergency:
        first = binder.located_profile.located.place("emergency")
        yield entry.finding("EMERGENCY_SAID_ALREADY", ("controls", "emergency"), first=first)
    if own.instrument not in _MAY_ALLOW:
        label = words.label(words.INSTRUMENTS, own.instrument)
        yield entry.finding("EMERGENCY_WITHOUT_BASIS", ("controls", "emergency", "instrument"), instrument=label)
    if _hours(binder, own) is None:
        yield entry.finding("LIMIT_NOT_FIXED", ("controls", "emergency", "term"), limit=own.term)
    always = [c for step in steps if step.id == own.step for c in step.controls if (c.kind, c.arg) == (Kind.AFTER, own.approval)]
    if always:
        said: dict[str, Any] = {"approval": own.approval, "basis": always[0].basis, "first": always[0].place}
        yield entry.finding("EMERGENCY_NEVER", ("controls", "emergency"), step=own.step, **said)


def _debt(binder: Binder, said: ProfileEmergency | Emergency, approval: str, place: Place, rule: str) -> Sequence[Control]:
    when, hours = binder.expression(said.when), _hours(binder, said)
    if when is None or hours is None:
        return ()
    arg = f"{binder.entry.unit_ids[0]}:{hours}:{approval}:{when.row}"
    return (Control(Kind.EMERGENCY, arg, place, rule, said.basis, reads=when.names),)


def _hours(binder: Binder, said: ProfileEmergency | Emergency) -> int | None:
    term = binder.expression(said.term, HOUR)
    hours = term.value({}) if term else None
    return hours if isinstance(hours, int) else None
