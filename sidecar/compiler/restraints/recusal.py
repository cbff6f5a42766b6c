"""Recusal (回避): the relations to a party that bar an officer, the profile's and the item's together."""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind


def recusal(binder: Binder, _step_id: str, _plan: Plan) -> Iterator[Control]:
    own = set(binder.entry.item.controls.recusal)
    rule = binder.profile.recusal
    relations = own | set(rule.relations if rule else ())
    if not relations:
        return
    arg = "|".join(sorted(relations))
    if rule:
        yield Control(Kind.RECUSAL, arg, binder.located_profile.located.place("recusal"), rule.rule, rule.basis)
    else:
        yield binder.own(Kind.RECUSAL, arg, binder.entry.place("controls", "recusal"))
