"""The rules of refusals that no row speaks: where there is no power, there is no row to carry a rule.

法无授权不可为 (行政许可法 4, 22) is the rule of all of them but three: a penalty without basis or standing is void (行政处罚法
38), the place of the offence decides who is competent (22), and what is on no list may not be licensed (优化营商环境条例 40).
"""

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.compiler.manifest import ItemFacts
from sidecar.messages import Sentence, say

_OF_ANY_CLASS = ""
UNLISTED = "UNKNOWN_ITEM"  # NO_POWER of an item that is on no list

RULES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("NO_POWER", _OF_ANY_CLASS): "AL-4",
        ("NO_POST", _OF_ANY_CLASS): "AL-4",
        ("POST_EXPIRED", _OF_ANY_CLASS): "AL-4",
        ("ITEM_NOT_IN_FORCE", _OF_ANY_CLASS): "AL-4",
        ("OUT_OF_REGION", _OF_ANY_CLASS): "AP-17",
        ("NO_POWER", "penalty"): "AP-38",
        ("ITEM_NOT_IN_FORCE", "penalty"): "AP-38",
        (UNLISTED, _OF_ANY_CLASS): "EN-LIST",
    }
)


def rule_of(code: str, power_class: str = _OF_ANY_CLASS) -> str:
    """The catalogue rule behind a refusal without a row."""
    return RULES.get((code, power_class)) or RULES[code, _OF_ANY_CLASS]


def said_of_unknown(item_id: str, step: str, item: ItemFacts | None) -> Sentence:
    """What is unknown of an item and a step of it: the item was not named, is on no list, or has no such step."""
    if item is None:
        return say(UNLISTED, item=item_id) if item_id else say("ITEM_NOT_NAMED")
    steps = "、".join(f"{name}（{entry.name}）" for name, entry in item.steps.items())
    return say("UNKNOWN_STEP_OF_ITEM", item=item.name, step=step, steps=steps)
