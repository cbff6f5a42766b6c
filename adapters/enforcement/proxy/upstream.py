"""Connections to a server, kept and shared: those to the system behind, and those to the sidecar.

One connection carries one request at a time. A kept one is used again only when its answer ended as it should and nothing more
came. A server that ends a connection before it has answered leaves its client in doubt; that is `LostError`, and never answered
by asking again here.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httptools

from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.flow import Flow, Gate
from adapters.enforcement.proxy.watch import NEVER, Watch
from sidecar.errors import QuanhengError

_INFORMATIONAL = range(100, 200)
_SWITCHED = 101
_NO_BODY = (204, 304)
MAX_HEAD = 256 * 1024  # bytes of an answer's head


class NotConnectedError(QuanhengError):
    """No connection could be had: nothing was sent, so nothing can have happened."""


class LostError(QuanhengError):
    """The connection broke, or no answer came in time, after something was sent: nobody knows what happened."""


class Answer(NamedTuple):
    """The head of an answer, header names in lower case, and its body on the way. `length` is what the server declared, None
    where the body ends with chunks or with the connection."""

    status: int
    headers: list[tuple[bytes, bytes]]
    length: bytes | None
    body: Flow


Connect = Callable[[Callable[[], asyncio.BaseProtocol]], Awaitable[tuple[Any, Any]]]


class Connection(asyncio.Protocol):
    """One connection. `reused`: it has answered before; `silent`: nothing came yet of the answer that is waited for."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.deadline = NEVER
        self.gate = Gate()
        self.reused = self.silent = False
        self._usable = self._alive = True
        self._head_only = self._sent = self._done = False
        self._answered: asyncio.Future[Answer] | None = None
        self._body: Flow | None = None
        self._until_close = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes, self._in_head = 0, False
        self._parser: Any = httptools.HttpResponseParser(self)
        self.transport: Any = None
        self.tunnel: Flow | None = None

    # -- asked by the pool's users ----------------------------------------------------------------------------------------------

    def begin(self, data: bytes, *, head_only: bool, whole: bool, seconds: float) -> "asyncio.Future[Answer]":
        """Send the head of a request, or all of it where `whole`. The answer's head is told by the future, or LostError."""
        self._head_only, self._sent, self._done = head_only, whole, False
        self._head_bytes, self._in_head, self.silent = 0, True, True
        self._answered = self._pool.watch.loop.create_future()
        self.deadline = self._pool.watch.loop.time() + seconds
        if not self._alive:
            self._broken("the connection was closed")
        else:
            self.transport.write(data)
        return self._answered

    def sent(self, seconds: float) -> None:
        """The last byte of the request has been written; the head of the answer must come within `seconds`."""
        self._sent = True
        if self._answered is not None:
            self.deadline = self._pool.watch.loop.time() + seconds
        if self._done:
            self._finish()

    def end(self) -> None:
        """Nothing more is wanted of this connection."""
        self._usable = False
        if self.transport:
            self.transport.abort()

    def lose(self, problem: str) -> None:
        """Nobody waits any longer for what it was asked; whoever still does is told LostError."""
        self._broken(problem)

    @property
    def alive(self) -> bool:
        return self._alive and not self.transport.is_closing()

    # -- told by the loop -------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._pool.watch.add(self)

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.feed(data)
            return
        self.silent = False
        if self._answered is None and self._body is None:
            self.end()  # nobody asked
            return
        if self._body is not None:
            self.deadline = self._pool.watch.loop.time() + self._pool.bounds.stall_seconds
        elif self._in_head:
            self._head_bytes += len(data)
        try:
            if self._head_bytes > MAX_HEAD and self._body is None:
                self._broken("the head of the answer is too large")
                return
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._usable = False
            rest = data[upgrade.args[0] :]
            if self.tunnel is not None and rest:
                self.tunnel.feed(rest)
        except httptools.HttpParserError as fault:
            self._broken(f"the answer is not HTTP: {fault}")

    def eof_received(self) -> bool:
        if self.tunnel is not None:
            self.tunnel.end()
            return True  # a half-closed tunnel still carries the other way
        return False

    def connection_lost(self, fault: Exception | None) -> None:
        self._alive = False
        self._pool.lost(self)
        if self.tunnel is not None:
            self.tunnel.end()
        elif self._body is not None and fault is None and self._until_close:
            self._body.end()
        else:
            self._broken(f"the connection was closed{f': {fault}' if fault else ''}")
        self.gate.open()

    def pause_writing(self) -> None:
        self.gate.close()
        if self.tunnel is None:
            self.deadline = self._pool.watch.loop.time() + self._pool.bounds.stall_seconds

    def resume_writing(self) -> None:
        self.gate.open()
        if self.tunnel is None:
            self.deadline = NEVER

    def overdue(self) -> None:
        if self._answered is None and self._body is None and self.tunnel is None:
            self.end()  # kept long enough
        elif self._body is not None and self._body.held:  # we do not read, so it cannot send
            self.deadline = self._pool.watch.loop.time() + self._pool.bounds.stall_seconds
        else:
            self._broken("nothing came in time")

    # -- told by the parser -----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # what comes after the body are trailers, which end here
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._answered is None or (status in _INFORMATIONAL and status != _SWITCHED):
            return
        self._in_head = False
        values = dict(self._headers)
        length = values.get(b"content-length")
        self._until_close = length is None and b"transfer-encoding" not in values and not self._bodiless(status)
        body = Flow(self.transport)
        if status == _SWITCHED:
            self.tunnel = Flow(self.transport)
            self.deadline = NEVER
        else:
            self._body = body
        answered, self._answered = self._answered, None
        if not answered.done():
            answered.set_result(Answer(status, self._headers, length, body))
        if self._head_only and status != _SWITCHED:
            self._parser = httptools.HttpResponseParser(self)  # the old one waits for a body
            self._ended(keep_alive=b"close" not in values.get(b"connection", b"").lower())

    def on_body(self, data: bytes) -> None:
        if self._body is not None:
            self._body.feed(data)

    def on_message_complete(self) -> None:
        if self._body is not None:
            self._ended(keep_alive=self._parser.should_keep_alive())

    def _bodiless(self, status: int) -> bool:
        return self._head_only or status in _NO_BODY

    def _ended(self, *, keep_alive: bool) -> None:
        self._usable = self._usable and keep_alive
        body, self._body = self._body, None
        self._done = True
        self.deadline = NEVER
        if self._sent:
            self._finish()
        if body is not None:
            body.end()

    def _finish(self) -> None:
        if self._usable and self.alive:
            self.reused, self._done = True, False
            self.deadline = self._pool.watch.loop.time() + self._pool.bounds.kept_seconds
            self._pool.free(self)
        else:
            self.end()

    def _broken(self, problem: str) -> None:
        self._usable = False
        fault = LostError("AS_TOLD", told=problem)
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(fault)
        if self._body is not None:
            self._body.fail(fault)
        if self.tunnel is not None:
            self.tunnel.end()
        self._answered = self._body = None
        self.end()


class Pool:
    """At most `limit` connections at once; who finds none free waits for `connect_seconds`."""

    def __init__(self, connect: Connect, watch: Watch, bounds: Bounds, limit: int) -> None:
        self._connect, self.watch, self.bounds, self._limit = connect, watch, bounds, limit
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._opening = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def get(self) -> Connection:
        """A connection that nobody else uses. Raises NotConnectedError."""
        connection = self.kept()
        if connection is not None:
            return connection
        try:
            async with asyncio.timeout(self.bounds.connect_seconds):
                return await self._get()
        except TimeoutError:
            busy = len(self._open) + self._opening >= self._limit
            raise NotConnectedError("ALL_CONNECTIONS_IN_USE" if busy else "NO_CONNECTION_IN_TIME") from None
        except OSError as fault:  # also what is wrong with a certificate
            raise NotConnectedError("AS_TOLD", told=str(fault) or type(fault).__name__) from fault

    def free(self, connection: Connection) -> None:
        self._idle.append(connection)
        self._next()

    def lost(self, connection: Connection) -> None:
        self.watch.discard(connection)
        self._open.discard(connection)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)
        self._next()

    def close(self) -> None:
        for connection in tuple(self._open):
            connection.end()

    def kept(self) -> Connection | None:
        """One that is open and unused, where there is any."""
        while self._idle:
            connection = self._idle.pop()
            if connection.alive:
                connection.deadline = NEVER
                return connection
        return None

    async def _get(self) -> Connection:
        while True:
            connection = self.kept()
            if connection is not None:
                return connection
            if len(self._open) + self._opening < self._limit:
                return await self._opened()
            waiter = self.watch.loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._next()  # the turn that came too late is the next one's
                raise

    async def _opened(self) -> Connection:
        self._opening += 1
        try:
            _, connection = await self._connect(lambda: Connection(self))
        finally:
            self._opening -= 1
        self._open.add(connection)
        return connection  # type: ignore[no-any-return]  # what the factory made

    def _next(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


class Address(NamedTuple):
    """Where a server is: a Unix socket, or host and port, with TLS with `tls`. `name` is whom its certificate must name."""

    host: str = ""
    port: int = 0
    socket: str = ""
    tls: ssl.SSLContext | None = None
    name: str | None = None

    def connect(self, make: Callable[[], asyncio.BaseProtocol]) -> Awaitable[tuple[Any, Any]]:
        loop = asyncio.get_running_loop()
        if self.socket:
            return loop.create_unix_connection(make, self.socket)
        name = (self.name or self.host) if self.tls else None
        return loop.create_connection(make, self.host, self.port, ssl=self.tls, server_hostname=name)

    @property
    def authority(self) -> bytes:
        """As in Host: without the port where it is the usual one."""
        if self.socket:
            return b"localhost"
        host = self.name or self.host
        host = f"[{host}]" if ":" in host else host
        return (host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}").encode()
