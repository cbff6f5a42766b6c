"""Declared facts, and what a request may say of them.

JSON has no money, no dates and here no fractions, so a fact travels as a truth value, a whole number or text:

    boolean    true, false
    integer    300
    money      30 (in the declared unit), or "305000.50 yuan", "30.5 wan_yuan", "30.5 万元"
    duration   12 (in the declared unit), or "12 month", "3 工作日"
    date       "2026-01-31"
    choice     one of the declared words, or its Chinese label

What a case remembers is spelt with its unit ("305000.50 yuan"), so that a later policy with another unit reads the same sum.
"""

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from sidecar.expressions.measures import (
    BOOLEAN,
    CHOICE,
    DATE,
    EXAMPLES,
    FEN_IN_YUAN,
    INTEGER,
    KIND_NAMES,
    MAX_DIGITS,
    MEASURES,
    MONEY,
    SPELLINGS,
)
from sidecar.expressions.syntax import ordinal_of
from sidecar.messages import Sentence

Asserted = bool | int | str  # a fact as a request, a record and a case carry it
Value = bool | int | str  # a fact as an expression reads it: money in fen, a date as its ordinal, a choice as its word
Values = Mapping[str, Value]

MAX_TEXT = 128

_AMOUNT = re.compile(rf"(-?)([0-9]{{1,{MAX_DIGITS}}})(?:\.([0-9]{{1,2}}))? ?(\S{{1,16}})\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """One declared fact. `unit` is what a bare number counts: a measure for money and durations, any word for whole numbers.
    `words` are the words of a choice with their Chinese labels; `zh` and `en` what people call the fact."""

    kind: str
    unit: str = ""
    words: dict[str, str] = {}
    zh: str = ""
    en: str = ""

    def read(self, asserted: Asserted) -> Value | None:
        """The value an expression reads, or None where what is asserted is not of the declared type or unit."""
        if self.kind == BOOLEAN:
            return asserted if type(asserted) is bool else None
        if type(asserted) is int:
            return self._counted(asserted)
        return self._told(asserted) if isinstance(asserted, str) else None

    def _counted(self, number: int) -> int | None:
        if self.kind == INTEGER:
            return number
        return number * MEASURES[self.unit].factor if self.unit in MEASURES and self.kind not in (DATE, CHOICE) else None

    def _told(self, text: str) -> Value | None:
        if self.kind == CHOICE:
            return text if text in self.words else next((word for word, label in self.words.items() if label == text), None)
        if self.kind == DATE:
            return ordinal_of(text) if _DAY.match(text) else None
        amount = _AMOUNT.match(text)
        measure = MEASURES.get(SPELLINGS.get(amount[4], "")) if amount else None
        if amount is None or measure is None or measure.kind != self.kind or (amount[3] and self.kind != MONEY):
            return None
        decimals = amount[3] or ""
        whole, rest = divmod(int(amount[2] + decimals) * measure.factor, 10 ** len(decimals))
        return None if rest else -whole if amount[1] else whole

    def spell(self, value: Value) -> Asserted:
        """A value that was read, as a case remembers it."""
        if self.kind == DATE:
            return _iso(int(value))
        if self.kind in (BOOLEAN, INTEGER, CHOICE):
            return value
        if self.kind != MONEY:
            return f"{value} {self.kind}"
        yuan, fen = divmod(abs(int(value)), FEN_IN_YUAN)
        return f"{'-' if int(value) < 0 else ''}{yuan}{f'.{fen:02d}' if fen else ''} yuan"

    @property
    def label(self) -> Sentence:
        """What people call the fact, with the unit of a bare number: 涉案金额（万元）."""
        measure = MEASURES.get(self.unit)
        unit = measure.label if measure else Sentence(self.unit, self.unit)
        return Sentence(f"{self.zh}（{unit.zh}）", f"{self.en} ({unit.en})") if self.unit else Sentence(self.zh, self.en)

    @property
    def form(self) -> Sentence:
        """What a request may say of the fact."""
        name = KIND_NAMES[self.kind]
        if self.kind == CHOICE:
            words = [f"{word}（{label}）" for word, label in self.words.items()]
            return Sentence(f"{name.zh}：{'、'.join(words)}", f"{name.en}: {', '.join(self.words)}")
        if self.kind == BOOLEAN:
            return Sentence(f"{name.zh}：true 或 false", f"{name.en}: true or false")
        if self.kind in (INTEGER, DATE):
            example = EXAMPLES[self.kind] if self.kind == INTEGER else f'"{EXAMPLES[DATE]}"'
            return Sentence(f"{name.zh}，如 {example}", f"{name.en} such as {example}")
        unit, example = MEASURES[self.unit].label, EXAMPLES[self.kind]
        return Sentence(
            f'{name.zh}：整数（按{unit.zh}）或带单位的文字，如 "{example}"',
            f'{name.en}: a whole number of {unit.en}, or text with its unit such as "{example}"',
        )


def form_of(asserted: object) -> Sentence:
    """What kind of JSON value something is; never the value itself, which may be a citizen's."""
    if isinstance(asserted, bool):
        return Sentence("是非", "a truth value")
    return Sentence("整数", "a whole number") if isinstance(asserted, int) else Sentence("文字", "text")


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
