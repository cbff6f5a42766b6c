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

import json
import secrets
from collections.abc import AsyncIterator
from html import escape
from typing import Any

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest

from adapters.enforcement.decider import HttpDecider, Verdict
from adapters.enforcement.routes import Matched, Parts, RouteFile, evaluation_of, match_route
from sidecar.errors import RequestError
from sidecar.http_api.guard import Message, Receive, Scope, Send, send_bytes
from sidecar.http_api.strict_json import read_json

BODY_LIMIT = 1024 * 1024  # bytes of a body that must be read to decide; others stream through unbounded
OWN_PREFIX = "/.quanheng/"

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = structlog.get_logger("quanheng.proxy")


class ReverseProxy:
    """An ASGI application. `upstream` is a client for the system behind, `decider` asks the sidecar."""

    def __init__(self, routes: RouteFile, decider: HttpDecider, upstream: httpx.AsyncClient) -> None:
        self._routes, self._decider, self._upstream = routes, decider, upstream
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
            await _send_reason(scope, send, refusal.status_hint, refusal.code, refusal.message, refusal.message)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope["raw_path"].decode("latin-1")
        if raw_path.startswith(OWN_PREFIX):
            await self._own(scope, send)
            return
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
            content, body = (read_json(data) if data else None), _again(data)
        headers = tuple((name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in scope["headers"])
        parts = Parts(matched.segments, scope["query_string"].decode("latin-1"), headers, content)
        verdict = await self._decider.ask(evaluation_of(self._routes, matched, parts), secrets.token_hex(16))
        if not verdict.clear:
            self._requests.labels("unclear").inc()
            log.error("no decision", problem=verdict.problem)
            await _send_reason(
                scope,
                send,
                503,
                "NO_DECISION",
                "授权服务没有给出决定，请求未转交。请稍后重试。",
                "The authorization service gave no decision; nothing was forwarded. Try again.",
            )
        elif not verdict.allowed:
            self._requests.labels("refused").inc()
            await _send_refusal(scope, send, verdict)
        else:
            self._requests.labels("allowed").inc()
            await self._perform(scope, body, send, verdict)

    async def _perform(self, scope: Scope, body: AsyncIterator[bytes], send: Send, verdict: Verdict) -> None:
        duties = ",".join(str(duty.get("id", "")) for duty in verdict.context.get("obligations", []))
        told = {"x-quanheng-decision": verdict.decision_id, "x-quanheng-obligations": duties}
        status = await self._forward(scope, body, send, {name: value for name, value in told.items() if value})
        result = _result_of(status)
        if result:
            await self._decider.report(verdict.decision_id, result, f"HTTP {status}" if status else "not connected")

    async def _forward(self, scope: Scope, body: AsyncIterator[bytes], send: Send, told: dict[str, str]) -> int | None:
        """Forward and stream back. The status of the answer; 0 when never connected; None when nobody knows."""
        target = httpx.URL(self._upstream.base_url, raw_path=scope["raw_path"] + _query(scope))
        content = body if scope["method"] in _BODY_METHODS else None
        request = self._upstream.build_request(scope["method"], target, headers=_forwarded(scope, told), content=content)
        try:
            response = await self._upstream.send(request, stream=True)
        except httpx.ConnectError:
            await _send_reason(
                scope,
                send,
                502,
                "NOT_CONNECTED",
                "业务系统无法连接，请求未办理。",
                "The system behind cannot be reached; nothing was done.",
            )
            return 0
        except httpx.TransportError as fault:
            log.error("upstream broke", problem=str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            await _send_reason(
                scope,
                send,
                502,
                "UNKNOWN_OUTCOME",
                "业务系统没有答复，办理结果不明，请先查询再操作。",
                "The system behind did not answer; look before you act again.",
            )
            return None
        try:
            await send({"type": "http.response.start", "status": response.status_code, "headers": _returned(response, told)})
            async for chunk in response.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()
        return response.status_code

    async def _unmapped(self, scope: Scope, send: Send) -> None:
        self._requests.labels("unmapped").inc()
        log.warning("unmapped route", method=scope["method"], path=scope["path"])
        await _send_reason(
            scope,
            send,
            403,
            "UNMAPPED_ROUTE",
            "此操作未对应权责清单中的任何环节，也未声明为非权力，不予转交。请联系系统管理员补充路由文件。",
            "This route is no step of the power list and not declared not-a-power; it is not forwarded. Ask for it to be mapped.",
        )

    async def _own(self, scope: Scope, send: Send) -> None:
        """Health and counters, for this machine only."""
        client = scope.get("client")
        if client and client[0] not in ("127.0.0.1", "::1"):
            await self._unmapped(scope, send)
        elif scope["path"] == OWN_PREFIX + "metrics":
            await send_bytes(send, 200, b"text/plain; version=0.0.4; charset=utf-8", generate_latest(self._registry))
        elif scope["path"] == OWN_PREFIX + "healthz":
            await send_bytes(send, 200, b"application/json", b'{"status":"ok"}')
        else:
            await send_bytes(send, 404, b"text/plain; charset=utf-8", b"not found")


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


def _query(scope: Scope) -> bytes:
    return b"?" + scope["query_string"] if scope["query_string"] else b""


def _forwarded(scope: Scope, told: dict[str, str]) -> list[tuple[str, str]]:
    named = {n.strip().lower() for k, v in scope["headers"] if k == b"connection" for n in v.decode("latin-1").split(",")}
    dropped = _HOP_BY_HOP | named | {"host"}
    kept = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return [*((n, v) for n, v in kept if n not in dropped and not n.startswith("x-quanheng-")), *told.items()]


def _returned(response: httpx.Response, told: dict[str, str]) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower().decode("latin-1") not in _HOP_BY_HOP]
    return [*headers, *((name.encode(), value.encode()) for name, value in told.items())]


async def _send_refusal(scope: Scope, send: Send, verdict: Verdict) -> None:
    context = verdict.context
    reason = context.get("reason", {})
    names = "、".join(context.get("remedy", {}).get("names", []))
    facts = {
        "decision_id": verdict.decision_id,
        "rule": context.get("rule"),
        "basis": context.get("basis"),
        "remedy": context.get("remedy"),
    }
    await _send_reason(
        scope, send, 403, str(context.get("code", "DENIED")), str(reason.get("zh", "")), str(reason.get("en", "")), facts, names
    )


async def _send_reason(
    scope: Scope, send: Send, status: int, code: str, zh: str, en: str, facts: dict[str, Any] | None = None, names: str = ""
) -> None:
    """The same reason as JSON for programs, as a page for browsers, as text for everyone else."""
    accept = next((value for key, value in scope["headers"] if key == b"accept"), b"").decode("latin-1")
    facts = facts or {}
    if "application/json" in accept:
        body = json.dumps({"code": code, "reason": {"zh": zh, "en": en}, **facts}, ensure_ascii=False).encode()
        await send_bytes(send, status, b"application/json", body)
        return
    lines = [zh, en, f"{code}  {facts.get('rule', '')}  {facts.get('basis', '')}".rstrip()]
    if names:
        lines.append(f"可办理岗位 who may act: {names}")
    if facts.get("decision_id"):
        lines.append(f"决定编号 decision: {facts['decision_id']}")
    if "text/html" in accept:
        page = "".join(f"<p>{escape(line)}</p>" for line in lines)
        body = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(code)}</title>{page}</html>'.encode()
        await send_bytes(send, status, b"text/html; charset=utf-8", body)
    else:
        await send_bytes(send, status, b"text/plain; charset=utf-8", ("\n".join(lines) + "\n").encode())
