"""`quanheng gateway --style envoy` as a process, asked over TCP as Envoy asks it; Envoy itself is in no package."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub

from tests.e2e.processes import free_port, quanheng, run_quanheng
from tests.e2e.test_gateways import ALLOW, DENY, DO, Ends, stopped_in_the_end
from tests.enforcement.points import ROUTES, checked

pytestmark = pytest.mark.slow  # starts processes of its own


@contextlib.contextmanager
def answering(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """The process, and a way to ask it."""
    routes, port = folder / "routes.yaml", free_port()
    routes.write_text(ROUTES)
    with stopped_in_the_end(Ends()) as ends:
        told = ("--sidecar", f"http://127.0.0.1:{ends.sidecar.server_port}", "--port", str(port))
        process = subprocess.Popen(quanheng("gateway", "--routes", str(routes), "--style", "envoy", *told, *more))
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                grpc.channel_ready_future(channel).result(timeout=30)
                yield process, AuthorizationStub(channel).Check
        finally:
            process.kill()
            process.wait()


def test_envoy_is_answered_until_the_process_is_told_to_stop(tmp_path: Path) -> None:
    with answering(tmp_path) as (process, check):
        assert check(checked("POST", DO, [ALLOW])).ok_response.headers[0].header.value == "d-1"
        assert check(checked("POST", DO, [DENY])).denied_response.status.code == 403
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_who_is_not_a_named_gateway_is_refused(tmp_path: Path) -> None:
    with answering(tmp_path, "--gateway", "10.0.0.0/8") as (_, check):
        answer = check(checked("POST", DO, [ALLOW]))
    assert (answer.denied_response.status.code, answer.status.message) == (403, "not_a_gateway")


def test_a_port_that_is_taken_is_said_in_words(tmp_path: Path) -> None:
    with stopped_in_the_end(Ends()) as ends:
        (tmp_path / "routes.yaml").write_text(ROUTES)
        port = str(ends.system.server_port)
        done = run_quanheng("gateway", "--routes", str(tmp_path / "routes.yaml"), "--style", "envoy", "--port", port)
    assert (done.returncode != 0, f"127.0.0.1:{port}" in done.stderr, "Traceback" in done.stderr) == (True, True, False)
