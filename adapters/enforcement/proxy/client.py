"""One connection of a client: requests come in, are served one after another, and answers go out.

A request that cannot be understood is answered in its turn, then the connection ends: where one message ends and the next begins
is no longer sure. Bytes behind it are never read as a request.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
import structlog

from adapters.enforcement.identity import Peer
from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.flow import Flow, Gate
from adapters.enforcement.proxy.heads import CONTINUE, Head, Headers, head_of, reply_bytes
from adapters.enforcement.proxy.watch import NEVER, Watch
from sidecar.errors import RequestError
from sidecar.http_api.guard import Reply

log = structlog.get_logger("quanheng.proxy")


class Request(NamedTuple):
    """A head that was understood, or `fault` and the headers as far as they are known; the body on the way."""

    head: Head | None
    body: Flow
    fault: RequestError | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


Serve = Callable[[Request, "Client"], Awaitable[bool]]


class Client(asyncio.Protocol):
    """`serve` answers one request and says whether the connection may be used again."""

    def __init__(self, serve: Serve, watch: Watch, bounds: Bounds, open_clients: set["Client"]) -> None:
        self._serve_one, self._watch, self._bounds, self._open = serve, watch, bounds, open_clients
        self.deadline = NEVER
        self.gate, self.peer, self.gone = Gate(), Peer(), False
        self.transport: Any = None
        self.tunnel: Flow | None = None
        self.task: asyncio.Task[None] | None = None
        self._parser: Any = httptools.HttpRequestParser(self)
        self._requests: deque[Request] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._body: Flow | None = None
        self._url, self._headers, self._size = b"", Headers(), 0
        self._in_head = self._deaf = self._stopping = self._waits = self._said_all = False
        self._unread = b""

    # -- asked by who serves ----------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self.gone:
            self.transport.write(data)

    def reply(self, reply: Reply, asked: Head | None, *, keep_alive: bool) -> None:
        self.write(reply_bytes(reply, asked, keep_alive=keep_alive))

    def go_on(self, request: Request) -> None:
        """Ask for the body, where the client waits to be asked."""
        if request.head and request.head.expects and not request.body.begun:
            request.body.begun, self._waits = True, False
            self.write(CONTINUE)
            self.deadline = self._watch.loop.time() + self._bounds.stall_seconds

    def cut(self) -> None:
        """End the connection so that nobody takes what was sent for whole."""
        if self.transport:
            self.transport.abort()

    def begin_tunnel(self) -> Flow:
        """From now on bytes are bytes. What came behind the handshake comes first."""
        self.deadline = NEVER
        self.tunnel = Flow(self.transport)
        if self._unread:
            self.tunnel.feed(self._unread)
        if self.gone:
            self.tunnel.end()
        return self.tunnel

    def stop(self) -> None:
        """End when the request that is being answered has its answer."""
        self._stopping = True
        if self.tunnel is not None:
            self.cut()
        self._wake()

    # -- told by the loop -------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.peer = Peer(peer[0] if isinstance(peer, tuple) else "")
        if len(self._open) >= self._bounds.clients:
            self._deaf = True
            self.write(reply_bytes(Reply(503, b"busy: too many connections; nothing was done\n"), None, keep_alive=False))
            transport.close()
            return
        self._open.add(self)
        self._watch.add(self)
        self.deadline = self._watch.loop.time() + self._bounds.head_seconds
        self.task = self._watch.loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.feed(data)
            return
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._deaf, self._unread = True, data[upgrade.args[0] :]
        except httptools.HttpParserError as fault:
            self._malformed(RequestError("bad_http", str(fault) if fault.__context__ is None else "this is not HTTP/1.1"))
        if self._in_head and not self._deaf:
            self._size += len(data)
            if self._size > 2 * self._bounds.max_head:  # one endless line, of which the parser says nothing
                self._malformed(_too_large())
        if self._body is not None and not self._waits:
            self.deadline = self._watch.loop.time() + self._bounds.stall_seconds
        if len(self._requests) > 1:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """A client that has said all it has to say may still be waiting for the answer."""
        if self.tunnel is not None:
            self.tunnel.end()
            return True
        self._deaf = self._stopping = self._said_all = True
        if self._body is not None:
            self._body.fail(_gone())
        self._wake()
        return self.task is not None and not self.task.done()

    def connection_lost(self, fault: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self.gone = self._deaf = True
        self._open.discard(self)
        self._watch.discard(self)
        if self._body is not None:
            self._body.fail(_gone())
        if self.tunnel is not None:
            self.tunnel.end()
        self.gate.open()
        self._wake()

    def pause_writing(self) -> None:
        self.gate.close()
        self.deadline = self._watch.loop.time() + self._bounds.stall_seconds

    def resume_writing(self) -> None:
        self.deadline = NEVER
        self.gate.open()

    def overdue(self) -> None:
        if self.gate.shut or self.tunnel is not None:
            self.cut()
        elif self._in_head and self._size:
            self._malformed(RequestError("too_slow", "the head of the request did not come in time", 408))
        elif self._body is None:
            self._stopping = self._deaf = True
            self._wake()
        elif self._body.held:
            self.deadline = self._watch.loop.time() + self._bounds.stall_seconds  # we do not read, so it cannot send
        else:
            self._body.fail(RequestError("too_slow", "the body did not come in time", 408))

    # -- told by the parser -----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url, self._headers, self._size, self._in_head = b"", Headers(), 1, True
        self.deadline = self._watch.loop.time() + self._bounds.head_seconds

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.deadline = NEVER
        try:
            head = self._head()
        except RequestError as fault:
            self._malformed(fault)
        else:
            self._body, self._waits = Flow(self.transport), head.expects
            self._take(Request(head, self._body))

    def on_body(self, data: bytes) -> None:
        if self._body is not None and not self._deaf:
            self._body.feed(data)

    def on_message_complete(self) -> None:
        if self._body is not None:
            self.deadline = NEVER
            body, self._body = self._body, None
            if not self._deaf:
                body.end()

    def _head(self) -> Head:
        size = len(self._url) + sum(len(name) + len(value) for name, value in self._headers)
        if len(self._headers) > self._bounds.max_headers or size > self._bounds.max_head:
            raise _too_large()
        parser = self._parser
        method, version = parser.get_method().decode(), parser.get_http_version()
        head = head_of(method, self._url, version, self._headers, keep_alive=parser.should_keep_alive())
        if parser.should_upgrade() and not head.websocket:
            if head.has_body:
                raise RequestError("bad_upgrade", "a request that asks for another protocol can have no body here")
            return head._replace(keep_alive=False)
        return head

    def _malformed(self, fault: RequestError) -> None:
        """Answer what came before, then this, then nothing more."""
        if not self._deaf:
            self._deaf, self._in_head = True, False
            self.deadline = NEVER
            if self._body is None:
                self._take(Request(None, Flow(None), fault, tuple(self._headers)))
            else:
                self._body.fail(fault)  # who serves its request says so

    def _take(self, request: Request) -> None:
        self._requests.append(request)
        self._wake()

    # -- one request after another ----------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            while (request := await self._next()) is not None:
                if not await self._serve_one(request, self) or self._stopping:
                    break
                if not self._requests and not self._in_head:
                    self.deadline = self._watch.loop.time() + self._bounds.idle_seconds
        except Exception as fault:  # noqa: BLE001 - whatever it is, this connection ends and no other
            log.error("unexpected", fault=type(fault).__name__, at=_origin(fault))  # noqa: TRY400 - it may quote a request
            self.cut()
        await self._leave()

    async def _next(self) -> Request | None:
        while not self._requests:
            if self._stopping or self.gone:
                return None
            self._waiter = self._watch.loop.create_future()
            await self._waiter
        request = self._requests.popleft()
        if len(self._requests) <= 1 and not self._deaf:
            self.transport.resume_reading()
        return request

    async def _leave(self) -> None:
        """Close so that the answer arrives: a client that is still sending would be told of a reset before it has read it."""
        if self.gone:
            return
        sending = self._body is not None or self._deaf
        self._deaf = True
        if sending and not self._said_all and self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.transport.resume_reading()
            self.deadline, self._waiter = NEVER, self._watch.loop.create_future()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiter, self._bounds.linger_seconds)
        if not self.gone:
            self.transport.close()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def _gone() -> RequestError:
    return RequestError("gone", "the client went away")


def _too_large() -> RequestError:
    return RequestError("headers_too_large", "the head of the request is too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _origin(fault: BaseException) -> str:
    """Where it was raised, as file:line; its message may quote a request."""
    frame = fault.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
