"""Step order: what must be done before, and how often a step may be done (power-running flow, 权力运行流程).

A missing step is refused under the name the statute gives its absence: no notice of rights (行政处罚法 44; 行政许可法 36), no
hearing (63; 46–47), no legal review (58), no collective deliberation (57); every other one is simply out of order.

A step that ended in a refusal (不予受理, 不予许可, 不予处罚) is done, but it opens the way only to what a refusal needs: telling
the party, transferring, filing. Nobody issues what was refused. A legal review that was not passed and a draft that was not
adopted are such refusals under their own names (行政处罚法 57, 58: 审核未通过的，不得作出决定); neither uses up its step,
because what was amended may be reviewed, and a new draft deliberated, again. A decision that was revoked opens nothing, and may
be made anew.

A condition whose facts nobody asserted is neither true nor false; the guard then refuses and names the facts, because a
prohibition with a missing attribute must not let pass (and the caller can answer at once).
"""

from sidecar.case_history.history import REFUSE
from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.meaning import read_row

_CODE_BY_VERB = {
    "notify": "RIGHTS_NOT_NOTIFIED",
    "hear": "HEARING_REQUIRED",
    "legal_review": "LEGAL_REVIEW_REQUIRED",
    "deliberate": "COLLECTIVE_REQUIRED",
}


# What may still follow a refusal: the verbs that carry it to its end.
AFTER_REFUSAL = frozenset({"serve", "notify", "transfer", "archive", "correct", "revoke"})

# Steps whose refusal sends the matter back instead of ending it: how that is said, and that they may be done again.
_SENT_BACK = {"legal_review": "REVIEW_NOT_PASSED", "deliberate": "NOT_ADOPTED"}


def after(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the step that must be done before, and neither have ended in a refusal nor been revoked."""
    performed = context.performed.get(arg)
    if performed is None:
        return not_done(arg, context)
    if not context.revoked and performed[-1].outcome != REFUSE:
        return None  # as with almost every step
    return _closes_the_way(arg, context)


def unless_done(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `step:condition` — the step must be done before, as in `after`, wherever the condition holds."""
    step, _, text = arg.partition(":")
    if step in context.performed:
        return _closes_the_way(step, context)
    condition = read_row(text)
    holds = condition.holds(context.facts)
    if holds is None:
        return missing(condition.unknown(context.facts), context)
    return not_done(step, context) if holds else None


def _closes_the_way(step: str, context: ControlContext) -> Stop | None:
    if context.asked_verb in AFTER_REFUSAL:
        return None
    stands, refused = bool(context.performances(step)), context.performed[step][-1].outcome == REFUSE
    if stands and not refused:
        return None
    facts = {"missing": context.step_name(step), "step": context.asked_step}
    if not stands:
        return Stop(_code_of(step, context), facts, sentence="PRIOR_STEP_REVOKED", missing=(step,))
    verb = context.verb(step)
    if verb == "deliberate" and context.request.outcome == REFUSE:
        return None  # what was not adopted may be decided so
    if verb in _SENT_BACK:
        return Stop(_code_of(step, context), facts, sentence=_SENT_BACK[verb], missing=(step,))
    return Stop("STEP_OUT_OF_ORDER", facts, sentence="PRIOR_STEP_REFUSED")


def times(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: how often the step may be performed in one case; what was revoked or sent back does not count."""
    done = context.performances(context.request.step)
    if context.asked_verb in _SENT_BACK:
        done = [act for act in done if act.outcome != REFUSE]
    if len(done) < int(arg):
        return None
    return Stop("STEP_ALREADY_DONE", {"step": context.asked_step, "times": len(done), "limit": arg})


def not_done(step: str, context: ControlContext) -> Stop:
    """The refusal that asks for a step first, under the name the statute gives its absence."""
    sentence = "PRIOR_STEP_FAILED" if context.history.has_failed(step) else ""
    facts = {"missing": context.step_name(step), "step": context.asked_step}
    return Stop(_code_of(step, context), facts, sentence, missing=(step,))


def _code_of(step: str, context: ControlContext) -> str:
    return _CODE_BY_VERB.get(context.verb(step), "STEP_OUT_OF_ORDER")
