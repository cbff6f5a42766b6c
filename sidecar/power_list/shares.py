"""Shares of a body that decides together, exact: how many must attend, how many must agree.

The words follow the usage of rules of procedure: `half` is more than half (过半数), `two_thirds` at least two thirds
(三分之二以上), `all` everyone (全体). Any other share is a fraction, `3/5`, and means at least so many. Nothing is rounded:
three of five are three fifths, and half of six is not more than half.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

HALF, TWO_THIRDS, ALL = "half", "two_thirds", "all"

_WORDS = {HALF: (Fraction(1, 2), True), TWO_THIRDS: (Fraction(2, 3), False), ALL: (Fraction(1), False)}
_SPELT = {"过半数": HALF, "三分之二以上": TWO_THIRDS, "全体": ALL}
_FRACTION = re.compile(r"([1-9][0-9]?)[/:]([1-9][0-9]?)\Z")
_LABELS = {HALF: ("过半数", "more than half"), TWO_THIRDS: ("三分之二以上", "at least two thirds"), ALL: ("全体", "all")}


class Share(NamedTuple):
    """At least `part` of the whole, or `beyond` it. Of two shares the greater one is the harder to reach."""

    part: Fraction
    beyond: bool

    def met(self, count: int, whole: int) -> bool:
        reached, wanted = count * self.part.denominator, whole * self.part.numerator
        return whole > 0 and (reached > wanted or (reached == wanted and not self.beyond))


@lru_cache(maxsize=256)
def share_of(text: str) -> Share:
    """A share as it is written (`2/3`) or stands in a row (`2:3`). Raises ValueError."""
    word = _SPELT.get(text, text)
    if word in _WORDS:
        return Share(*_WORDS[word])
    found = _FRACTION.match(text)
    part = Fraction(int(found[1]), int(found[2])) if found else Fraction(0)
    if not 0 < part <= 1:
        raise ValueError(text)
    return Share(part, beyond=False)


def spelt_in_row(text: str) -> str:
    """A share as a cell of a row holds it."""
    return _SPELT.get(text, text).replace("/", ":")


def share_label(text: str) -> tuple[str, str]:
    """A share in words, Chinese and English."""
    word = spelt_in_row(text)
    fraction = word.replace(":", "/")
    return _LABELS.get(word, (f"{fraction}以上", f"at least {fraction}"))
