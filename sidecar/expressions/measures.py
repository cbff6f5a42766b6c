"""Kinds of values and their units. Money is counted in fen; days, working days, hours and months are never turned into each
other, for the law counts each in its own way (行政许可法 82, 行政处罚法 85, 行政强制法 69; a year is twelve months).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sidecar.messages import Sentence

BOOLEAN, INTEGER, MONEY, DATE, CHOICE = "boolean", "integer", "money", "date", "choice"
DAY, WORKDAY, HOUR, MONTH = "day", "workday", "hour", "month"
DURATIONS = (DAY, WORKDAY, HOUR, MONTH)
DURATION = "duration"  # asked for where any of them will do

FEN_IN_YUAN = 100
MAX_DIGITS = 15  # of a number as it is written; whole numbers of the record stay below 2^53


class Measure(NamedTuple):
    """A unit: what kind of value it makes, how many of the kind's smallest unit it holds, and its name in words."""

    kind: str
    factor: int
    label: Sentence


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "fen": Measure(MONEY, 1, Sentence("分", "fen")),
        "yuan": Measure(MONEY, FEN_IN_YUAN, Sentence("元", "yuan")),
        "wan_yuan": Measure(MONEY, 10_000 * FEN_IN_YUAN, Sentence("万元", "10,000 yuan")),
        "yi_yuan": Measure(MONEY, 100_000_000 * FEN_IN_YUAN, Sentence("亿元", "100 million yuan")),
        "day": Measure(DAY, 1, Sentence("日", "days")),
        "workday": Measure(WORKDAY, 1, Sentence("工作日", "working days")),
        "hour": Measure(HOUR, 1, Sentence("小时", "hours")),
        "month": Measure(MONTH, 1, Sentence("个月", "months")),
        "year": Measure(MONTH, 12, Sentence("年", "years")),
    }
)

_FURTHER = {
    "天": "day", "月": "month", "days": "day", "workdays": "workday", "hours": "hour", "months": "month", "years": "year",
}  # fmt: skip

# Every accepted spelling of a unit → its name.
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {name: name for name in MEASURES} | {measure.label.zh: name for name, measure in MEASURES.items()} | _FURTHER
)

KIND_NAMES: Mapping[str, Sentence] = MappingProxyType(
    {
        BOOLEAN: Sentence("是非", "a truth value"),
        INTEGER: Sentence("数", "a number"),
        MONEY: Sentence("金额", "money"),
        DATE: Sentence("日期", "a date"),
        CHOICE: Sentence("选项", "a choice"),
        DAY: Sentence("日数", "days"),
        WORKDAY: Sentence("工作日数", "working days"),
        HOUR: Sentence("小时数", "hours"),
        MONTH: Sentence("月数", "months"),
        DURATION: Sentence("时长", "a duration"),
    }
)

# One literal of each kind, to show what to write.
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        BOOLEAN: "true", INTEGER: "300", MONEY: "30 wan_yuan", DATE: "2026-01-31",
        DAY: "7 day", WORKDAY: "5 workday", HOUR: "24 hour", MONTH: "12 month",
        DURATION: "20 workday",
    }
)  # fmt: skip


def spelt_in_units(kind: str, amount: int) -> str:
    """A whole amount of money or time in the largest unit that holds it without a rest; not negative."""
    if kind == MONEY:
        names = ("wan_yuan", "yuan", "fen")
        name = next(n for n in names if amount % MEASURES[n].factor == 0 or n == "fen")
        return f"{amount // MEASURES[name].factor} {name}"
    return f"{amount} {kind}"
