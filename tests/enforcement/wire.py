"""The reverse proxy on real sockets within one process: bytes in, bytes out, and a system behind that is a real server.

The client's end is written by hand: nothing tidies what a test sends.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httptools
import httpx
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from adapters.enforcement.identity import Peer
from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.reverse_proxy import ReverseProxy
from adapters.enforcement.proxy.serving import Serving
from adapters.enforcement.proxy.sidecar_client import PooledDecider
from adapters.enforcement.proxy.upstream import Address, Pool
from adapters.enforcement.proxy.watch import Watch

QUICK = Bounds(stop_seconds=2.0, linger_seconds=0.02, tick_seconds=0.02)
AUTHORITY = b"system.test:8182"


@dataclass(frozen=True)
class Answer:
    """What the client got. `ended` is False when the answer broke off."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    ended: bool = True

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def kind(self) -> str:
        return ",".join(self.values("content-type"))


def request_bytes(
    method: str, target: str | bytes, *headers: tuple[str, str], body: bytes | Iterator[bytes] = b"", version: str = "1.1"
) -> bytes:
    """The head exactly as given, with Host and what declares the body; then the body, where it is there whole."""
    lines = [f"{method} ".encode(), target if isinstance(target, bytes) else target.encode(), f" HTTP/{version}\r\n".encode()]
    lines += [f"{name}: {value}\r\n".encode() for name, value in (("Host", "proxy.test"), *headers)]
    if not isinstance(body, bytes):
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif body:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    return b"".join([*lines, b"\r\n", body if isinstance(body, bytes) else b""])


class Reading:
    """Answers as they arrive: the parser is httptools's, as strict as the proxy's own."""

    def __init__(self, *, head_only: bool = False) -> None:
        self.answers: list[Answer] = []
        self._head_only = head_only
        self._headers: list[tuple[str, str]] = []
        self._body = b""
        self.broken = False
        self._parser: Any = httptools.HttpResponseParser(self)
        self.informational: list[int] = []

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return

    def on_message_begin(self) -> None:
        self._headers, self._body = [], b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self._head_only:
            self._finish(ended=True)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() == 100:
            self.informational.append(100)
        else:
            self._finish(ended=True)

    def end(self) -> None:
        """The connection has ended: what was begun has broken off, unless it had no end but this."""
        if self._headers and not self.answers:
            names = {name.lower() for name, _ in self._headers}
            self._finish(ended=not names & {"content-length", "transfer-encoding"})

    def _finish(self, *, ended: bool) -> None:
        self.answers.append(Answer(self._parser.get_status_code(), self._headers, self._body, ended))


@dataclass
class Broken:
    """A system whose connections end in `how`: refused, reset, closed or silent."""

    how: str
    tried: int = 0

    def protocol(self) -> asyncio.Protocol:
        broken = self

        class End(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def data_received(self, data: bytes) -> None:  # noqa: ARG002
                broken.tried += 1
                if broken.how == "reset":
                    self.transport.abort()
                elif broken.how == "closed":
                    self.transport.close()

        return End()


@dataclass
class Chained:
    """client → proxy → system. `call` is one connection with one request; `running` is for whatever else a test does."""

    proxy: ReverseProxy
    system: Any
    bounds: Bounds = QUICK
    connects: int = 0
    address: Address | None = None  # where the system is, when it is a server of its own
    sidecar: Any = None  # asked over the proxy's own connections where it is given
    patience: float = 5.0  # seconds
    _config: list[uvicorn.Config] = field(default_factory=list)

    async def call(self, sent: bytes, body: Any, client: str, *, head_only: bool) -> Answer:
        async with self.running() as running:
            reader, writer = await running.open(client)
            answers = await exchanged(reader, writer, sent, body, head_only=head_only)
        return answers[0]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Running"]:
        watch = Watch(self.bounds.tick_seconds)
        state, systems = ServerState(), set[asyncio.BaseTransport]()
        proxy = self.proxy
        if self.sidecar is not None:
            questions, reports = (Pool(_to_sidecar(self.sidecar, systems), watch, self.bounds, 4) for _ in range(2))
            decider = PooledDecider(questions, reports, b"sidecar.test", "", self.patience)
            proxy = ReverseProxy(proxy.enforcement, decider)
        connect, authority = self._connecting(state, systems), AUTHORITY
        if self.address:
            connect, authority = self.address.connect, self.address.authority
        serving = Serving(proxy, connect, authority, watch, self.bounds)
        running = Running(serving, set())
        try:
            yield running
        finally:
            for writer in running.writers:
                writer.close()
            await asyncio.sleep(0)
            await serving.stop()
            for transport in systems:
                transport.abort() if hasattr(transport, "abort") else transport.close()
            if state.tasks:
                await asyncio.wait(state.tasks, timeout=2)
            await asyncio.sleep(0.001)
            watch.stop()

    def _connecting(self, state: ServerState, systems: set[asyncio.BaseTransport]) -> Callable[[Any], Any]:
        async def connect(make: Callable[[], asyncio.BaseProtocol]) -> tuple[Any, Any]:
            self.connects += 1
            if isinstance(self.system, Broken) and self.system.how == "refused":
                self.system.tried += 1
                raise OSError("refused")
            loop, (near, far) = asyncio.get_running_loop(), socket.socketpair()
            transport, _ = await loop.connect_accepted_socket(lambda: self._server(state), far)
            systems.add(transport)
            return await loop.create_connection(make, sock=near)

        return connect

    def _server(self, state: ServerState) -> asyncio.Protocol:
        if hasattr(self.system, "protocol"):
            made: asyncio.Protocol = self.system.protocol()
            return made
        if not self._config:
            plain: dict[str, Any] = {"lifespan": "off", "log_config": None, "server_header": False, "date_header": False}
            config = uvicorn.Config(self.system, interface="asgi3", http="httptools", ws="none", **plain)
            config.load()
            self._config.append(config)
        return HttpToolsProtocol(config=self._config[0], server_state=state, app_state={})


class SidecarEnd(asyncio.Protocol):
    """A server that answers as a scripted sidecar does; where that raises, the connection breaks."""

    def __init__(self, sidecar: Any, opened: set[asyncio.BaseTransport]) -> None:
        self.sidecar, self.opened = sidecar, opened
        self.tasks = set[asyncio.Task[None]]()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.opened.add(transport)
        self.parser: Any = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.url, self.headers, self.body = b"", list[tuple[bytes, bytes]](), b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        asked = httpx.Request("POST", f"http://sidecar.test{self.url.decode()}", headers=self.headers, content=self.body)
        self.tasks.add(asyncio.get_running_loop().create_task(self.answer(asked)))

    async def answer(self, asked: httpx.Request) -> None:
        try:
            answer = await self.sidecar.handle_async_request(asked)
        except httpx.RequestError:
            self.transport.abort()
            return
        body = await answer.aread()
        self.transport.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (answer.status_code, len(body), body))


def _to_sidecar(sidecar: Any, opened: set[asyncio.BaseTransport]) -> Callable[[Any], Any]:
    async def connect(make: Callable[[], asyncio.BaseProtocol]) -> tuple[Any, Any]:
        loop, (near, far) = asyncio.get_running_loop(), socket.socketpair()
        await loop.connect_accepted_socket(lambda: SidecarEnd(sidecar, opened), far)
        return await loop.create_connection(make, sock=near)

    return connect


@dataclass
class Running:
    serving: Serving
    writers: set[asyncio.StreamWriter]
    clients: list[Any] = field(default_factory=list)

    async def open(self, client: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of a client at an address."""
        loop, (near, far) = asyncio.get_running_loop(), socket.socketpair()
        _, protocol = await loop.connect_accepted_socket(self.serving.client, far)
        protocol.peer = Peer(client)
        self.clients.append(protocol)
        reader, writer = await asyncio.open_connection(sock=near, limit=1 << 20)
        self.writers.add(writer)
        return reader, writer


async def exchanged(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    sent: bytes,
    body: Any = b"",
    *,
    count: int = 1,
    head_only: bool = False,
) -> list[Answer]:
    """Send, with a body in pieces where it is one, and read until so many answers have come or the connection ends."""
    reading = Reading(head_only=head_only)
    sending = asyncio.create_task(_send(writer, sent, body))
    while len(reading.answers) < count:
        try:
            data = await asyncio.wait_for(reader.read(65536), 10)
        except ConnectionError:
            data = b""
        if not data:
            reading.end()
            break
        reading.feed(data)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
        await sending
    return reading.answers


async def _send(writer: asyncio.StreamWriter, sent: bytes, body: Any) -> None:
    if sent:
        writer.write(sent)
    if isinstance(body, bytes):
        return
    for piece in body:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
