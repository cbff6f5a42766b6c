"""How each statute counts the days it sets: the table behind "日" in its articles.

Figures of ministries and of places are limits of their own, written with their unit where they stand.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from sidecar.timekeeping.limits import DAYS, WORKDAYS


class StatuteUnit(NamedTuple):
    """What a statute calls a day: working days for the numbers that `working` accepts, calendar days for all others."""

    statute: str
    article: str
    working: Callable[[int], bool]


UNITS: tuple[StatuteUnit, ...] = (
    StatuteUnit("行政许可法", "第八十二条", lambda _: True),  # every limit of administrative organs, statutory holidays left out
    StatuteUnit("行政处罚法", "第八十五条", frozenset({2, 3, 5, 7}).__contains__),
    StatuteUnit("行政强制法", "第六十九条", lambda n: n <= 10),  # noqa: PLR2004 - 十日以内期限
)

_TITLE = re.compile("|".join(rule.statute for rule in UNITS))


def day_of(basis: str, n: int) -> tuple[str, StatuteUnit] | None:
    """The unit that "n 日" means in the statute an article cites first, with the rule that says so; None of any other statute,
    which says 工作日 where it means them."""
    cited = _TITLE.search(basis)
    if cited is None:
        return None
    rule = next(rule for rule in UNITS if rule.statute == cited.group())
    return (WORKDAYS if rule.working(n) else DAYS), rule
