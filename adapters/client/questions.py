"""What can be asked, and how it is written: AuthZEN Authorization API 1.0, with the members of docs/reference/http-api.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Fact = bool | int | str


class Semantic(StrEnum):
    """When a batch ends (AuthZEN 1.0, section 7): after all, with the first deny, with the first permit."""

    ALL = "execute_all"
    UNTIL_DENY = "deny_on_first_deny"
    UNTIL_PERMIT = "permit_on_first_permit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """May this officer do this step of this item in this case? Members left empty are not sent. `case` empty asks about a case of
    the item that has not begun. `intent` is exercise, question, co_sign or vote; the act of `exercise` counts as done unless it
    is reported as failed. `action` and `context` take members that have no field here (`vote`, `content`, `options`, …)."""

    officer: str
    step: str
    item: str = ""
    case: str = ""
    acting_post: str = ""
    outcome: str = ""
    party: str = ""
    region: str = ""
    intent: str = "exercise"
    channel: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    evidence: Mapping[str, str] | Sequence[str] = field(default_factory=dict)
    action: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The AuthZEN request."""
        named = {"item": self.item, "party": self.party, "region": self.region}
        return {
            "subject": {"type": "officer", "id": self.officer, "properties": _given({"acting_post": self.acting_post})},
            "action": {"name": self.step, "properties": {**self.action, **_given({"outcome": self.outcome})}},
            "resource": {
                "type": "case" if self.case else "item",
                "id": self.case or self.item,
                "properties": _given(named if self.case else {**named, "item": ""}),
            },
            "context": {
                **self.context,
                "intent": self.intent,
                **_given({"channel": self.channel, "facts": dict(self.facts), "evidence": _copied(self.evidence)}),
            },
        }


def _copied(evidence: Mapping[str, str] | Sequence[str]) -> dict[str, str] | list[str]:
    return dict(evidence) if isinstance(evidence, Mapping) else list(evidence)


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", {}, [])}
