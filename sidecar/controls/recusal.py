"""Recusal (回避): who has declared an interest in the party stays out. Articles: 行政处罚法 43; 公务员法 76."""

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.power_list import vocabulary as words


def recusal(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the relations that bar, joined by `|`. One who has declared such an interest may act only on a known party."""
    barred = arg.split("|")
    declared = [i for i in context.personnel.interests(context.request.person, context.day) if i.relation in barred]
    if not declared:
        return None
    if not context.party:
        return missing(("party",), context)
    relations = [words.label(words.RELATIONS, i.relation) for i in declared if i.party == context.party]
    if not relations:
        return None
    return Stop("RECUSAL", {"relation": "、".join(relations), "step": context.asked_step})
