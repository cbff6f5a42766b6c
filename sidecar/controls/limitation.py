"""Times after which a power is gone. The months of a term end on the corresponding day, or on the last of a shorter month; that
day is still in time. Articles: 行政处罚法 36, 行政强制法 53.
"""

from calendar import monthrange
from datetime import date

from sidecar.controls.context import ControlContext, Stop, missing
from sidecar.expressions.meaning import read_row
from sidecar.messages import Sentence

_NO_EXTENSION = "-"
_MONTHS_IN_YEAR = 12


def limitation(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `from:until:months:extended months:condition` — days, terms and the condition of the longer term."""
    start, until, term, longer, when = arg.split(":")
    begins, ends = read_row(start).value(context.facts), read_row(until).value(context.facts)
    if begins is None or ends is None:
        names = {*read_row(start).unknown(context.facts), *read_row(until).unknown(context.facts)}
        return missing(tuple(sorted(names)), context)
    begun, day = date.fromordinal(int(begins)), date.fromordinal(int(ends))
    if day <= _after(begun, term):
        return None
    if longer == _NO_EXTENSION:
        return _expired(begun, term, context)
    if day > _after(begun, longer):
        return _expired(begun, longer, context)
    condition = read_row(when)
    extended = condition.holds(context.facts)
    if extended is None:
        return missing(condition.unknown(context.facts), context)
    return None if extended else _expired(begun, term, context)


def _months(term: str) -> int:
    return int(read_row(term).value({}) or 0)


def _after(day: date, term: str) -> date:
    year, month = divmod(day.year * _MONTHS_IN_YEAR + day.month - 1 + _months(term), _MONTHS_IN_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _expired(begun: date, term: str, context: ControlContext) -> Stop:
    months = _months(term)
    said = Sentence(f"{months} 个月", f"{months} months")
    return Stop("LIMITATION_EXPIRED", {"start": begun, "end": _after(begun, term), "term": said, "step": context.asked_step})
