"""What points on an event loop share: an ASGI request as an `Incoming`, its body, the asking, what an answer's status means."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Protocol

import structlog

from adapters.enforcement.identity import Peer
from adapters.enforcement.routes import Matched
from adapters.enforcement.ruling import BODY_LIMIT, Enforcement, Incoming, Ruling, too_large
from adapters.enforcement.verdict import Verdict
from sidecar.errors import RequestError
from sidecar.http_api.guard import Receive, Scope

log = structlog.get_logger("quanheng.enforcement")


class Decider(Protocol):
    """Who asks the sidecar. Whatever fails is an unclear verdict, within the time the decider is given; never an exception."""

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict: ...

    async def report(self, decision_id: str, result: str, detail: str) -> None: ...


def incoming_of(scope: Scope) -> Incoming:
    """The head of an ASGI request; the handshake of a WebSocket is a GET."""
    client = scope.get("client")
    return Incoming(
        scope.get("method", "GET"),
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        tuple(scope["headers"]),
        Peer(client[0] if client else ""),
        websocket=scope["type"] == "websocket",
    )


async def decided(enforcement: Enforcement, decider: Decider, incoming: Incoming, matched: Matched) -> Ruling:
    """Ask for a matched request. Each request has an identifier of its own: a client that repeats itself repeats the act."""
    question = await enforcement.asked(incoming, matched)
    if isinstance(question, Ruling):
        return question
    verdict = await decider.ask(question.evaluation, secrets.token_hex(16))
    if not verdict.clear and not verdict.malformed:
        log.error("no decision", problem=verdict.problem)
    return enforcement.rule(verdict, question)


async def still_allowed(enforcement: Enforcement, decider: Decider, incoming: Incoming, matched: Matched) -> str:
    """Ask again for what goes on since it was allowed: the code of a refusal, empty where there is none.

    Everything is looked at anew, also who the officer is: a token that has run out since is nobody's. It is a question (ADR
    0005), so no case counts it, and a step that is done once is not refused for having been done by the very act that goes on.
    Nothing is observed here: where a refusal may be let through, that is said when it is opened again.
    """
    question = await enforcement.asked(incoming, matched)
    if isinstance(question, Ruling):
        return question.refusal.code if question.refusal else ""
    context = {**question.evaluation["context"], "intent": "question"}
    context.pop("observe", None)
    verdict = await decider.ask({**question.evaluation, "context": context}, secrets.token_hex(16))
    if verdict.done:
        return ""
    refusal = enforcement.rule(replace(verdict, observed_until=""), question).refusal
    return refusal.code if refusal else ""


def result_of(status: int | None) -> str:
    """What is reported of an act by the status of the answer to it: performed, failed, or empty when it is not known."""
    if status is None or status >= 500:  # noqa: PLR2004
        return ""
    return "failed" if status == 0 or status >= 400 else "performed"  # noqa: PLR2004


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError("gone", "the client went away")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def whole(body: AsyncIterator[bytes]) -> bytes:
    """A body that must be read to decide. Raises RequestError beyond its bound."""
    data = bytearray()
    async for chunk in body:
        data += chunk
        if len(data) > BODY_LIMIT:
            raise too_large()
    return bytes(data)
