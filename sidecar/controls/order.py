"""Step order: what must be done before, and how often a step may be done (power-running flow, 权力运行流程).

A missing step is refused under the name the statute gives its absence: no notice of rights (行政处罚法 44; 行政许可法 36), no
hearing (63; 46–47), no legal review (58), no collective deliberation (57); every other one is simply out of order.

A step that ended in a refusal (不予受理, 不予许可, 不予处罚) is done, but it opens the way only to what a refusal needs: telling
the party, transferring, filing. Nobody issues what was refused.

A condition whose facts nobody asserted is neither true nor false; the guard then refuses and names the facts, because a
prohibition with a missing attribute must not let pass (and the caller can answer at once).
"""

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.meaning import read_row

_CODE_BY_VERB = {
    "notify": "RIGHTS_NOT_NOTIFIED",
    "hear": "HEARING_REQUIRED",
    "legal_review": "LEGAL_REVIEW_REQUIRED",
    "deliberate": "COLLECTIVE_REQUIRED",
}


# What may still follow a refusal: the verbs that carry it to its end.
AFTER_REFUSAL = frozenset({"serve", "notify", "transfer", "archive", "correct"})


def after(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the step that must be done before, and not have ended in a refusal."""
    if not context.history.is_done(arg):
        return not_done(arg, context)
    if context.history.was_refused(arg) and context.verb(context.request.step) not in AFTER_REFUSAL:
        facts = {"missing": context.step_name(arg), "step": context.asked_step}
        return Stop("STEP_OUT_OF_ORDER", facts, sentence="PRIOR_STEP_REFUSED")
    return None


def unless_done(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `step:condition` — the step must be done before wherever the condition holds."""
    step, _, text = arg.partition(":")
    if context.history.is_done(step):
        return None
    condition = read_row(text)
    holds = condition.holds(context.facts)
    if holds is None:
        return missing(condition.unknown(context.facts), context)
    return not_done(step, context) if holds else None


def times(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: how often the step may be performed in one case."""
    done = len(context.history.performances(context.request.step))
    if done < int(arg):
        return None
    return Stop("STEP_ALREADY_DONE", {"step": context.asked_step, "times": done, "limit": arg})


def not_done(step: str, context: ControlContext) -> Stop:
    """The refusal that asks for a step first, under the name the statute gives its absence."""
    code = _CODE_BY_VERB.get(context.verb(step), "STEP_OUT_OF_ORDER")
    return Stop(code, {"missing": context.step_name(step), "step": context.asked_step}, missing=(step,))
