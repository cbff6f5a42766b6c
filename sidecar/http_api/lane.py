"""The lane: a decision that arrives in the ordinary way is answered straight from its connection.

Between a connection and an ASGI application stand a task, a scope, two queues of messages and as many wrappers, for whatever HTTP
may bring. A question for a decision is one small POST on a kept connection, whole in one packet; for it all of that costs more
than the answer. So the lane takes a request only when nothing about it is out of the ordinary:

    POST of one of the two paths, without a query; HTTP/1.1 on a connection that stays open, no request before it unanswered;
    a declared length within bounds, no coding, no upgrade, no expectation, no header twice; the whole body there at once.

Everything else goes the way of every request, through the guard, which also says what is wrong. Parsing is httptools's and the
connection uvicorn's in both cases; the lane stands in for one thing only, the cycle of one request and its answer.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sidecar.errors import RequestError
from sidecar.http_api.decisions import PATHS, Decisions, Head
from sidecar.http_api.guard import Bounds, Rejected, Reply, check_head, reply_to

ProtocolFactory = Callable[..., asyncio.Protocol]

_URLS = frozenset(path.encode() for path in PATHS)
_UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding", b"upgrade", b"expect"})
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_LENGTH_DIGITS = 9


def lane_to(decisions: Decisions, bounds: Bounds, rejected: Rejected) -> ProtocolFactory:
    """A protocol for uvicorn, which makes one for every connection."""
    return partial(_Lane, decisions, bounds, rejected)


class _Anybody:
    """Waited for by nobody."""

    def set(self) -> None:
        """A message has come."""


class _Turn:
    """What uvicorn knows of the request that is being answered: in its eyes a cycle like any other."""

    __slots__ = ("body", "disconnected", "head", "keep_alive", "request_id", "response_complete")
    message_event = _Anybody()

    def __init__(self, head: Head, request_id: bytes | None) -> None:
        self.head, self.request_id = head, request_id
        self.body = b""
        self.disconnected = self.response_complete = False
        self.keep_alive = True  # uvicorn takes it back when the server stops


class _Lane(HttpToolsProtocol):
    """One connection. `_reading` is a request of the lane whose body is still to come."""

    def __init__(self, decisions: Decisions, bounds: Bounds, rejected: Rejected, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._decisions, self._bounds, self._rejected = decisions, bounds, rejected
        self._reading: _Turn | None = None
        self._dated: tuple[object, bytes] = (None, b"")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._reading is not None and self.parser is not None:
            self._leave()  # the body comes in pieces, which the guard has the time for

    def on_headers_complete(self) -> None:
        self._reading = self._turn()
        if self._reading is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._reading is None:
            super().on_body(body)
        else:
            self._reading.body += body

    def on_message_complete(self) -> None:
        if self._reading is None:
            super().on_message_complete()
            return
        turn, self._reading = self._reading, None
        self.cycle = turn  # type: ignore[assignment]  # all that uvicorn asks of a cycle, see _Turn
        task = self.loop.create_task(self._answer(turn))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _turn(self) -> _Turn | None:
        """A turn for a request with nothing out of the ordinary about it."""
        values = dict(self.headers)
        if not (self._is_free() and self._is_plain(values) and self._is_bounded(values)):
            return None
        authorization, identifier = values.get(b"authorization"), values.get(b"x-request-id")
        head = Head(
            None if authorization is None else authorization.decode("latin-1"),
            values.get(b"content-type", b"").decode("latin-1"),
            (identifier or b"").decode("latin-1"),
            self.client[0] if self.client else "",
        )
        return _Turn(head, identifier)

    def _is_free(self) -> bool:
        """No earlier request waits for its answer, and the connection stays open after this one."""
        return (self.cycle is None or self.cycle.response_complete) and self.parser.should_keep_alive()

    def _is_plain(self, values: dict[bytes, bytes]) -> bool:
        parser = self.parser
        asked = self.url in _URLS and parser.get_method() == b"POST" and parser.get_http_version() == "1.1"
        return asked and len(values) == len(self.headers) and _UNUSUAL.isdisjoint(values) and not parser.should_upgrade()

    def _is_bounded(self, values: dict[bytes, bytes]) -> bool:
        length = values.get(b"content-length", b"")
        if not length.isdigit() or len(length) > _LENGTH_DIGITS or int(length) > self._bounds.body_limit:
            return False
        try:
            check_head(self.headers, loopback_only=self._bounds.loopback_only)
        except RequestError:
            return False
        return True

    def _leave(self) -> None:
        """Hand a request that is being read over to the way of every request."""
        turn, self._reading = self._reading, None
        if turn is not None and not self.transport.is_closing():
            super().on_headers_complete()
            super().on_body(turn.body)

    async def _answer(self, turn: _Turn) -> None:
        try:
            reply = await self._decisions.answer(turn.head, turn.body)
        except Exception as fault:  # noqa: BLE001 - as in the guard: whatever it is, it becomes an answer
            reply = reply_to(fault, "a decision", self._rejected)
        turn.response_complete = True
        if not self.transport.is_closing():
            self.transport.write(self._written(turn, reply))
            if not turn.keep_alive:
                self.transport.close()
        self.on_response_complete()

    def _written(self, turn: _Turn, reply: Reply) -> bytes:
        parts = [_STATUS_LINES[reply.status], self._date(), b"content-type: ", reply.kind]
        parts += [b"\r\ncontent-length: ", str(len(reply.body)).encode(), b"\r\n"]
        if turn.request_id is not None:
            parts += [b"x-request-id: ", turn.request_id, b"\r\n"]
        for name, value in reply.extra:
            parts += [name, b": ", value, b"\r\n"]
        if not turn.keep_alive:
            parts.append(b"connection: close\r\n")
        return b"".join([*parts, b"\r\n", reply.body])

    def _date(self) -> bytes:
        """The headers uvicorn gives every answer; it makes a new list of them once a second."""
        headers = self.server_state.default_headers
        if self._dated[0] is not headers:
            self._dated = headers, b"".join([b"%s: %s\r\n" % header for header in headers])
        return self._dated[1]
