"""What an answer says, typed. Only HTTP 200 with the JSON value `true` is an allow; whatever has not the documented shape raises.

What stands beside a decision is read as far as it has its shape: a reason that is missing makes a refusal no less a refusal. An
allow, however, must name the decision it rests on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from adapters.client.failures import ClientError, NotAcceptedError, UnclearAnswerError

MAX_TOLD = 500  # characters of an answer that are repeated in a failure
_NOT_TAKEN = range(400, 500)


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence in both languages; empty where the sidecar gave none."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """What an allow demands of whoever acts on it. A thing of no known shape is an obligation of the empty type, which nobody
    can fulfil."""

    id: str
    type: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or refusal. As a truth value it is whether it allows. `context` is all that the answer said beside it."""

    allowed: bool
    decision_id: str
    code: str
    reason: Reason
    rule: str
    basis: str
    may_act: tuple[str, ...]
    posts: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    state_token: str
    context: Mapping[str, Any] = field(repr=False)

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """An item of a batch that was not understood: no decision was made on it, so it is false."""

    status: int
    code: str
    message: str

    allowed = False

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Page:
    """What was found, each as {type, id} or {name}; `next_token` is empty at the end."""

    results: tuple[Mapping[str, Any], ...]
    next_token: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a sidecar says of itself (AuthZEN 1.0, section on metadata). `endpoints` are its addresses by the standard's names."""

    policy_decision_point: str
    endpoints: Mapping[str, str]
    capabilities: tuple[str, ...]
    members: Mapping[str, Any] = field(repr=False)


def decision_of(status: int, body: bytes) -> Decision:
    """Raises NotAcceptedError, UnclearAnswerError."""
    return decision_in(_object(status, body), status)


def batch_of(status: int, body: bytes, asked: int, *, may_end_early: bool) -> tuple[Decision | NotEvaluated, ...]:
    """The answers in the order of the questions. Raises where there are more than were asked, or fewer without leave."""
    told = _object(status, body).get("evaluations")
    if not isinstance(told, list) or not all(isinstance(entry, dict) for entry in told):
        raise UnclearAnswerError(status, "the answer holds no list of evaluations")
    if not (1 if may_end_early else asked) <= len(told) <= asked:
        raise UnclearAnswerError(status, f"{len(told)} answers to {asked} questions")
    return tuple(_item(entry, status) for entry in told)


def page_of(status: int, body: bytes) -> Page:
    """Raises NotAcceptedError, UnclearAnswerError."""
    told = _object(status, body)
    results = told.get("results")
    if not isinstance(results, list) or not all(isinstance(found, dict) for found in results):
        raise UnclearAnswerError(status, "the answer holds no list of results")
    return Page(tuple(results), _text(_block(told.get("page")).get("next_token")))


def metadata_of(status: int, body: bytes) -> Metadata:
    """Raises NotAcceptedError, UnclearAnswerError."""
    told = _object(status, body)
    address = _text(told.get("policy_decision_point"))
    if not address:
        raise UnclearAnswerError(status, "the answer names no policy_decision_point")
    endpoints = {name: value for name, value in told.items() if name.endswith("_endpoint") and isinstance(value, str)}
    return Metadata(address, endpoints, _texts(told.get("capabilities")), told)


def accepted(status: int, body: bytes) -> None:
    """That a report was taken. Raises NotAcceptedError, UnclearAnswerError."""
    _object(status, body)


def _object(status: int, body: bytes) -> dict[str, Any]:
    if status != HTTPStatus.OK:
        raise _not_ok(status, body)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise UnclearAnswerError(status, "the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise UnclearAnswerError(status, "the answer is no JSON object")
    return answer


def _not_ok(status: int, body: bytes) -> ClientError:
    told = body.decode("utf-8", "replace")[:MAX_TOLD]
    code, colon, detail = told.partition(": ")
    if status in _NOT_TAKEN or (status == HTTPStatus.SERVICE_UNAVAILABLE and code == "overloaded"):
        return NotAcceptedError(status, code if colon else "", detail if colon else told)
    return UnclearAnswerError(status, "no decision")


def _item(entry: dict[str, Any], status: int) -> Decision | NotEvaluated:
    error = _block(entry.get("context")).get("error")
    if entry.get("decision") is False and isinstance(error, dict):
        number = error.get("status")
        return NotEvaluated(number if type(number) is int else 0, _text(error.get("code")), _text(error.get("message")))
    return decision_in(entry, status)


def decision_in(answer: dict[str, Any], status: int) -> Decision:
    """The same where the answer has been decoded. Raises UnclearAnswerError."""
    allowed, context = answer.get("decision"), _block(answer.get("context"))
    if not isinstance(allowed, bool):
        raise UnclearAnswerError(status, "the answer holds no decision")
    decision_id = _text(context.get("decision_id"))
    if allowed and not decision_id:
        raise UnclearAnswerError(status, "the allow names no decision")
    reason, remedy = _block(context.get("reason")), _block(context.get("remedy"))
    return Decision(
        allowed,
        decision_id,
        _text(context.get("code")),
        Reason(_text(reason.get("zh")), _text(reason.get("en"))),
        _text(context.get("rule")),
        _text(context.get("basis")),
        _texts(remedy.get("names")),
        _texts(remedy.get("posts")),
        _obligations(context.get("obligations")),
        _text(context.get("state_token")),
        context,
    )


def _obligations(value: object) -> tuple[Obligation, ...]:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    blocks = [_block(entry) for entry in entries]
    return tuple(Obligation(_text(b.get("id")), _text(b.get("type")), _block(b.get("properties"))) for b in blocks)


def _block(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
