"""A streaming reverse proxy that stands in front of a system which knows nothing of it.

Life of a request: match the route → read what the route needs → ask the sidecar → forward, or answer 403 with a reason a
person can read → report the outcome. Closed failure everywhere: unmapped, unclear or malformed means not forwarded.

Outcome: a 2xx or 3xx answer of the system behind is `performed`; a 4xx answer, and a connection that never opened, is `failed`.
After a 5xx, a time-out or a connection that broke nobody knows what happened, so nothing is reported and the act stays
counted: a system that crashes must not hand anyone a second chance.

The client's X-Request-ID is passed on but never used towards the sidecar: a client that repeats itself would otherwise repeat
the act under one decision. Client-sent X-Quanheng-* headers are removed; the decision is told to the system behind in headers
of that name.
"""

import re
import secrets
from collections.abc import AsyncIterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest

from adapters.enforcement.decider import HttpDecider, Verdict
from adapters.enforcement.headers import forwarded, refuse_ambiguous, returned
from adapters.enforcement.reasons import send_malformed, send_reason, send_refusal
from adapters.enforcement.routes import Matched, Parts, RouteFile, evaluation_of, match_route
from sidecar.errors import RequestError
from sidecar.http_api.guard import Message, Receive, Reply, Scope, Send, send_reply
from sidecar.http_api.strict_json import read_json

BODY_LIMIT = 1024 * 1024  # bytes of a body that must be read to decide; others stream through unbounded
OWN_PREFIX = "/.quanheng/"

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|\Z)", re.IGNORECASE)

log = structlog.get_logger("quanheng.proxy")


class ReverseProxy:
    """An ASGI application. `upstream` is a client for the system behind, `decider` asks the sidecar."""

    def __init__(self, routes: RouteFile, decider: HttpDecider, upstream: httpx.AsyncClient) -> None:
        self._routes, self._decider, self._upstream = routes, decider, upstream
        self._read_headers = routes.headers
        # A session the system behind opens belongs to the client it was opened for; nothing is kept here.
        upstream.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "quanheng_proxy_requests", "Requests by what became of them", ["result"], registry=self._registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            return
        try:
            await self._serve(scope, receive, send)
        except RequestError as refusal:
            self._requests.labels("malformed").inc()
            await send_malformed(scope, send, refusal)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope["raw_path"].decode("latin-1")
        if raw_path.startswith(OWN_PREFIX):
            await self._own(scope, send)
            return
        refuse_ambiguous(scope["headers"], self._read_headers)
        matched = match_route(self._routes, scope["method"], raw_path)
        if matched is None:
            await self._unmapped(scope, send)
        elif matched.route.not_a_power is not None:
            self._requests.labels("not_a_power").inc()
            await self._forward(scope, _chunks(receive), send, {})
        else:
            await self._decide(scope, receive, send, matched)

    async def _decide(self, scope: Scope, receive: Receive, send: Send, matched: Matched) -> None:
        body: AsyncIterator[bytes] = _chunks(receive)
        content: Any = None
        if matched.route.reads_body:
            data = await _whole(body)
            content, body = _decoded(scope, data), _again(data)
        headers = tuple((name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in scope["headers"])
        parts = Parts(matched.segments, scope["query_string"].decode("latin-1"), headers, content)
        verdict = await self._decider.ask(evaluation_of(self._routes, matched, parts), secrets.token_hex(16))
        if verdict.malformed:
            raise RequestError(*verdict.malformed)
        if not verdict.clear:
            self._requests.labels("unclear").inc()
            log.error("no decision", problem=verdict.problem)
            await send_reason(scope, send, 503, "NO_DECISION")
        elif not verdict.allowed:
            self._requests.labels("refused").inc()
            await send_refusal(scope, send, verdict)
        else:
            self._requests.labels("allowed").inc()
            await self._perform(scope, body, send, verdict)

    async def _perform(self, scope: Scope, body: AsyncIterator[bytes], send: Send, verdict: Verdict) -> None:
        told = {"x-quanheng-decision": verdict.decision_id, "x-quanheng-obligations": ",".join(verdict.obligations)}
        status = await self._forward(scope, body, send, {name: value for name, value in told.items() if value})
        result = _result_of(status)
        if result:
            await self._decider.report(verdict.decision_id, result, f"HTTP {status}" if status else "not connected")

    async def _forward(self, scope: Scope, body: AsyncIterator[bytes], send: Send, told: dict[str, str]) -> int | None:
        """Forward and stream back. The status of the answer; 0 when never connected; None when nobody knows."""
        try:
            response = await self._upstream.send(self._request(scope, body, told), stream=True)
        except httpx.ConnectError:
            await send_reason(scope, send, 502, "NOT_CONNECTED")
            return 0
        except httpx.RequestError as fault:
            log.error("upstream broke", problem=str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            await send_reason(scope, send, 502, "UNKNOWN_OUTCOME")
            return None
        try:
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": returned(response.headers.raw, told)}
            )
            async for chunk in response.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()
        return response.status_code

    def _request(self, scope: Scope, body: AsyncIterator[bytes], told: dict[str, str]) -> httpx.Request:
        """Byte for byte what came, without what httpx would add on its own (cookies, packings, its name)."""
        names = {name for name, _ in scope["headers"]}
        content = body if names & {b"content-length", b"transfer-encoding"} or scope["method"] in _BODY_METHODS else None
        headers = forwarded(scope["headers"], told)
        extensions = {"timeout": self._upstream.timeout.as_dict()}
        request = httpx.Request(scope["method"], self._upstream.base_url, headers=headers, content=content, extensions=extensions)
        request.url = _ExactURL(self._upstream.base_url, scope["raw_path"], scope["query_string"])
        return request

    async def _unmapped(self, scope: Scope, send: Send) -> None:
        self._requests.labels("unmapped").inc()
        log.warning("unmapped route", method=scope["method"], path=scope["path"])
        await send_reason(scope, send, 403, "UNMAPPED_ROUTE")

    async def _own(self, scope: Scope, send: Send) -> None:
        """Health and counters, for this machine only."""
        client = scope.get("client")
        if client and client[0] not in ("127.0.0.1", "::1"):
            await self._unmapped(scope, send)
        elif scope["path"] == OWN_PREFIX + "metrics":
            await send_reply(send, Reply(200, generate_latest(self._registry), b"text/plain; version=0.0.4; charset=utf-8"))
        elif scope["path"] == OWN_PREFIX + "healthz":
            await send_reply(send, Reply(200, b'{"status":"ok"}', b"application/json"))
        else:
            await send_reply(send, Reply(404, b"not_found: nothing is served here"))


class _ExactURL(httpx.URL):
    """An address whose path and query are sent as they are; httpx would spell some characters anew."""

    def __init__(self, base: httpx.URL, path: bytes, query: bytes) -> None:
        super().__init__(base)
        self._path, self._exact_query = path, query

    @property
    def path(self) -> str:
        return unquote(self._path.decode("latin-1"))

    @property
    def query(self) -> bytes:
        return self._exact_query

    @property
    def raw_path(self) -> bytes:
        return self._path + (b"?" + self._exact_query if self._exact_query else b"")


def _decoded(scope: Scope, data: bytes) -> Any:
    """A body as the route reads it. Another kind than JSON is refused: the system behind would read it otherwise."""
    if not data:
        return None
    kinds = [value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"]
    if len(kinds) != 1 or not _JSON.match(kinds[0].strip()):
        raise RequestError("content_type", "this route reads its body; send Content-Type: application/json", 415)
    return read_json(data)


def _result_of(status: int | None) -> str:
    """performed, failed, or empty when it is not known."""
    if status is None or status >= 500:  # noqa: PLR2004
        return ""
    return "failed" if status == 0 or status >= 400 else "performed"  # noqa: PLR2004


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError("gone", "the client went away")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _whole(body: AsyncIterator[bytes]) -> bytes:
    data = bytearray()
    async for chunk in body:
        data += chunk
        if len(data) > BODY_LIMIT:
            raise RequestError("too_large", f"a body that must be read to decide may hold {BODY_LIMIT} bytes", 413)
    return bytes(data)


async def _again(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data
