"""The boundary of a power (权力边界): status, level, subject matter, and what a request must carry.

Region and dates in force are cells of the allow rows themselves. What only the business system knows (amounts, kinds) is
asserted by the caller and remembered by the case; an exclusion that cannot be settled at a case's first step is refused with the
names of the facts, later ones are settled already.
"""

from sidecar.case_history.history import REFUSE
from sidecar.controls.context import VOTE, ControlContext, Stop, missing
from sidecar.expressions.meaning import read_row
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ABOUT, OUTCOME, REASON_IF_REFUSED


def status(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the item's status, which is not `in_use`."""
    return Stop("ITEM_NOT_IN_FORCE", {"item": context.item.name, "status": words.label(words.STATUSES, arg), "period": "-"})


def level(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the level that may do this step, `3+` where the levels above may too (1 is the highest). The acting organ and a
    level the request names must both be it."""
    wanted, above = arg.rstrip("+"), arg.endswith("+")
    acting = context.request.level or context.organ_level
    wrong = [level for level in (context.organ_level, acting) if level != wanted and not (above and level < wanted)]
    if not wrong:
        return None
    facts = {"level": words.label(words.LEVELS, wanted), "organ_level": words.label(words.LEVELS, wrong[0])}
    return Stop("WRONG_LEVEL", {"item": context.item.name, "step": context.asked_step, **facts})


def excludes(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the condition under which the matter is outside the power."""
    condition = read_row(arg)
    holds = condition.holds(context.facts)
    if holds:
        return Stop("OUT_OF_SCOPE", {"item": context.item.name, "condition": arg})
    if holds is None and not context.history.acts:
        return missing(condition.unknown(context.facts), context)
    return None


def requires(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the evidence the request must carry. A reason is asked only of a refusal (行政许可法 38); so that no one can
    leave open whether it is one, a step that decides must say its outcome. A vote performs nothing and carries none of it."""
    request = context.request
    if request.intent == VOTE:
        return None
    if arg == REASON_IF_REFUSED:
        present = request.outcome != REFUSE or bool(request.evidence & {"reason", REASON_IF_REFUSED})
    elif arg in (OUTCOME, ABOUT):
        present = bool(request.outcome if arg == OUTCOME else request.about)
    else:
        present = arg in request.evidence
    return None if present else missing((arg,), context)
