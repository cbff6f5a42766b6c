"""Who acts: the two-person rule, credentials and recusal.

The two-person rule counts distinct persons: those who co-signed the step since it was last performed, and
the one who performs it now. A co-signature is an act of its own (`intent: co_sign`), so that no one can sign for another and no
two requests can both become the second signature. Articles: 行政许可法 34; 行政处罚法 42, 43; 公务员法 76.
"""

from sidecar.controls.context import CO_SIGN, ControlContext, Stop, missing
from sidecar.power_list import vocabulary as words


def officers(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: how many distinct persons the step needs."""
    request = context.request
    signers = context.history.open_signatures(request.step)
    if request.intent == CO_SIGN:
        if request.person in signers:
            return Stop("STEP_ALREADY_DONE", {"step": context.asked_step}, sentence="ALREADY_CO_SIGNED")
        return None
    present = len(signers | {request.person})
    if present >= int(arg):
        return None
    return Stop("TOO_FEW_OFFICERS", {"step": context.asked_step, "required": arg, "present": present})


def credential(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the credential the acting person must hold on the day."""
    if arg in context.personnel.credentials(context.request.person, context.day):
        return None
    name = words.label(words.CREDENTIALS, arg)
    return Stop("CREDENTIAL_MISSING", {"credential": name, "credential_id": arg, "step": context.asked_step})


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
