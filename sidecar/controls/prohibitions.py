"""What the law forbids of the act itself, whoever acts: conditions over declared facts and over what the case knows.

A condition that the known facts do not settle prohibits, and the refusal names the facts to assert. Where it asks for the day of
a step that was never done, no fact can help: the step is asked for.
"""

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.controls.order import not_done
from sidecar.expressions.meaning import read_row
from sidecar.power_list.declared import derived_facts


def forbids(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `code:condition` — the refusal where the condition holds."""
    code, _, text = arg.partition(":")
    condition = read_row(text)
    holds = condition.holds(context.facts)
    if holds:
        return Stop(code, {"step": context.asked_step}, sentence="FORBIDDEN")
    if holds is None:
        return _unsettled(condition.unknown(context.facts), context)
    return None


def _unsettled(names: tuple[str, ...], context: ControlContext) -> Stop:
    for step in context.item.steps:
        if derived_facts(step)[2] in names:
            return not_done(step, context)
    return missing(names, context)
