"""Listening, for `serve` and `proxy`: the socket is bound before anything says ready, and a busy one is refused in words."""

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from sidecar.errors import SettingsError, reason_of

Reload = Callable[[], Awaitable[None]]

log = structlog.get_logger("quanheng")

BACKLOG = 2048
_ANYBODY = 0o666  # a token is asked for behind the socket as behind a port
_WHY = {errno.EADDRINUSE: "PORT_TAKEN", errno.EACCES: "PORT_NOT_ALLOWED"}


def listen_at(host: str, port: int) -> socket.socket:
    """A listening socket on an address of this machine. Raises SettingsError."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, UnicodeError) as fault:
        listening.close()
        code = _WHY.get(getattr(fault, "errno", 0), "CANNOT_LISTEN")
        raise SettingsError(code, host=host, port=port, reason=reason_of(fault)) from fault
    return listening


def listen_on(path: Path) -> socket.socket:
    """A listening Unix socket; one that a killed process left behind is replaced. Raises SettingsError."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        _clear(path)
        listening.bind(str(path))
        path.chmod(_ANYBODY)
        listening.listen(BACKLOG)
    except OSError as fault:
        listening.close()
        raise SettingsError("CANNOT_LISTEN_ON_SOCKET", path=path, fault=reason_of(fault)) from fault
    return listening


def _clear(path: Path) -> None:
    """Take away a socket behind which nobody listens any more; whatever else is there, `bind` refuses."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def serve_http(
    app: Any,
    listening: socket.socket,
    ready: dict[str, Any],
    reload: Reload | None = None,
    begin: Reload | None = None,
    end: Reload | None = None,
    **settings: Any,
) -> None:
    """Say `ready` with its facts and serve until told to stop; on SIGHUP, reload. `begin` runs before the first request, `end`
    after the last: here, because a server that was told to stop by a signal ends its process by the same signal."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        **{"http": "httptools", **settings},
    )
    with listening:
        _load(config)
        log.info("ready", **ready)
        _Server(config, reload, begin, end).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Uvicorn, with a reload on SIGHUP. Reloads run one after another, beside the requests."""

    def __init__(self, config: uvicorn.Config, reload: Reload | None, begin: Reload | None, end: Reload | None) -> None:
        super().__init__(config)
        self._begin_with, self._end_with = begin, end
        self._reload = reload
        self._reloading: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._begin_with:
            await self._begin_with()
        await super().startup(sockets)
        if self._reload:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._begin)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self._end_with:
            await self._end_with()

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._one_reload())
        self._reloading.add(task)
        task.add_done_callback(self._reloading.discard)

    async def _one_reload(self) -> None:
        async with self._one_at_a_time:
            if self._reload:
                await self._reload()


def _load(config: uvicorn.Config) -> None:
    try:
        config.load()
    except OSError as fault:
        pair = f"{config.ssl_certfile} and {config.ssl_keyfile}"
        raise SettingsError("TLS_PAIR_UNUSABLE", pair=pair, fault=reason_of(fault)) from fault
