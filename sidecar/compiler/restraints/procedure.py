"""What a procedure owes before it decides, and how a case ends: evidence, hearings offered, closing, revoking, correcting."""

from collections.abc import Iterator

from sidecar.compiler.minimum_times import times_left
from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list.control_kinds import NEVER, OUTCOME
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place

AFTER_THE_END = ("revoke", "correct")  # what the law still names for a case that is closed


def evidence(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    asked = [
        (rule_.evidence, rule_.when, place, rule_.rule, rule_.basis) for rule, place in plan.rules for rule_ in rule.evidence_when
    ]
    for n, own in enumerate(plan.own.evidence_when if plan.own else ()):
        place = binder.step_place(plan.own.id if plan.own else "", "evidence_when", n)
        asked.append((own.evidence, own.when, place, OWN_RULE, binder.own_basis))
    for name, text, place, rule, basis in asked:
        when = binder.expression(text)
        if when and when.row != NEVER:
            yield Control(Kind.EVIDENCE_WHEN, f"{name}:{when.row}", place, rule, basis, reads=when.names)


def recorded(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """Where the record of the whole course must be whole (行政处罚法 47)."""
    rule = binder.profile.recorded
    if rule and step_id in binder.steps_of(rule.before):
        place = binder.located_profile.located.place("recorded")
        yield Control(Kind.RECORDED, f"{rule.evidence}:{'|'.join(binder.steps_of(rule.steps))}", place, rule.rule, rule.basis)


def time_left(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """Where too short a time is refused and not only marked."""
    for left in times_left(binder, step_id):
        rule = left.rule
        if rule.refused_as:
            yield Control(Kind.TIME_LEFT, f"{rule.refused_as}:{left.spelt}", left.place, rule.rule, rule.basis, reads=left.reads)


def open_days(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    """A step that comes behind one that must stay open for some days waits until they are over."""
    for prior in sorted(_waits(binder, step_id)):
        own = binder.plans[prior].own if prior in binder.plans else None
        if own and own.limit and own.limit.min_days_open:
            place = binder.step_place(prior, "limit", "min_days_open")
            yield binder.own(Kind.OPEN_DAYS, f"{prior}:{own.limit.min_days_open}", place)


def review(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    """A legal review says whether it was passed."""
    if plan.head.verb == "legal_review":
        yield Control(Kind.REQUIRES, OUTCOME, plan.place, *_rule_of(binder, plan))


def ends(binder: Binder, step_id: str, plan: Plan) -> Iterator[Control]:
    """No further act in a closed case, but those that revoke or correct; these say what they speak of."""
    if plan.head.verb in AFTER_THE_END:
        yield Control(Kind.REFERS, plan.head.verb, plan.place, *_rule_of(binder, plan))
        return
    closing = [name for name in binder.plans if name != step_id and closes(binder, name)]
    if closing:
        basis = _rule_of(binder, binder.plans[closing[0]])[1]
        yield Control(Kind.CLOSED, "|".join(closing), _place_of(binder, closing[0]), "CASE", basis)


def closes(binder: Binder, step_id: str) -> bool:
    """A step that is declared to, or an archive that no other step waits for."""
    plan = binder.plans[step_id]
    declared = [rule.closes for rule, _ in plan.rules if rule.closes is not None]
    if plan.own and plan.own.closes is not None:
        return plan.own.closes
    if declared:
        return any(declared)
    return plan.head.verb == "archive" and not any(step_id in _waits(binder, other) for other in binder.plans)


def _waits(binder: Binder, step_id: str) -> set[str]:
    plan = binder.plans[step_id]
    if plan.head.verb in AFTER_THE_END:
        return set()
    officers = plan.own.officers if plan.own else None
    named = {name for name in (officers.members_in, officers.silence_in) if name} if officers else set()
    return binder.waits_for(step_id) | named


def _rule_of(binder: Binder, plan: Plan) -> tuple[str, str]:
    rule = plan.rules[0][0] if plan.rules else None
    return (rule.rule, rule.basis) if rule else (OWN_RULE, binder.own_basis)


def _place_of(binder: Binder, step_id: str) -> Place:
    plan = binder.plans[step_id]
    return plan.rules[0][1] if plan.rules else plan.place
