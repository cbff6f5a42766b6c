"""While the sidecar is down, hangs, and is back: processes refuse in their time, say whom to call, and recover by themselves."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.processes import free_port, quanheng, running
from tests.e2e.test_gateways import ALLOW, DO, Ends, stopped_in_the_end
from tests.enforcement.points import CONTACT, ROUTES

pytestmark = pytest.mark.slow  # starts processes, and waits until they give up

JSON = ("Accept", "application/json")
TOLD = {"X-Forwarded-Method": "POST", "X-Forwarded-Uri": DO}


def ask(port: int, method: str, target: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else {}


@contextlib.contextmanager
def silent_at(port: int) -> Iterator[None]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", port), backlog=64):
        yield


@contextlib.contextmanager
def answering_at(port: int, ends: Ends) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), ends.sidecar.RequestHandlerClass)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("point", ["proxy", "gateway"])
def test_a_point_outlives_its_sidecar(point: str, tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(ROUTES, "utf-8")
    port, sidecar = free_port(), free_port()
    with stopped_in_the_end(Ends()) as ends:
        command = [point, "--routes", str(tmp_path / "routes.yaml"), "--port", str(port)]
        command += ["--sidecar", f"http://127.0.0.1:{sidecar}"]
        behind = f"http://127.0.0.1:{ends.system.server_port}"
        command += ["--upstream", behind] if point == "proxy" else ["--style", "forwarded"]
        headers = dict([ALLOW, JSON], **({} if point == "proxy" else TOLD))
        method, target = ("POST", DO) if point == "proxy" else ("GET", "/")
        with running(quanheng(*command), port, "/", tmp_path / "log"):
            down = ask(port, method, target, headers)
            with silent_at(sidecar):
                hanging = ask(port, method, target, headers)
            with answering_at(sidecar, ends):
                back = ask(port, method, target, headers)
        refused = [(status, told["code"], told["contact"]) for status, told in (down, hanging)]
        assert refused == [(503, "NO_DECISION", CONTACT)] * 2
        assert back[0] == 200
        assert len(ends.seen) == (1 if point == "proxy" else 0)
