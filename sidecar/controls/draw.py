"""Random draw before an inspection or an evaluation (双随机、抽取专家): the draw is true, and only those who were drawn act.

优化营商环境条例 54; 政府采购法实施条例 39; 招标投标法实施条例 46. How a draw is computed: `case_history/draw.py`.
"""

from sidecar.case_history.draw import drawn_from, pool_digest
from sidecar.controls.context import ControlContext, Stop, missing


def true_draw(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the step that fixed the pool. Where it was not done, the order of steps says so."""
    fixed, brought = context.performances(arg), context.request.draw
    if not fixed:
        return None
    if brought is None:
        return missing(("draw",), context)
    facts = {"fixed": context.step_name(arg), "step": context.asked_step}
    if not fixed[-1].content or pool_digest(brought.pool) != fixed[-1].content:
        return Stop("DRAW_INVALID", facts, sentence="POOL_NOT_FIXED")
    if drawn_from(brought.pool, fixed[-1].decision_id, len(brought.drawn)) != brought.drawn:
        return Stop("DRAW_INVALID", facts)
    return None


def drawn(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the step of the draw. A case that needs none, because a clue led to it, has none."""
    draws = [act.draw for act in context.performances(arg) if act.draw]
    if not draws or context.request.person in draws[-1].drawn:
        return None
    return Stop("NOT_DRAWN", {"draw": context.step_name(arg), "step": context.asked_step})
