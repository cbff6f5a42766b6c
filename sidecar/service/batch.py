"""AuthZEN access evaluations: several questions in one request, answered in their order.

An item takes each entity it does not name from the top of the request; one it names replaces the whole entity, but for the
members that identify it (`type`, `id`, `name`): those it leaves out come from the top as well, as the certification scenario has
it. An item that cannot be understood is a false decision of its own and no error of the request.

What changes nothing is asked at once. Acts are done one after another, each on what the one before has left; and so is whatever
may end with an earlier answer. Each item is decided and recorded by itself, under the request's identifier with its number.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sidecar.controls.context import QUESTION
from sidecar.errors import RequestError
from sidecar.service.answering import CallerFacts, encode
from sidecar.service.asked import ITEM, EvaluationRequest, evaluation_of
from sidecar.service.authorize import Answer

MAX_EVALUATIONS = 50

# Which decision ends a batch.
SEMANTICS: Mapping[str, bool | None] = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}
_IDENTIFYING = {"subject": ("type", "id"), "action": ("name",), "resource": ("type", "id")}

Decide = Callable[[EvaluationRequest, CallerFacts], Awaitable[Answer]]


class Batch(NamedTuple):
    """Items in their order, a RequestError where one is no evaluation, and the decision that ends the batch (None: neither)."""

    items: tuple[EvaluationRequest | RequestError, ...]
    ends_at: bool | None


def batch_of(body: object) -> Batch | None:
    """A decoded body as a batch; None where it is a single evaluation. Raises RequestError."""
    if not isinstance(body, dict):
        raise RequestError("bad_request", "the body must be a JSON object")
    semantic = _semantic(body.get("options", {}))
    items = body.get("evaluations", [])
    if not isinstance(items, list):
        raise RequestError("bad_request", "evaluations must be an array")
    if len(items) > MAX_EVALUATIONS:
        raise RequestError("too_many_evaluations", f"more than {MAX_EVALUATIONS} evaluations in one request", 413)
    return Batch(tuple(_item(item, body) for item in items), SEMANTICS[semantic]) if items else None


def _semantic(options: object) -> str:
    if not isinstance(options, dict):
        raise RequestError("bad_options", "options must be an object")
    semantic = options.get("evaluations_semantic", "execute_all")
    if not isinstance(semantic, str) or semantic not in SEMANTICS:
        raise RequestError("bad_options", f"options.evaluations_semantic must be one of {', '.join(SEMANTICS)}")
    return semantic


def _item(item: object, defaults: Mapping[str, Any]) -> EvaluationRequest | RequestError:
    if not isinstance(item, dict):
        return RequestError("bad_request", "an evaluation must be a JSON object")
    entities = {name: _entity(name, item, defaults) for name in (*_IDENTIFYING, "context") if name in item or name in defaults}
    try:
        return evaluation_of(entities)
    except RequestError as fault:
        return fault


def _entity(name: str, item: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    if name not in item:
        return defaults[name]
    own, default = item[name], defaults.get(name)
    if not isinstance(own, dict) or not isinstance(default, dict):
        return own
    return {**{key: default[key] for key in _IDENTIFYING.get(name, ()) if key in default}, **own}


async def decided(batch: Batch, caller: CallerFacts, decide: Decide, *, has_cases: bool) -> list[Answer]:
    """The answers, as many as were needed. `decide` raises nothing. Without cases no evaluation changes anything."""
    turns = [_decided(item, _numbered(caller, n), decide) for n, item in enumerate(batch.items, start=1)]
    if batch.ends_at is None and not (has_cases and any(map(_may_act, batch.items))):
        return list(await asyncio.gather(*turns))
    answers: list[Answer] = []
    for turn in turns:
        if answers and answers[-1].allowed is batch.ends_at:
            turn.close()
        else:
            answers.append(await turn)
    return answers


def _numbered(caller: CallerFacts, n: int) -> CallerFacts:
    return caller._replace(request_id=f"{caller.request_id}/{n}") if caller.request_id else caller


def _may_act(item: EvaluationRequest | RequestError) -> bool:
    return isinstance(item, EvaluationRequest) and item.resource.type != ITEM and item.context.get("intent") != QUESTION


async def _decided(item: EvaluationRequest | RequestError, caller: CallerFacts, decide: Decide) -> Answer:
    if isinstance(item, RequestError):
        return not_decided(item.status_hint, item.code, item.message)
    return await decide(item, caller)


def not_decided(status: int, code: str, message: str) -> Answer:
    """The false decision of an item on which none was made, with what would have been the error of a request of its own."""
    error = {"status": status, "code": code, "message": message}
    return Answer(encode({"decision": False, "context": {"error": error}}), allowed=False, code=code)
