"""How much may be decided: within the grade that fits the case, and never more than the party was told.

A grade whose condition is unknown asks for the facts. The deciding request says its amount itself, for what the case remembers is
the amount that was told; a decision not to punish has none. Where the item lets the bounds be left (`step` and `evidence` of an
argument), a decision outside them passes when the collective step was done in this case and the reason is in hand. Articles:
行政处罚法 34, 45.
"""

from fractions import Fraction

from sidecar.case_history.history import REFUSE
from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.facts import Fact, Values
from sidecar.expressions.meaning import Expression, read_row
from sidecar.expressions.measures import MONEY

_OPEN = "-"
_MONEY = Fact(MONEY, "yuan")


def grade(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `condition:amount:min:max:step:evidence` — the bounds that hold where the condition does."""
    when, amount, low, high, step, evidence = arg.split(":")
    condition, fine = read_row(when), read_row(amount)
    holds = condition.holds(context.facts)
    if holds is False or _refuses(context):
        return None
    bounds = [read_row(bound) for bound in (low, high) if bound != _OPEN]
    unknown = {*_unknown([condition, *bounds] if holds is None else bounds, context), *fine.names - context.request.facts.keys()}
    if unknown:
        return missing(tuple(sorted(unknown)), context)
    least, most = (None if bound == _OPEN else _amount(read_row(bound), context.facts) for bound in (low, high))
    asked = _amount(fine, context.facts)
    if _within(asked, least, most) or _departs(step, evidence, context):
        return None
    facts = {"amount": _spelt(asked), "low": _spelt(least), "high": _spelt(most), "step": context.asked_step}
    return Stop("DISCRETION_OUT_OF_BOUNDS", facts)


def graded(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `condition:step:evidence` — the condition under which any grade fits the case."""
    when, step, evidence = arg.split(":")
    condition = read_row(when)
    holds = condition.holds(context.facts)
    if _refuses(context):
        return None
    if holds is None:
        return missing(condition.unknown(context.facts), context)
    if holds or _departs(step, evidence, context):
        return None
    return Stop("DISCRETION_OUT_OF_BOUNDS", {"step": context.asked_step}, sentence="NO_DISCRETION")


def not_heavier(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `amount:step` — the amount must not be more than the notice, the last performance of the step, said."""
    amount, step = arg.split(":")
    notices = context.history.performances(step)
    if not notices or _refuses(context):
        return None  # that a notice is needed at all is said by the order of steps
    fine = read_row(amount)
    declared = context.item.facts
    asserted = notices[-1].facts
    read = {name: declared[name].read(value) for name, value in asserted.items() if name in declared}
    told = _amount(fine, {name: value for name, value in read.items() if value is not None})
    facts = {"missing": context.step_name(step), "step": context.asked_step}
    if told is None:
        return Stop("RIGHTS_NOT_NOTIFIED", facts, sentence="AMOUNT_NOT_NOTIFIED", missing=(step,))
    unknown = _unknown([fine], context)
    if unknown:
        return missing(unknown, context)
    asked = _amount(fine, context.facts)
    if asked is None or asked <= told:
        return None
    facts |= {"amount": _spelt(asked), "told": _spelt(told)}
    return Stop("RIGHTS_NOT_NOTIFIED", facts, sentence="HEAVIER_THAN_NOTIFIED", missing=(step,))


def _refuses(context: ControlContext) -> bool:
    return context.request.outcome == REFUSE


def _unknown(expressions: list[Expression], context: ControlContext) -> tuple[str, ...]:
    return tuple(sorted({name for expression in expressions for name in expression.unknown(context.facts)}))


def _amount(expression: Expression, facts: Values) -> int | Fraction | None:
    value = expression.value(facts)
    return value if isinstance(value, int | Fraction) else None


def _within(asked: int | Fraction | None, least: int | Fraction | None, most: int | Fraction | None) -> bool:
    amounts = [bound for bound in (least, asked, most) if bound is not None]
    return amounts == sorted(amounts)


def _departs(step: str, evidence: str, context: ControlContext) -> bool:
    return step != _OPEN and context.history.is_done(step) and evidence in context.request.evidence


def _spelt(amount: int | Fraction | None) -> str:
    """Money as people write it; an open end has no number."""
    if amount is None:
        return "—"
    fen = int(amount)
    return str(_MONEY.spell(fen)) + ("" if fen == amount else "+")
