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

from collections.abc import AsyncIterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import unquote

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest

from adapters.enforcement.asking import chunks, decided, incoming_of, result_of, whole
from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.headers import forwarded, returned
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.ruling import Enforcement, Incoming, Refusal, Ruling, malformed, refused
from sidecar.errors import RequestError
from sidecar.http_api.guard import Receive, Reply, Scope, Send, send_reply
from sidecar.messages import say

OWN_PREFIX = "/.quanheng/"
CHANNEL = "reverse-proxy"

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = structlog.get_logger("quanheng.proxy")


class ReverseProxy:
    """An ASGI application. `upstream` is a client for the system behind, `decider` asks the sidecar."""

    def __init__(self, enforcement: Enforcement, decider: HttpDecider, upstream: httpx.AsyncClient) -> None:
        self._enforcement, self._decider, self._upstream = enforcement, decider, upstream
        # A session the system behind opens belongs to the client it was opened for; nothing is kept here.
        upstream.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "quanheng_proxy_requests", "Requests by what became of them", ["result"], registry=self._registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and scope["raw_path"].startswith(OWN_PREFIX.encode()):
            await self._own(scope, send)
        elif scope["type"] == "http":
            try:
                await self._serve(scope, receive, send)
            except RequestError as fault:  # the client broke off, or sent what cannot be read to the end
                await self._refuse(scope, send, incoming_of(scope), malformed(fault))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming, body = incoming_of(scope), chunks(receive)
        matched = self._enforcement.match(incoming)
        if isinstance(matched, Ruling):
            await self._refuse(scope, send, incoming, matched)
            return
        if matched.route.reads_body:
            data = await whole(body)
            incoming, body = incoming._replace(body=data), _again(data)
        ruling = await decided(self._enforcement, self._decider, incoming, matched)
        if ruling.passes:
            self._requests.labels(ruling.result).inc()
            await self._perform(scope, body, send, ruling)
        else:
            await self._refuse(scope, send, incoming, ruling)

    async def _refuse(self, scope: Scope, send: Send, incoming: Incoming, ruling: Ruling) -> None:
        self._requests.labels(ruling.result).inc()
        if ruling.result == "unmapped":
            log.warning("unmapped route", method=scope["method"], path=scope["path"])
        if ruling.refusal:
            await send_reply(send, reply_of(ruling.refusal, incoming.headers, f"{scope['method']} {scope['path']}"))

    async def _perform(self, scope: Scope, body: AsyncIterator[bytes], send: Send, ruling: Ruling) -> None:
        status = await self._forward(scope, body, send, ruling.told)
        result = result_of(status)
        if result and ruling.decision_id:
            await self._decider.report(ruling.decision_id, result, f"HTTP {status}" if status else "not connected")

    async def _forward(self, scope: Scope, body: AsyncIterator[bytes], send: Send, told: Mapping[str, str]) -> int | None:
        """Forward and stream back. The status of the answer; 0 when never connected; None when nobody knows."""
        try:
            response = await self._upstream.send(self._request(scope, body, told), stream=True)
        except httpx.ConnectError:
            await self._broken(scope, send, "NOT_CONNECTED")
            return 0
        except httpx.RequestError as fault:
            log.error("upstream broke", problem=str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            await self._broken(scope, send, "UNKNOWN_OUTCOME")
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

    def _request(self, scope: Scope, body: AsyncIterator[bytes], told: Mapping[str, str]) -> httpx.Request:
        """Byte for byte what came, without what httpx would add on its own (cookies, packings, its name)."""
        names = {name for name, _ in scope["headers"]}
        content = body if names & {b"content-length", b"transfer-encoding"} or scope["method"] in _BODY_METHODS else None
        headers = forwarded(scope["headers"], told)
        extensions = {"timeout": self._upstream.timeout.as_dict()}
        request = httpx.Request(scope["method"], self._upstream.base_url, headers=headers, content=content, extensions=extensions)
        request.url = _ExactURL(self._upstream.base_url, scope["raw_path"], scope["query_string"])
        return request

    async def _broken(self, scope: Scope, send: Send, code: str) -> None:
        refusal = Refusal(502, code, say(code))
        await send_reply(send, reply_of(refusal, tuple(scope["headers"]), f"{scope['method']} {scope['path']}"))

    async def _own(self, scope: Scope, send: Send) -> None:
        """Health and counters, for this machine only."""
        client = scope.get("client")
        if client and client[0] not in ("127.0.0.1", "::1"):
            incoming = incoming_of(scope)
            await self._refuse(scope, send, incoming, refused("unmapped", 403, "UNMAPPED_ROUTE"))
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


async def _again(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data
