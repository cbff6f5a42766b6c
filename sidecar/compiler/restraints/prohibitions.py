"""Prohibitions (禁止): what the law or the item itself forbids of a step when a condition holds.

Most articles that refuse an act are of this form (a fine above the summary limit, fewer than three suppliers, a bond above two
percent); each is a line of a profile or an item, not code. A profile that asks on which day a step was done forbids nothing of an
item that has no such step.
"""

from collections.abc import Iterable, Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.expressions.syntax import names_in, parse
from sidecar.messages import noted
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.declared import derived_facts
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Prohibition


def prohibitions(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    for n, rule in enumerate(binder.profile.prohibitions):
        if step_id in binder.steps_of(rule.steps) and not _dates_missing(binder, rule):
            yield from _control(binder, rule, binder.located_profile.located.place("prohibitions", n))
    for n, rule in enumerate(binder.entry.item.prohibitions):
        if step_id in rule.steps:
            yield from _control(binder, rule, binder.entry.place("prohibitions", n))


def _control(binder: Binder, rule: Prohibition, place: Place) -> Iterable[Control]:
    when = binder.expression(rule.when)
    if when:
        note = noted(rule.reason, rule.reason_en)
        yield Control(Kind.FORBIDS, f"{rule.code}:{when.row}", place, rule.rule, rule.basis, note, when.names)


def _dates_missing(binder: Binder, rule: Prohibition) -> bool:
    dates = {derived_facts(step.id)[2]: step.id for step in binder.profile.steps}
    asked = {name.name for name in names_in(parse(rule.when))}
    return any(not binder.mapped.get(dates[name]) for name in asked & dates.keys())
