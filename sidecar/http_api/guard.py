"""The outermost layer: bounds on what a client may send, one error shape, and the request identifier echoed on everything.

Errors are plain text, as AuthZEN asks; a deny is never one. Whatever goes wrong inside becomes a 500 that says nothing of the
inside. Client-sent X-User, X-Forwarded-* and method overrides are not read anywhere in this service.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from sidecar.errors import QuanhengError, RequestError

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?\Z", re.IGNORECASE)
_ONCE = (b"host", b"content-type", b"authorization", b"x-request-id", b"content-encoding", b"content-length")
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 * 1024
MAX_REQUEST_ID = 256

log = structlog.get_logger("quanheng.http")


class Guard:
    """Wraps an application. Bodies are read whole, within bounds, before the application sees the request."""

    def __init__(
        self, app: App, *, body_limit: int, body_deadline: float, loopback_only: bool, rejected: Callable[[str], None]
    ) -> None:
        self._app = app
        self._body_limit = body_limit
        self._body_deadline = body_deadline
        self._loopback_only = loopback_only
        self._rejected = rejected

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
            _check_headers(scope)
            if self._loopback_only:
                _check_host(header(scope, b"host") or "")
            body = await self._body(scope, receive)
            await self._app(scope, _replay(body), echoing)
        except RequestError as refusal:
            self._rejected(refusal.code)
            await send_text(echoing, refusal.status_hint, f"{refusal.code}: {refusal.message}")
        except Exception as fault:  # noqa: BLE001 - the one place where anything becomes an answer
            log.error("unexpected", path=scope["path"], fault=type(fault).__name__, at=_origin(fault))  # noqa: TRY400
            if not started:
                kind = "unavailable" if isinstance(fault, QuanhengError) else "internal"
                await send_text(echoing, 500, f"{kind}: the request could not be handled; it was not allowed")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = header(scope, b"content-length")
        if declared and _LENGTH.match(declared) and int(declared) > self._body_limit:
            raise RequestError("too_large", f"the body is larger than {self._body_limit} bytes", 413)
        try:
            async with asyncio.timeout(self._body_deadline):
                return await self._read(receive)
        except TimeoutError:
            raise RequestError("too_slow", f"the body took longer than {self._body_deadline} s", 408) from None

    async def _read(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError("gone", "the client went away", 400)
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._body_limit:
                raise RequestError("too_large", f"the body is larger than {self._body_limit} bytes", 413)
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks)


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, the first where there are several; the guard lets none pass twice that matters."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def request_id(scope: Scope) -> str:
    """The caller's identifier of this request, or empty."""
    return header(scope, b"x-request-id") or ""


def _origin(fault: BaseException) -> str:
    """Where it was raised, as file:line. Its message stays out of the log: it may quote a request, and so a citizen."""
    frame = fault.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""


def _check_headers(scope: Scope) -> None:
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(len(k) + len(v) for k, v in headers) > MAX_HEADER_BYTES:
        raise RequestError("headers_too_large", f"more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES} bytes", 431)
    names = [name for name, _ in headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise RequestError("repeated_header", f"{name.decode()} is sent twice")
    if b"content-encoding" in names and header(scope, b"content-encoding"):
        raise RequestError("content_coding", "no content coding is accepted", 415)
    if b"x-request-id" in names and len(request_id(scope)) > MAX_REQUEST_ID:
        raise RequestError("bad_request_id", f"X-Request-ID is longer than {MAX_REQUEST_ID} characters")


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


async def send_text(send: Send, status: int, text: str) -> None:
    extra = [(b"www-authenticate", b"Bearer")] if status == 401 else []  # noqa: PLR2004
    await send_bytes(send, status, b"text/plain; charset=utf-8", text.encode(), extra)


async def send_bytes(send: Send, status: int, kind: bytes, body: bytes, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(extra or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
