"""Emergency: where an article lets the act come before its approval, and what is owed for it.

行政强制法第十九条: 情况紧急，需要当场实施行政强制措施的，应当在二十四小时内报告并补办批准手续. So the act without approval is
allowed only in the profiles that name such an article, and makes a debt of the unit: the approval, within the term. While a
debt is overdue, the next emergency of the unit is refused, in whatever case; approving it, late or in time, settles it. There
is no other way around a control, for nobody: an emergency opens one step of one procedure and lifts nothing else from it.
"""

from functools import lru_cache
from typing import NamedTuple

from sidecar.controls.context import ControlContext, Stop
from sidecar.expressions.meaning import Expression, read_row

EMERGENCY = "emergency"  # the kind of such a debt in its ledger


class Emergency(NamedTuple):
    """The unit that owes, the term, the step that settles, and when an act is an emergency at all."""

    unit: str
    hours: int
    approval: str
    when: Expression

    @property
    def ledger_id(self) -> str:
        return f"emergency:{self.unit}"

    def concerns(self, context: ControlContext) -> bool:
        """Whether the request makes a debt or may settle one. What was approved before it is done owes nothing."""
        if context.request.step == self.approval:
            return True
        return bool(self.when.holds(context.facts)) and not context.performances(self.approval)


@lru_cache(maxsize=1024)
def read_emergency(arg: str) -> Emergency:
    """`unit:hours:step:condition`. Raises ValueError where the row was damaged."""
    unit, hours, approval, when = arg.split(":")
    return Emergency(unit, int(hours), approval, read_row(when))


def emergency(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the emergency. The step that settles is never stopped by a debt; the row stands there so that it finds it."""
    owed = read_emergency(arg)
    if context.request.step == owed.approval or not owed.concerns(context):
        return None
    overdue = context.ledgers[owed.ledger_id].overdue(context.now, EMERGENCY)
    if not overdue:
        return None
    facts = {"case": overdue[0].case_id, "due": overdue[0].due, "n": len(overdue), "step": context.asked_step}
    return Stop("EMERGENCY_DEBT_OPEN", facts)
