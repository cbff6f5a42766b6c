"""The lane: a question or a report that arrives in the ordinary way is answered straight from its connection.

Between a connection and an ASGI application stand a task, a scope, two queues of messages and as many wrappers, for whatever HTTP
may bring. A question for a decision is one small POST on a kept connection, whole in one packet, and so is the report of what
became of the act; for them all of that costs more than the answer. So the lane takes a request only when nothing about it is out
of the ordinary:

    POST of an evaluation path, or of the outcome of a decision that is named as ours are, without a query; HTTP/1.1 on a
    connection that stays open, no request before it unanswered;
    a declared length within bounds, no coding, no upgrade, no expectation, no header twice; the whole body there at once.

Everything else goes the way of every request, through the guard, which also says what is wrong. Parsing is httptools's and the
connection uvicorn's in both cases; the lane stands in for one thing only, the cycle of one request and its answer.

A kept connection sends the same head again and again, but for the length of the body, the identifier of the request and the
decision that is reported on. A head that is byte for byte the one before, but for these, is not parsed again, see
`repeated_head.py`.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sidecar.errors import RequestError
from sidecar.http_api.callers import CERTIFICATE_NAMES
from sidecar.http_api.guard import CERTIFICATE, JSON, Bounds, Rejected, Reply, check_head, reply_to
from sidecar.http_api.heads import DECISION_PATHS, Head
from sidecar.http_api.repeated_head import OUTCOME, RepeatedHead, repeated_head
from sidecar.http_api.straight import Straight

ProtocolFactory = Callable[..., asyncio.Protocol]

_QUESTIONS = frozenset(path.encode() for path in DECISION_PATHS)
_UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding", b"upgrade", b"expect"})
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_LENGTH_DIGITS = 9
_OK = 200
_BUSY = math.inf  # idle since never


def lane_to(straight: Straight, bounds: Bounds, rejected: Rejected) -> ProtocolFactory:
    """A protocol for uvicorn, which makes one for every connection."""
    return partial(_Lane, straight, bounds, rejected)


def _names_of(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in the subjectAltName of a certificate that the TLS layer has proven, as settings write them: `DNS:…`."""
    names = certificate.get("subjectAltName", ())
    return tuple(f"{CERTIFICATE_NAMES[kind]}:{name}" for kind, name in names if kind in CERTIFICATE_NAMES)


class _Anybody:
    """Waited for by nobody."""

    def set(self) -> None:
        """A message has come."""


class _Turn:
    """What uvicorn knows of the request that is being answered: in its eyes a cycle like any other."""

    __slots__ = ("body", "disconnected", "head", "keep_alive", "request_id", "response_complete")
    message_event = _Anybody()

    def __init__(self, head: Head, request_id: bytes | None, body: bytes = b"") -> None:
        self.head, self.request_id, self.body = head, request_id, body
        self.disconnected = self.response_complete = False
        self.keep_alive = True  # uvicorn takes it back when the server stops

    @property
    def what(self) -> str:
        return "an outcome" if self.head.reported else "a decision"


class _Lane(HttpToolsProtocol):
    """One connection. `_reading` is a request of the lane whose body is still to come, `_packet` the packet that is being parsed
    where it began with a request, and `_repeated` the head of the last request, where a packet was that request and no more."""

    def __init__(self, straight: Straight, bounds: Bounds, rejected: Rejected, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._straight, self._bounds, self._rejected = straight, bounds, rejected
        self._reading: _Turn | None = None
        self._packet, self._amid = b"", False
        self._repeated: RepeatedHead | None = None
        self._idle_since = _BUSY
        self._certificate: tuple[str, ...] = ()
        self._dated: tuple[object, bytes, bytes] = (None, b"", b"")

    def data_received(self, data: bytes) -> None:
        self._idle_since = _BUSY
        if self._repeated is not None:
            same = self._repeated.of(data) if self.cycle.response_complete else None
            if same is not None:
                self._take(_Turn(*same))
                return
            self._repeated = None
        self._packet = b"" if self._amid else data
        super().data_received(data)
        if self._reading is not None and self.parser is not None:
            self._leave()  # the body comes in pieces, which the guard has the time for

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._certificate = _names_of(transport.get_extra_info("peercert") or {})

    def on_message_begin(self) -> None:
        self._amid = True
        super().on_message_begin()
        if self._certificate:
            self.scope["extensions"] = {CERTIFICATE: self._certificate}  # type: ignore[dict-item]  # an extension of our own

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
        self._amid = False
        if self._reading is None:
            super().on_message_complete()
            return
        turn, self._reading = self._reading, None
        self._repeated = repeated_head(self._packet, turn.head, turn.request_id, turn.body, self._bounds.body_limit)
        self._take(turn)

    def _turn(self) -> _Turn | None:
        """A turn for a request with nothing out of the ordinary about it."""
        values = dict(self.headers)
        outcome = None if self.url in _QUESTIONS else OUTCOME.fullmatch(self.url)
        asked = outcome is not None or self.url in _QUESTIONS
        if not (asked and self._is_free() and self._is_plain(values) and self._is_bounded(values)):
            return None
        authorization, identifier = values.get(b"authorization"), values.get(b"x-request-id")
        head = Head(
            None if authorization is None else authorization.decode("latin-1"),
            values.get(b"content-type", b"").decode("latin-1"),
            (identifier or b"").decode("latin-1"),
            self.client[0] if self.client else "",
            self._certificate,
            outcome[1].decode() if outcome else "",
        )
        return _Turn(head, identifier)

    def _is_free(self) -> bool:
        """No earlier request waits for its answer, and the connection stays open after this one."""
        return (self.cycle is None or self.cycle.response_complete) and self.parser.should_keep_alive()

    def _is_plain(self, values: dict[bytes, bytes]) -> bool:
        parser = self.parser
        posted = parser.get_method() == b"POST" and parser.get_http_version() == "1.1"
        return posted and len(values) == len(self.headers) and _UNUSUAL.isdisjoint(values) and not parser.should_upgrade()

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

    def _take(self, turn: _Turn) -> None:
        self.cycle = turn  # type: ignore[assignment]  # all that uvicorn asks of a cycle, see _Turn
        try:
            self._straight.begin(turn.head, turn.body, partial(self._answer, turn))
        except Exception as fault:  # noqa: BLE001 - as in the guard: whatever it is, it becomes an answer
            self._answer(turn, fault)

    def _answer(self, turn: _Turn, told: Reply | Exception) -> None:
        reply = reply_to(told, turn.what, self._rejected) if isinstance(told, Exception) else told
        turn.response_complete = True
        if not self.transport.is_closing():
            self.transport.write(self._written(turn, reply))
            if not turn.keep_alive:
                self.transport.close()
        self.on_response_complete()

    def _written(self, turn: _Turn, reply: Reply) -> bytes:
        headers = self.server_state.default_headers
        if self._dated[0] is not headers:  # uvicorn makes a new list of them once a second
            dated = b"".join([b"%s: %s\r\n" % header for header in headers])
            self._dated = headers, dated, b"%s%scontent-type: %s\r\ncontent-length: " % (_STATUS_LINES[_OK], dated, JSON)
        length = b"%d\r\n" % len(reply.body)
        if reply.kind is JSON and turn.request_id is None and turn.keep_alive:
            return b"".join((self._dated[2], length, b"\r\n", reply.body))
        parts = [_STATUS_LINES[reply.status], self._dated[1], b"content-type: ", reply.kind, b"\r\ncontent-length: ", length]
        if turn.request_id is not None:
            parts += [b"x-request-id: ", turn.request_id, b"\r\n"]
        for name, value in reply.extra:
            parts += [name, b": ", value, b"\r\n"]
        if not turn.keep_alive:
            parts.append(b"connection: close\r\n")
        return b"".join([*parts, b"\r\n", reply.body])

    # -- how long a connection may be idle: as in uvicorn, but with one timer instead of one for each request -------------------

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """The timer looks for itself whether the connection is idle, and ends with it."""
        if self.transport.is_closing():
            super()._unset_keepalive_if_required()

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            super().timeout_keep_alive_handler()
        elif self._idle_since is not _BUSY:
            self._watch(left)
