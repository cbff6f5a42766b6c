"""A proxy killed while officers act: no act reached the system without its duty on file, every duty is told in the end."""

import contextlib
import http.client
import itertools
import json
import signal
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import free_port, quanheng, running
from tests.e2e.test_gateways import ALLOW, DO, Ends
from tests.enforcement.points import ROUTES

pytestmark = pytest.mark.slow  # starts processes, and kills one

OWN = "fulfils: []\nproxy_fulfils: {notify: [deadline]}\n"
ACTS, OFFICERS, SECONDS = 60, 4, 30


class Office(Ends):
    """A sidecar whose every allow brings a deadline, a system, and who is told: at first away, then taking what comes."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers, self.there, self.told = itertools.count(), False, list[str]()
        self.reminder: ThreadingHTTPServer = self._server(self._remind)

    def _decide(self, request: Any, body: bytes) -> Any:  # noqa: ARG002
        if request.path != "/authorize":
            return {}
        duty = {"id": "o-1", "type": "deadline", "properties": {"due": "2026-12-31"}}
        return {"decision": True, "context": {"decision_id": f"d-{next(self._numbers)}", "obligations": [duty]}}

    def _remind(self, request: Any, _: bytes) -> Any:
        if not self.there:
            raise ConnectionError("away")
        self.told.append(request.headers["Idempotency-Key"].split("/")[0])
        return {}

    @property
    def acted(self) -> set[str]:
        return {headers["x-quanheng-decision"] for _, _, headers in self.seen}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)


def acting(port: int, ended: threading.Event) -> None:
    """One officer after another, until the proxy is gone."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while not ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            with contextlib.closing(connection):
                connection.request("POST", DO, headers=dict([ALLOW]))
                connection.getresponse().read()


def test_no_act_without_its_duty_and_no_duty_untold(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(OWN + ROUTES, "utf-8")
    office, port, ended = Office(), free_port(), threading.Event()
    ends = {name: f"http://127.0.0.1:{getattr(office, name).server_port}" for name in ("system", "sidecar", "reminder")}
    command = quanheng("proxy", "--routes", str(tmp_path / "routes.yaml"), "--port", str(port), "--upstream", ends["system"])
    command += ["--sidecar", ends["sidecar"], "--duties", str(tmp_path / "duties"), "--notify", f"{ends['reminder']}/duties"]
    officers = [threading.Thread(target=acting, args=(port, ended), daemon=True) for _ in range(OFFICERS)]
    try:
        with running(command, port, "/", tmp_path / "log") as proxy:
            for officer in officers:
                officer.start()
            until(lambda: len(office.seen) >= ACTS)
            proxy.kill()
            assert proxy.wait(timeout=SECONDS) == -signal.SIGKILL
            ended.set()
            for officer in officers:
                officer.join(timeout=SECONDS)
        office.there = True
        with running(command, port, "/", tmp_path / "log"):
            filed = [json.loads(line)["decision_id"] for line in (tmp_path / "duties" / "duties.jsonl").read_text().splitlines()]
            assert office.acted <= set(filed)
            assert len(office.acted) >= ACTS
            until(lambda: set(filed) <= set(office.told))
        assert list(dict.fromkeys(office.told)) == filed
    finally:
        ended.set()
        for server in (office.sidecar, office.system, office.reminder):
            server.shutdown()
            server.server_close()
