"""Real gateways with the configurations of docs/examples/gateways: only a clear allow reaches the system behind them.

A scripted sidecar answers by the officer who asks; the system behind remembers what reached it. The gateway's own process, and
`quanheng gateway` beside it, are the real ones.
"""

import contextlib
import http.client
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import ROOT, free_port, quanheng, running
from tests.enforcement.points import ROUTES
from tests.real_data import absent

pytestmark = pytest.mark.slow  # each test starts processes of its own

EXAMPLES = ROOT / "docs" / "examples" / "gateways"
DO = "/things/T-1/do"
ALLOW, DENY, HALF = ("X-Officer", "o-allow"), ("X-Officer", "o-deny"), ("X-Officer", "o-half")
ANSWERS: dict[str, Any] = {
    "o-allow": {"decision": True, "context": {"decision_id": "d-1"}},
    "o-deny": {"decision": False, "context": {"decision_id": "d-2", "code": "NO_POWER"}},
    "o-half": {"decision": "true"},
}
SERVERS = {
    "nginx": (["nginx", "-g", "daemon off;", "-p", ".", "-c", "nginx.conf"], ["nginx.conf"], "nginx"),
    "caddy": (["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], ["Caddyfile"], "forwarded"),
    "haproxy": (["haproxy", "-db", "-f", "haproxy.cfg"], ["haproxy.cfg", "haproxy.lua"], "mirrored"),
}


class Ends:
    """The two ends: a sidecar that answers by officer, and a system that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.sidecar, self.system = self._server(self._decide), self._server(self._remember)

    def _server(self, answer: Any) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                content = json.dumps(answer(self, body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            setattr(Handler, f"do_{method}", Handler.handle_any)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _decide(self, _: Any, body: bytes) -> Any:
        return ANSWERS[json.loads(body)["subject"]["id"]]

    def _remember(self, request: Any, _: bytes) -> Any:
        self.seen.append((request.command, request.path, {k.lower(): v for k, v in request.headers.items()}))
        return {"done": True}


@contextlib.contextmanager
def stopped_in_the_end(ends: Ends) -> Iterator[Ends]:
    try:
        yield ends
    finally:
        for server in (ends.sidecar, ends.system):
            server.shutdown()
            server.server_close()


class Chain:
    """client → server → quanheng gateway → sidecar, and server → system."""

    def __init__(self, name: str, folder: Path, ends: Ends) -> None:
        self.ends, self.folder = ends, folder
        self.port, self._gateway_port = free_port(), free_port()
        self.command, files, self._style = SERVERS[name]
        ports = {"8180": self.port, "8182": ends.system.server_port, "8183": self._gateway_port}
        for file in files:
            text = (EXAMPLES / file).read_text()
            (folder / file).write_text(re.sub(r"\b(8180|8182|8183)\b", lambda m: str(ports[m.group()]), text))
        (folder / "routes.yaml").write_text(ROUTES)

    def gateway(self) -> Any:
        told = ("--sidecar", f"http://127.0.0.1:{self.ends.sidecar.server_port}", "--port", str(self._gateway_port))
        command = quanheng("gateway", "--routes", str(self.folder / "routes.yaml"), "--style", self._style, *told)
        return running(command, self._gateway_port, "/", self.folder / "gateway.log")

    def send(self, method: str, target: str, *headers: tuple[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", "0")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module", params=SERVERS)
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    name = request.param
    if shutil.which(name) is None:
        absent(f"{name} is not installed: apt-get install {name}")
    with stopped_in_the_end(Ends()) as ends:
        made = Chain(name, tmp_path_factory.mktemp(name), ends)
        with made.gateway(), running(made.command, made.port, "/", made.folder / "server.log", made.folder):
            yield made


@pytest.fixture
def chain(started: Chain) -> Chain:
    """One of the running servers; nothing has reached the system behind it yet."""
    started.ends.seen.clear()
    return started


def test_an_allow_reaches_the_system_as_it_was_sent(chain: Chain) -> None:
    """The same method and the same bytes of the path, and the decision with it; a client's own word of one is dropped."""
    status, _ = chain.send("POST", DO + "?a=%41", ALLOW, ("X-Quanheng-Decision", "made up"))
    ((method, path, headers),) = chain.ends.seen
    assert (status, method, path) == (200, "POST", DO + "?a=%41")
    assert headers["x-quanheng-decision"] == "d-1"


def test_what_is_no_power_passes_unasked(chain: Chain) -> None:
    assert chain.send("GET", "/things/T-1")[0] == 200
    assert len(chain.ends.seen) == 1


@pytest.mark.parametrize(("officer", "status"), [(DENY, 403), (HALF, (403, 503))], ids=["refused", "no decision"])
def test_everything_else_reaches_nothing(chain: Chain, officer: tuple[str, str], status: Any) -> None:
    got, body = chain.send("POST", DO, officer)
    assert got in (status if isinstance(status, tuple) else (status,))
    assert (b"NO_POWER" in body) == (officer is DENY)
    assert chain.ends.seen == []


def test_nobody_reaches_nothing(chain: Chain) -> None:
    assert chain.send("POST", DO)[0] in (401, 403)
    assert chain.ends.seen == []


@pytest.mark.parametrize(
    "target",
    ["//things/T-1/do", "/things/../things/T-1/do", "/things/%2e%2e/T-1/do", "/things/T-1%2fdo", "/things/T-1/do;v=1", "/other"],
)
def test_another_spelling_of_a_path_reaches_nothing(chain: Chain, target: str) -> None:
    assert chain.send("POST", target, ALLOW)[0] >= 400
    assert chain.ends.seen == []


@pytest.mark.parametrize("name", ["X-Original-URI", "X-Forwarded-Uri", "X-Rewrite-URL", "X-Original-URL"])
def test_a_header_does_not_choose_what_is_judged(chain: Chain, name: str) -> None:
    """A route that needs a decision does not become one that needs none."""
    chain.send("POST", DO, DENY, (name, "/things/T-1"), (name.replace("Uri", "Method").replace("URI", "Method"), "GET"))
    assert chain.ends.seen == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_another_method_is_another_route(chain: Chain, method: str) -> None:
    chain.send(method, DO, ALLOW)
    assert chain.ends.seen == []


@pytest.mark.parametrize("name", SERVERS)
def test_while_the_gateway_is_down_nothing_passes_and_then_all_is_well(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        absent(f"{name} is not installed: apt-get install {name}")
    with stopped_in_the_end(Ends()) as ends:
        made = Chain(name, tmp_path, ends)
        with running(made.command, made.port, "/", tmp_path / "server.log", tmp_path):
            status, body = made.send("POST", DO, ALLOW)
            assert (status >= 500, ends.seen) == (True, [])
            assert b"NO_DECISION" in body
            with made.gateway():
                assert made.send("POST", DO, ALLOW)[0] == 200
