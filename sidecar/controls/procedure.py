"""What a procedure owes before it decides, and how a case ends (行政处罚法 44–45, 57–58, 63; 行政许可法 36, 46–47, 69).

A case that was closed takes no further act but those the law names for it: revoking (撤销) and correcting (纠正). Neither edits
anything: the act names the decision it speaks of and says why, and both stay on record.
"""

from datetime import datetime, timedelta

from sidecar.controls.context import VOTE, ControlContext, Stop, missing
from sidecar.controls.order import not_done
from sidecar.expressions.meaning import read_row
from sidecar.expressions.measures import MEASURES
from sidecar.messages import Sentence
from sidecar.timekeeping.limits import HOURS, Limit


def evidence_when(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `name:condition`. The evidence is carried by this act or was by an earlier one, wherever the condition holds."""
    name, _, text = arg.partition(":")
    if context.request.intent == VOTE or name in context.request.evidence:
        return None
    if any(name in act.evidence for act in context.history.acts):
        return None
    condition = read_row(text)
    holds = condition.holds(context.facts)
    if holds is None:
        return missing(condition.unknown(context.facts), context)
    return missing((name,), context) if holds else None


def recorded(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `evidence:step|…`. Every performance of the steps that stands carries the record, or this act brings what is missing
    (行政处罚法 47: 全过程记录，归档保存)."""
    name, _, steps = arg.partition(":")
    if name in context.request.evidence:
        return None
    acts = [act for step in steps.split("|") for act in context.performances(step)]
    return None if all(name in act.evidence for act in acts) else missing((name,), context)


def time_left(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `code:step|…:n:unit:condition`. So much time has run out since the steps were last performed (the day of it does not
    count, the last day is still whole), or the condition holds."""
    code, steps, n, unit, text = arg.split(":")
    done = [datetime.fromisoformat(act.time) for step in steps.split("|") for act in context.performances(step)]
    if not done:
        return not_done(steps.split("|")[0], context)
    until = context.deadlines.over_from(max(done), Limit(int(n), unit))
    if context.now >= until:
        return None
    unless = read_row(text)
    excused = unless.holds(context.facts)
    if excused is None:
        return missing(unless.unknown(context.facts), context)
    label = MEASURES[unit].label
    facts = {
        "missing": context.step_name(steps.split("|")[0]),
        "limit": Sentence(f"{n} {label.zh}", f"{n} {label.en}"),
        "next": until.isoformat(" ", "minutes") if unit == HOURS else until.date(),
        "step": context.asked_step,
    }
    return None if excused else Stop(code, facts, sentence="STEP_TOO_EARLY")


def open_days(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `step:days`. So many days lie between the step, last performed, and this one; the day it was done is not counted."""
    step, days = arg.split(":")
    performed = context.performances(step)
    if not performed:
        return None
    until = datetime.fromisoformat(performed[-1].time).date() + timedelta(days=int(days))
    if context.day >= until:
        return None
    facts = {"missing": context.step_name(step), "until": until, "days": days, "step": context.asked_step}
    return Stop("STEP_OUT_OF_ORDER", facts, sentence="STILL_OPEN")


def closed(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the steps that close the case, joined by `|`."""
    done = [step for step in arg.split("|") if context.performances(step)]
    if not done:
        return None
    return Stop("CASE_CLOSED", {"closing": context.step_name(done[0]), "step": context.asked_step})


def refers(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the verb, `revoke` or `correct`. The act names a decision of this case that stands, and the reason."""
    request = context.request
    if not request.corrects:
        return missing(("corrects",), context)
    known = {act.decision_id for act in context.history.acts}
    if request.corrects not in known:
        return Stop(
            "MISSING_REQUIREMENT", {"decision": request.corrects, "step": context.asked_step}, "CORRECTS_NOTHING", ("corrects",)
        )
    if arg == "revoke" and request.corrects in context.revoked:
        facts = {"step": context.asked_step, "decision": request.corrects}
        return Stop("STEP_ALREADY_DONE", facts, sentence="ALREADY_REVOKED")
    return None if "reason" in request.evidence else missing(("reason",), context)
