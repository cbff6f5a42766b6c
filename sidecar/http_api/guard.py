"""The outermost layer: bounds on what a client may send, one error shape, and the request identifier echoed on everything.

Errors are plain text, as AuthZEN asks; a deny is never one. Whatever goes wrong inside becomes a 500 that says nothing of the
inside. Client-sent X-User, X-Forwarded-* and method overrides are not read anywhere in this service.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import chain
from typing import Any, NamedTuple

import structlog

from sidecar.errors import OverloadedError, QuanhengError, RequestError

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Rejected = Callable[[str], None]  # told the code of every request that was not understood or not let in

_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?\Z", re.IGNORECASE)
_ONCE = (b"host", b"content-type", b"authorization", b"x-request-id", b"x-reader", b"content-encoding", b"content-length")
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 * 1024
MAX_REQUEST_ID = 256
PLAIN = b"text/plain; charset=utf-8"
JSON = b"application/json"
CERTIFICATE = "quanheng.certificate"  # the ASGI extension under which the lane tells of it
_UNAUTHENTICATED = 401

log = structlog.get_logger("quanheng.http")


class Bounds(NamedTuple):
    """Of a body in bytes, of its arrival in seconds, and whether only names of this machine are answered."""

    body_limit: int
    body_deadline: float
    loopback_only: bool


class Reply(NamedTuple):
    """One answer: status, body, its media type, and headers beside these."""

    status: int
    body: bytes
    kind: bytes = PLAIN
    extra: tuple[tuple[bytes, bytes], ...] = ()


class Guard:
    """Wraps an application. Bodies are read whole, within bounds, before the application sees the request."""

    def __init__(self, app: App, bounds: Bounds, rejected: Rejected) -> None:
        self._app, self._bounds, self._rejected = app, bounds, rejected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        started: list[bool] = []
        echoing = _echo(scope, send, started)
        try:
            check_head(scope["headers"], loopback_only=self._bounds.loopback_only)
            body = await self._body(scope, receive)
            await self._app(scope, _replay(body), echoing)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it becomes an answer
            reply = reply_to(fault, scope["path"], self._rejected)
            if not started:
                await send_reply(echoing, reply)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = header(scope, b"content-length")
        if declared and _LENGTH.match(declared) and int(declared) > self._bounds.body_limit:
            raise RequestError("too_large", f"the body is larger than {self._bounds.body_limit} bytes", 413)
        try:
            async with asyncio.timeout(self._bounds.body_deadline):
                return await self._read(receive)
        except TimeoutError:
            raise RequestError("too_slow", f"the body took longer than {self._bounds.body_deadline} s", 408) from None

    async def _read(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError("gone", "the client went away", 400)
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._bounds.body_limit:
                raise RequestError("too_large", f"the body is larger than {self._bounds.body_limit} bytes", 413)
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks)


class _Overload(NamedTuple):
    """What a caller hears when it must come again: nothing was decided, so nothing is allowed."""

    code: str = "overloaded"
    told: str = "overloaded: more requests wait for the record than it can keep; nothing was decided, come again"
    seconds: bytes = b"1"


OVERLOADED = _Overload()


def reply_to(fault: Exception, path: str, rejected: Rejected) -> Reply:
    """What is answered when a request failed: why, where the request is at fault; nothing of the inside, where we are."""
    if isinstance(fault, RequestError):
        rejected(fault.code)
        extra = ((b"www-authenticate", b"Bearer"),) if fault.status_hint == _UNAUTHENTICATED else ()
        return Reply(fault.status_hint, f"{fault.code}: {fault.message}".encode(), extra=extra)
    if isinstance(fault, OverloadedError):
        rejected(OVERLOADED.code)
        return Reply(503, OVERLOADED.told.encode(), extra=((b"retry-after", OVERLOADED.seconds),))
    log.error("unexpected", path=path, fault=type(fault).__name__, at=_origin(fault))
    kind = "unavailable" if isinstance(fault, QuanhengError) else "internal"
    return Reply(500, f"{kind}: the request could not be handled; it was not allowed".encode())


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, the first where there are several; the guard lets none pass twice that matters."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def request_id(scope: Scope) -> str:
    """The caller's identifier of this request, or empty."""
    return header(scope, b"x-request-id") or ""


def certificate(scope: Scope) -> tuple[str, ...]:
    """The names of the client certificate of the connection, proven by the TLS layer of this process; often none."""
    names: tuple[str, ...] = scope.get("extensions", {}).get(CERTIFICATE, ())
    return names


def _origin(fault: BaseException) -> str:
    """Where it was raised, as file:line. Its message stays out of the log: it may quote a request, and so a citizen."""
    frame = fault.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""


def check_head(headers: list[tuple[bytes, bytes]], *, loopback_only: bool) -> None:
    """Bounds and ambiguities of a request's head, names in lower case. Raises RequestError."""
    if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > MAX_HEADER_BYTES:
        raise RequestError("headers_too_large", f"more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES} bytes", 431)
    values = dict(headers)
    if len(values) < len(headers):
        _refuse_repeated([name for name, _ in headers])
    if values.get(b"content-encoding"):
        raise RequestError("content_coding", "no content coding is accepted", 415)
    if len(values.get(b"x-request-id", b"")) > MAX_REQUEST_ID:
        raise RequestError("bad_request_id", f"X-Request-ID is longer than {MAX_REQUEST_ID} characters")
    if loopback_only:
        _check_host(str(values.get(b"host", b""), "latin-1"))


def _refuse_repeated(names: list[bytes]) -> None:
    for name in _ONCE:
        if names.count(name) > 1:
            raise RequestError("repeated_header", f"{name.decode()} is sent twice")


def _check_host(host: str) -> None:
    """Where no token is asked for, a page in a browser must not reach the service under a name of its own (DNS rebinding)."""
    if not _LOOPBACK.match(host):
        raise RequestError("bad_host", "without tokens the service answers to localhost only", 421)


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _echo(scope: Scope, send: Send, started: list[bool]) -> Send:
    """Sends with X-Request-ID added, and notes that the answer has begun."""
    identifiers = [value for key, value in scope["headers"] if key == b"x-request-id"][:1]
    own = [(b"x-request-id", identifiers[0])] if identifiers and len(identifiers[0]) <= MAX_REQUEST_ID else []

    async def echoing(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(True)
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await send(message)

    return echoing


async def send_reply(send: Send, reply: Reply) -> None:
    headers = [(b"content-type", reply.kind), (b"content-length", str(len(reply.body)).encode()), *reply.extra]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
