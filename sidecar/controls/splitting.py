"""Splitting (化整为零): what is bought in parts counts together.

政府采购法实施条例第二十八条: under one budget item and category, in one fiscal year, several purchases by other methods than
open tender, in sum above its threshold, are splitting. The running total is kept across cases in a ledger of the group and the
year; the fiscal year is the calendar year (预算法第十八条). The act that would reach the threshold is refused, whoever asks and
in whatever case.
"""

from functools import lru_cache
from typing import NamedTuple

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Expression, read_row
from sidecar.expressions.measures import MONEY

_YUAN = Fact(MONEY, "yuan")


AMOUNT = "amount"  # the kind of a sum in its ledger


class Split(NamedTuple):
    """What is counted together: purchases of an item that agree in the facts of `group`."""

    item: str
    group: tuple[str, ...]
    sum: Expression
    threshold: Expression

    def ledger_id(self, context: ControlContext) -> str:
        """Empty while a fact of the group is unknown."""
        facts = context.facts
        if any(name not in facts for name in self.group):
            return ""
        values = ":".join(str(facts[name]) for name in self.group)
        return f"split:{self.item}:{context.day.year}:{values}"

    def amount(self, context: ControlContext) -> int | None:
        """In fen."""
        value = self.sum.value(context.facts)
        return value if isinstance(value, int) else None


@lru_cache(maxsize=1024)
def read_split(arg: str) -> Split:
    """`item:fact+fact:sum:threshold`. Raises ValueError where the row was damaged."""
    item, group, amount, threshold = arg.split(":")
    return Split(item, tuple(group.split("+")), read_row(amount), read_row(threshold))


def split(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: what is counted together, its sum, and from which sum on it is not allowed."""
    counted = read_split(arg)
    unknown = [name for name in counted.group if name not in context.facts]
    unknown += [name for name in counted.sum.unknown(context.facts) if name not in unknown]
    if unknown:
        return missing(tuple(unknown), context)
    amount, threshold = counted.amount(context), counted.threshold.value(context.facts)
    if amount is None or not isinstance(threshold, int):
        raise ValueError(arg)
    before = context.ledgers[counted.ledger_id(context)].total(kind=AMOUNT)
    if before + amount < threshold:
        return None
    spelt = {"before": _YUAN.spell(before), "amount": _YUAN.spell(amount), "threshold": _YUAN.spell(threshold)}
    return Stop("OUT_OF_SCOPE", {**spelt, "item": context.item.name, "year": context.day.year}, sentence="SPLIT")
