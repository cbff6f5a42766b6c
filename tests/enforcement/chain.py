"""client → reverse proxy → (sidecar, system behind), all in memory.

The client's end is written by hand, not with httpx, because httpx tidies paths before it sends them and the tests must not.
"""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.identities import identity_of
from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.reverse_proxy import CHANNEL, ReverseProxy
from adapters.enforcement.routes import read_routes
from adapters.enforcement.ruling import Enforcement
from adapters.storage.memory import MemoryStore
from adapters.storage.policy_folder import PolicyFolder
from sidecar.decision.policy import PolicySnapshot
from sidecar.http_api.app import build_app
from sidecar.http_api.guard import App, Message, Receive, Scope, Send
from sidecar.personnel.rules import Known
from sidecar.personnel.tables import read_personnel
from sidecar.service.asked import party_tokeniser
from sidecar.service.authorize import Authorizer
from sidecar.settings import Settings
from tests.enforcement.wire import QUICK, Answer, Broken, Chained, request_bytes

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "food_licence"
OFFICER = ("X-Officer", "o-1001")
AS_JSON = ("Accept", "application/json")
IN_JSON = ("Content-Type", "application/json")

ROUTES = """officer: {header: X-Officer}
routes:
  - {method: GET, path: /things, not_a_power: overview}
  - {method: GET, path: "/things/{thing}", not_a_power: reading}
  - {method: POST, path: "/things/{thing}/note", not_a_power: a note changes nothing}
  - {method: POST, path: "/things/{thing}/do", item: an-item, step: do, case: {path: thing}}
  - {method: POST, path: "/things/{thing}/decide", item: an-item, step: decide, case: {path: thing}, outcome: {json: result}}
  - {method: GET, path: "/acts/do", item: an-item, step: do, case: {query: thing}}
"""
DO, DECIDE, NOTE = "/things/T-1/do", "/things/T-1/decide", "/things/T-1/note"


def call(
    app: "App | Chained",
    method: str,
    target: str | bytes,
    *headers: tuple[str, str],
    body: bytes | Iterator[bytes] = b"",
    client: str = "127.0.0.1",
) -> Answer:
    """One request, its target and headers exactly as given. `body` may come in pieces, without a declared length."""
    if isinstance(app, Chained):
        sent = request_bytes(method, target, *headers, body=body)
        return asyncio.run(app.call(sent, body, client, head_only=method == "HEAD"))
    return asyncio.run(_call(app, scope_of(method, target, *headers, body=body, client=client), body))


async def _call(app: App, scope: Scope, body: bytes | Iterator[bytes]) -> Answer:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    def ended() -> bool:
        return bool(sent) and sent[-1]["type"] == "http.response.body" and not sent[-1].get("more_body")

    try:
        await app(scope, receiver(body), send)
    except httpx.TransportError:  # in the middle of an answer a server would cut the connection now
        if not sent or ended():
            raise
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    return Answer(sent[0]["status"], pairs, b"".join(message.get("body", b"") for message in sent[1:]), ended())


def scope_of(
    method: str, target: str | bytes, *headers: tuple[str, str], body: bytes | Iterator[bytes] = b"", client: str = "127.0.0.1"
) -> Scope:
    """As uvicorn makes it: names in lower case, the path both raw and decoded, values as UTF-8 bytes."""
    path, _, query = (target if isinstance(target, bytes) else target.encode()).partition(b"?")
    pairs = [(name.lower().encode(), value.encode()) for name, value in (("Host", "proxy.test"), *headers)]
    if isinstance(body, bytes) and body:
        pairs.append((b"content-length", str(len(body)).encode()))
    return {
        "type": "http",
        "method": method,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": pairs,
        "client": (client, 50000),
    }


def receiver(body: bytes | Iterator[bytes]) -> Receive:
    pieces = iter([body]) if isinstance(body, bytes) else body

    async def receive() -> Message:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return receive


@dataclass(frozen=True)
class Seen:
    """One request as the system behind saw it."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: str) -> list[bytes]:
        return [value for key, value in self.headers if key == name.encode()]


@dataclass
class System:
    """The system behind, as an ASGI application: it remembers what reached it and always gives the same answer."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b"done"
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"".join([piece async for piece in _pieces(receive)])
        self.seen.append(Seen(scope["method"], scope["raw_path"], scope["query_string"], list(scope["headers"]), body))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the request broke off")
        yield message.get("body", b"")
        more = message.get("more_body", False)


ALLOW = {"decision": True, "context": {"decision_id": "d-1"}}


@dataclass
class Sidecar(httpx.AsyncBaseTransport):
    """A sidecar that answers every question the same, and remembers questions and reports.

    An exception in `answers` is raised for that attempt; the last entry stands for all later attempts.
    """

    answers: list[Any] = field(default_factory=lambda: [(200, ALLOW)])
    report_fault: Exception | int = 200
    questions: list[dict[str, Any]] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = json.loads(await request.aread())
        if request.url.path != "/authorize":
            return self._reported(request.url.path, content)
        self.questions.append(content)
        self.request_ids.append(request.headers["x-request-id"])
        answer = self.answers[min(len(self.questions), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    def _reported(self, path: str, content: dict[str, Any]) -> httpx.Response:
        if isinstance(self.report_fault, Exception):
            raise self.report_fault
        self.reports.append((path, content["result"]))
        return httpx.Response(self.report_fault, content=b"{}")


def denying(**context: Any) -> Sidecar:
    return Sidecar([(200, {"decision": False, "context": {"decision_id": "d-2", **context}})])


def proxy(system: Any, sidecar: Any, routes: str = ROUTES, bounds: Bounds = QUICK, patience: float = 5.0) -> Chained:
    """The proxy between two ends: the system an ASGI application or `Broken`, the sidecar also an httpx transport."""
    if isinstance(system, Broken) and system.how == "silent":
        bounds = bounds._replace(answer_seconds=0.05)
    file = read_routes("routes.yaml", routes.encode())
    decider = HttpDecider(_client(sidecar, "http://127.0.0.1:8181", patience))
    return Chained(ReverseProxy(Enforcement(file, identity_of(file.officer, ROOT), CHANNEL), decider), system, bounds)


def _client(end: Any, address: str, patience: float) -> httpx.AsyncClient:
    transport = end if isinstance(end, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=end)
    return httpx.AsyncClient(transport=transport, base_url=address, timeout=patience)


def counted(app: Chained) -> dict[str, int]:
    """What /.quanheng/metrics says: result → number of requests."""
    lines = call(app, "GET", "/.quanheng/metrics").text.splitlines()
    rows = (line.split('"') for line in lines if line.startswith("quanheng_proxy_requests_total{"))
    return {row[1]: int(float(row[2].removeprefix("}"))) for row in rows}


@dataclass(frozen=True)
class Calendar:
    """It is always the same Monday morning."""

    source: str = "test"

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=8)))


@functools.cache
def shipped() -> PolicySnapshot:
    return PolicyFolder(ROOT / "policies").snapshot()


def real_sidecar(store: MemoryStore) -> App:
    """The service itself: the shipped policies, the example's personnel, a record in memory."""
    token = party_tokeniser(b"k" * 32)
    tables = {path.name: path.read_bytes() for path in (EXAMPLE / "personnel").glob("*.csv")}
    people = read_personnel(tables, Known(shipped().posts), token)
    return build_app(Authorizer(shipped(), people, store, Calendar(), token), Settings(insecure=True)).app
