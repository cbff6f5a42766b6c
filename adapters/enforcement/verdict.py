"""What the sidecar said: an allow is HTTP 200 with the JSON value `true`, and nothing else is.

Everything that is not a clear answer (another status, malformed, half of one) is unclear, and no enforcement point acts on it.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sidecar.messages import Sentence

UNSAID = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on; `malformed` is code and message when it
    said that the request itself is wrong."""

    allowed: bool
    clear: bool
    problem: str = ""
    malformed: tuple[str, str] | None = None
    decision_id: str = ""
    code: str = "DENIED"
    reason: Sentence = UNSAID
    rule: str = ""
    basis: str = ""
    posts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    obligation_kinds: tuple[str, ...] = ()

    @classmethod
    def unclear(cls, problem: str) -> "Verdict":
        return cls(allowed=False, clear=False, problem=problem)


def verdict_of(status: int, body: bytes) -> Verdict:
    """The verdict in an answer of the sidecar."""
    if status == HTTPStatus.BAD_REQUEST:
        text = _told(body, 500)
        code, _, message = text.partition(": ")
        return Verdict(allowed=False, clear=False, problem=text[:200], malformed=(code, message))
    if status != HTTPStatus.OK:
        told = f": {_told(body, 200)}" if 400 <= status < 500 else ""  # noqa: PLR2004 - a client error says what is wrong
        return Verdict.unclear(f"HTTP {status}{told}")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Verdict.unclear("the answer is not JSON")
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        return Verdict.unclear("the answer holds no decision")
    if answer["decision"] and not _text(_block(answer.get("context")).get("decision_id")):
        return Verdict.unclear("the allow names no decision")
    return _verdict(allowed=answer["decision"], context=_block(answer.get("context")))


def _verdict(*, allowed: bool, context: dict[str, Any]) -> Verdict:
    """The decision with what stands beside it, as far as it has the documented shape."""
    reason, remedy, duties = _block(context.get("reason")), _block(context.get("remedy")), _blocks(context.get("obligations"))
    return Verdict(
        allowed,
        clear=True,
        decision_id=_text(context.get("decision_id")),
        code=_text(context.get("code")) or "DENIED",
        reason=Sentence(_text(reason.get("zh")), _text(reason.get("en"))),
        rule=_text(context.get("rule")),
        basis=_text(context.get("basis")),
        posts=_texts(remedy.get("posts")),
        names=_texts(remedy.get("names")),
        obligations=_texts([duty.get("id") for duty in duties]),
        obligation_kinds=tuple(_text(duty.get("type")) for duty in duties),
    )


def _block(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _blocks(value: object) -> list[dict[str, Any]]:
    """What stands in a list; a thing of another shape counts as an obligation of no known kind, which nobody can fulfil."""
    return [_block(entry) for entry in value] if isinstance(value, list) else [{}] * (value is not None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _told(body: bytes, length: int) -> str:
    return body.decode("utf-8", "replace")[:length]
