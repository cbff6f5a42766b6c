"""The enforcement point inside an ASGI application (Starlette, FastAPI, Django under ASGI): middleware around the whole of it.

    app = Enforced(app, enforcement, decider)

The application sees a request only when a ruling lets it pass, with the officer and the decision in `scope["quanheng"]`. What the
application answers is the outcome: 2xx and 3xx performed, 4xx failed; after a 5xx or an exception nobody knows, and the act stays
counted. WebSockets are acts like any other: their handshake is a GET of the route file.
"""

from typing import NamedTuple

from adapters.enforcement.asking import chunks, decided, incoming_of, result_of, whole
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.observing import OBSERVED
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.ruling import Enforcement, Incoming, Ruling, malformed
from sidecar.errors import RequestError
from sidecar.http_api.guard import App, Message, Receive, Scope, Send, send_reply

CHANNEL = "in-process"


class Decided(NamedTuple):
    """What the application may read of the ruling that let its request pass."""

    decision_id: str
    obligations: tuple[str, ...]


class Enforced:
    """An ASGI application behind the rules of a route file."""

    def __init__(self, app: App, enforcement: Enforcement, decider: HttpDecider) -> None:
        self._app, self._enforcement, self._decider = app, enforcement, decider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        incoming = incoming_of(scope)
        try:
            ruling, receive = await self._ruling(incoming, receive)
        except RequestError as fault:
            ruling = malformed(fault)
        if ruling.refusal is None:
            await self._perform(scope, receive, send, ruling)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ruling.refusal.code})
        else:
            await send_reply(send, reply_of(ruling.refusal, incoming.headers, f"{incoming.method} {scope['path']}"))

    async def _ruling(self, incoming: Incoming, receive: Receive) -> tuple[Ruling, Receive]:
        matched = self._enforcement.match(incoming)
        if isinstance(matched, Ruling):
            return matched, receive
        if matched.route.reads_body:
            data = await whole(chunks(receive))
            incoming, receive = incoming._replace(body=data), _again(data, receive)
        return await decided(self._enforcement, self._decider, incoming, matched), receive

    async def _perform(self, scope: Scope, receive: Receive, send: Send, ruling: Ruling) -> None:
        status: list[int] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
                if OBSERVED in ruling.told:
                    loud = (OBSERVED.encode(), ruling.told[OBSERVED].encode())
                    message = {**message, "headers": [*message.get("headers", ()), loud]}
            elif message["type"] == "websocket.accept":
                status.append(101)
            await send(message)

        duties = tuple(filter(None, ruling.told.get("x-quanheng-obligations", "").split(",")))
        await self._app({**scope, "quanheng": Decided(ruling.decision_id, duties)}, receive, noting)
        result = result_of(status[0] if status else None)
        if result and ruling.decision_id:
            await self._decider.report(ruling.decision_id, result, f"HTTP {status[0]}")


def _again(data: bytes, receive: Receive) -> Receive:
    """The body that was read, once more; then whatever the client still sends."""
    pending: list[Message] = [{"type": "http.request", "body": data, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
