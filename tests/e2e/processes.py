"""Starting the product as a person does: as processes, on free ports, waiting until they answer."""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "food_licence"
START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int, path: str, log: Path, folder: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers on `port` at `path`; killed at the end if it still lives."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        _wait(process, port, path, log)
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def listening(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that takes connections on `port`, whatever it speaks there; killed at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        for _ in range(START_SECONDS * 50):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


def quanheng(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sidecar", *arguments]


def run_quanheng(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(quanheng(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def serve_command(policies: Path, data: Path, personnel: Path, port: int) -> list[str]:
    folders = ("--policies", str(policies), "--data", str(data), "--personnel", str(personnel))
    return quanheng("serve", *folders, "--port", str(port), "--insecure")


def ask(connection: http.client.HTTPConnection, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """POST JSON; the status and the decoded answer (text where it is no JSON)."""
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
    return _answer(connection.getresponse())


def get(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return _answer(connection.getresponse())
    finally:
        connection.close()


def _answer(response: http.client.HTTPResponse) -> tuple[int, Any]:
    text = response.read().decode()
    return response.status, json.loads(text) if "json" in response.headers.get("content-type", "") else text


def _wait(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    for _ in range(START_SECONDS * 50):
        if process.poll() is not None:
            raise AssertionError(f"stopped with {process.returncode}: {log.read_text()}")
        try:
            get(port, path)
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"no answer on {port} in {START_SECONDS} s: {log.read_text()}")
