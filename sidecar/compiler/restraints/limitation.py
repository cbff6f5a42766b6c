"""Times after which a power is gone (时效): two years from an offence (行政处罚法 36), three months for the court (强制法 53)."""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.expressions.measures import DATE, MONTH
from sidecar.messages import noted
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Limitation

NO_EXTENSION = "-:-"


def limitation(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    for n, rule in enumerate(binder.profile.limitations):
        if step_id in binder.steps_of(rule.steps):
            yield from _control(binder, rule, binder.located_profile.located.place("limitations", n))
    for n, rule in enumerate(binder.entry.item.scope.limitations):
        if step_id in rule.steps:
            yield from _control(binder, rule, binder.entry.place("scope", "limitations", n))


def _control(binder: Binder, rule: Limitation, place: Place) -> Iterator[Control]:
    start, until, term = (
        binder.expression(rule.start, DATE),
        binder.expression(rule.until, DATE),
        binder.expression(rule.term, MONTH),
    )
    if not (start and until and term):
        return
    arg, reads = f"{start.row}:{until.row}:{term.row}", start.names | until.names | term.names
    longer = binder.expression(rule.extended_term, MONTH) if rule.extended_term else None
    when = binder.expression(rule.extended_when) if rule.extended_when else None
    if longer and when:
        arg, reads = f"{arg}:{longer.row}:{when.row}", reads | longer.names | when.names
    else:
        arg = f"{arg}:{NO_EXTENSION}"
    yield Control(Kind.LIMITATION, arg, place, rule.rule, rule.basis, noted(rule.what, rule.what_en), reads)
