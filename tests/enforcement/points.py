"""Every enforcement point as one thing to try: send a request, see what the client got and whether the system behind was reached.

Each point stands between the same scripted sidecar and the same system; what differs is how a request arrives. A new point is one
class here and one line in POINTS.
"""

import asyncio
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
import httpx
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from envoy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub
from fastapi import FastAPI

from adapters.enforcement import asgi, fastapi, wsgi
from adapters.enforcement.decider import BlockingDecider, HttpDecider
from adapters.enforcement.django import Guard
from adapters.enforcement.ext_authz import ExtAuthz
from adapters.enforcement.forward_auth import ForwardAuth, Style
from adapters.enforcement.identities import identity_of
from adapters.enforcement.identity import Gateways
from adapters.enforcement.routes import RouteFile, read_routes
from adapters.enforcement.ruling import Enforcement
from tests.enforcement import django_site
from tests.enforcement.chain import ROOT, Sidecar, System, call, proxy
from tests.enforcement.wire import Answer

CONTACT = "信息中心 8888-1234"
ROUTES = f"""officer: {{header: X-Officer}}
contact: {CONTACT}
"""
ROUTES += """routes:
  - {method: GET, path: "/things/{thing}", not_a_power: reading}
  - {method: POST, path: "/things/{thing}/do", item: an-item, step: do, case: {path: thing}}
  - {method: GET, path: "/acts/do", item: an-item, step: do, case: {query: thing}}
"""
LOOPBACK = Gateways(["127.0.0.0/8"])


@dataclass(frozen=True)
class Seen:
    """What the client got, and how often the system behind was reached."""

    answer: Answer
    reached: int


class Point(Protocol):
    """One way into a system. `body` says whether it sees bodies, `reports` whether it sees outcomes."""

    body: bool
    reports: bool

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen: ...


def routes(text: str = ROUTES) -> RouteFile:
    return read_routes("routes.yaml", text.encode())


def enforcement(channel: str, file: RouteFile | None = None) -> Enforcement:
    file = file or routes()
    return Enforcement(file, identity_of(file.officer, ROOT), channel)


class Proxy:
    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        system = System()
        chained = proxy(system, sidecar, ROUTES, patience=_patience(sidecar))
        return Seen(call(chained, method, target, *headers, body=body), len(system.seen))


class ProxyItself:
    """The proxy as `quanheng proxy` runs it: it asks the sidecar over connections of its own."""

    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        system = System()
        chained = proxy(system, sidecar, ROUTES)
        chained.sidecar, chained.patience = sidecar, _patience(sidecar)
        return Seen(call(chained, method, target, *headers, body=body), len(system.seen))


class AsgiMiddleware:
    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        system = System()
        app = asgi.Enforced(system, enforcement(asgi.CHANNEL), _decider(sidecar))
        return Seen(call(app, method, target, *headers, body=body), len(system.seen))


class FastApiDependency:
    """A real FastAPI application whose endpoints say which step they are; its first route is none."""

    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        reached: list[str] = []
        app = FastAPI(openapi_url=None, redirect_slashes=False)
        acts = fastapi.Acts({"header": "X-Officer"}, _decider(sidecar), contact=CONTACT)
        acts.install(app)

        @app.get("/things/{thing}")
        async def read(thing: str) -> str:
            reached.append(thing)
            return "done"

        @app.post("/things/{thing}/do", dependencies=[acts.step("an-item", "do", case={"path": "thing"})])
        async def do(thing: str) -> str:
            reached.append(thing)
            return "done"

        @app.get("/acts/do", dependencies=[acts.step("an-item", "do", case={"query": "thing"})])
        async def do_by_reading() -> str:
            reached.append("query")
            return "done"

        return Seen(call(app, method, target, *headers, body=body), len(reached))


class DjangoOnLoop:
    """A real Django application under ASGI, with the middleware in its settings."""

    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        app = django_site.under_asgi(Guard(enforcement("in-process"), _decider(sidecar)))
        return Seen(call(app, method, target, *headers, body=body), len(django_site.reached))


class DjangoBlocking:
    """The same under WSGI."""

    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        app = django_site.under_wsgi(Guard(enforcement("in-process"), BlockingDecider(_blocking(sidecar))))
        return Seen(under_wsgi(app, method, target, headers, body), len(django_site.reached))


class WsgiMiddleware:
    body = reports = True

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        reached: list[str] = []

        def system(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            reached.append(environ["PATH_INFO"])
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"done"

        app = wsgi.Enforced(system, enforcement("in-process"), BlockingDecider(_blocking(sidecar)))
        return Seen(under_wsgi(app, method, target, headers, body), len(reached))


def under_wsgi(app: Any, method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Answer:
    status: list[Any] = []
    pieces = app(_environ(method, target, headers, body), lambda line, pairs, *_: status.extend([int(line.split()[0]), pairs]))
    data = b"".join(pieces)
    return Answer(status[0], status[1], data)


class Gateway:
    """A gateway that asks first and forwards on 2xx, as the style's servers do."""

    body = reports = False

    def __init__(self, style: Style) -> None:
        self.style = style

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        app = ForwardAuth(enforcement("forward-auth"), _decider(sidecar), LOOPBACK, self.style)
        if self.style is Style.MIRRORED:
            answer = call(app, method, target, *headers)
        else:
            prefix = "X-Original" if self.style is Style.NGINX else "X-Forwarded"
            uri = "Uri" if self.style is Style.FORWARDED else "URI"
            told = ((f"{prefix}-Method", method), (f"{prefix}-{uri}", target))
            own = [h for h in headers if not h[0].lower().startswith(("x-original", "x-forwarded"))]  # a gateway sets these anew
            answer = call(app, "GET", "/", *own, *told)
        del body
        return Seen(answer, int(200 <= answer.status < 300))


class Envoy:
    """Envoy as it asks over gRPC, through a real channel on a Unix socket: headers as it sends them, with or without raw ones."""

    body, reports = True, False

    def __init__(self, *, raw: bool) -> None:
        self._raw = raw

    def send(self, sidecar: Sidecar, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Seen:
        answer = asyncio.run(self.check(sidecar, checked(method, target, headers, body, raw=self._raw)))
        if answer.status.code == 0:
            return Seen(Answer(200, _pairs(answer.ok_response.response_headers_to_add), b""), 1)
        denied = answer.denied_response
        return Seen(Answer(denied.status.code, _pairs(denied.headers), denied.body.encode()), 0)

    @staticmethod
    async def check(sidecar: Sidecar, asked: Any, gateways: Gateways = LOOPBACK, file: RouteFile | None = None) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            server = ExtAuthz(enforcement("ext-authz", file), _decider(sidecar), gateways).server()
            server.add_insecure_port(f"unix:{folder}/authz")
            await server.start()
            async with grpc.aio.insecure_channel(f"unix:{folder}/authz") as channel:
                answer = await AuthorizationStub(channel).Check(asked, timeout=10)
            await server.stop(None)
            return answer


def checked(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b"", *, raw: bool = True, partial: bool = False
) -> CheckRequest:
    """The question Envoy asks about a request, with the pseudo-headers it adds."""
    asked = CheckRequest()
    http = asked.attributes.request.http
    http.method, http.path, http.host, http.raw_body = method, target, "proxy.test", body
    every = [(":method", method), (":path", target), (":authority", "proxy.test")]
    every += [(name.lower(), value) for name, value in headers]
    if body:
        every += [("content-length", str(len(body))), ("x-envoy-auth-partial-body", str(partial).lower())]
    for name, value in every:
        if raw:
            http.header_map.headers.add(key=name, raw_value=value.encode())
        else:
            http.headers[name] = f"{http.headers[name]},{value}" if name in http.headers else value
    return asked


def _pairs(options: Iterable[Any]) -> list[tuple[str, str]]:
    return [(option.header.key, option.header.value) for option in options]


def _decider(sidecar: Sidecar) -> HttpDecider:
    return HttpDecider(httpx.AsyncClient(transport=sidecar, base_url="http://127.0.0.1:8181", timeout=_patience(sidecar)))


def _patience(sidecar: Sidecar) -> float:
    """Seconds a point waits: short where it is known to wait in vain."""
    return 0.05 if isinstance(sidecar, Silent) else 5.0


class Silent(Sidecar):
    """A sidecar that takes the question and never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
        self.questions.append({})
        await asyncio.sleep(3600)
        raise AssertionError


def _blocking(sidecar: Sidecar) -> httpx.Client:
    class Bridge(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            async def ask() -> tuple[int, bytes]:
                try:
                    answer = await asyncio.wait_for(sidecar.handle_async_request(request), request.extensions["timeout"]["read"])
                except TimeoutError:
                    raise httpx.ReadTimeout("slow") from None
                return answer.status_code, await answer.aread()

            status, body = asyncio.run(ask())
            return httpx.Response(status, content=body)

    return httpx.Client(transport=Bridge(), base_url="http://127.0.0.1:8181", timeout=_patience(sidecar))


def _environ(method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes) -> dict[str, Any]:
    """As gunicorn makes it: the path decoded, the bytes beside it; of a header that came twice, both joined."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": httpx.URL("http://x").copy_with(raw_path=path.encode()).path if path.isascii() else path,
        "RAW_URI": target,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in headers:
        key = "HTTP_" + name.upper().replace("-", "_") if name.lower() != "content-type" else "CONTENT_TYPE"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


POINTS: dict[str, Point] = {
    "reverse proxy": Proxy(),
    "reverse proxy, asking by itself": ProxyItself(),
    "ASGI middleware": AsgiMiddleware(),
    "FastAPI dependency": FastApiDependency(),
    "WSGI middleware": WsgiMiddleware(),
    "Django middleware under ASGI": DjangoOnLoop(),
    "Django middleware under WSGI": DjangoBlocking(),
    "nginx auth_request": Gateway(Style.NGINX),
    "Caddy and Traefik forward_auth": Gateway(Style.FORWARDED),
    "HAProxy, and Envoy over HTTP": Gateway(Style.MIRRORED),
    "Envoy over gRPC": Envoy(raw=True),
    "Envoy over gRPC, headers joined": Envoy(raw=False),
}
