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

from sidecar.errors import SettingsError

Reload = Callable[[], Awaitable[None]]

log = structlog.get_logger("quanheng")

BACKLOG = 2048
_ANYBODY = 0o666  # a token is asked for behind the socket as behind a port
_HINTS = {
    errno.EADDRINUSE: "stop the process that listens there, or choose another --port / 端口已被占用，请换一个",
    errno.EACCES: "choose a --port above 1023 / 请用 1023 以上的端口",
}


def listen_at(host: str, port: int) -> socket.socket:
    """A listening socket on an address of this machine. Raises SettingsError."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, UnicodeError) as fault:
        listening.close()
        number = getattr(fault, "errno", 0)
        hint = _HINTS.get(number, "give an address of this machine with --host / 请用 --host 指定本机地址")
        raise SettingsError(f"cannot listen on {host}:{port}: {_reason(fault)}", hint) from fault
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
        hint = "stop the process that listens there, or give with --uds a free path this user may write / 请换一个可写的空闲路径"
        raise SettingsError(f"cannot listen on {path}: {_reason(fault)}", hint) from fault
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


def _reason(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault)


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
        hint = "tls_certificate and tls_key must be readable PEM files that belong together / 证书与私钥须可读且成对"
        raise SettingsError(f"{pair} cannot be used: {_reason(fault)}", hint) from fault
