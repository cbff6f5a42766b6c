"""The heads of HTTP/1.1 messages as the proxy takes and writes them (RFC 9110, RFC 9112).

Parsing is llhttp's, through httptools, and strict: both lengths at once, a length twice, folded lines, blanks before a colon,
bare line feeds and control characters are errors of the parser. What is refused beside that stands in `refuse_unclear`.

Every head that is sent is written anew from what was parsed and judged, with one way of framing, chosen here; no byte of framing
a client sent reaches the system behind. Trailers end here: nobody could judge by them what has been let through.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from sidecar.errors import RequestError
from sidecar.http_api.guard import Reply

Headers = list[tuple[bytes, bytes]]

_TARGET = re.compile(rb"/[\x21\x22\x24-\x7e]*\Z")  # what is sent of an address (origin-form); a fragment never is
_VERSIONS = ("1.1", "1.0")
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_NO_BODY = (204, 304)


class Head(NamedTuple):
    """Of a request, header names in lower case. `length` is None where the body is chunked."""

    method: str
    target: bytes
    headers: Headers
    length: int | None
    keep_alive: bool
    chunks: bool  # whether the client understands an answer in chunks
    expects: bool  # whether it waits for 100 Continue before it sends its body
    websocket: bool

    @property
    def has_body(self) -> bool:
        return self.length != 0


def head_of(method: str, target: bytes, version: str, headers: Headers, *, keep_alive: bool) -> Head:
    """Raises RequestError for a head that two readers could read differently, or that asks for what is not done here."""
    values = dict(headers)
    coding = values.get(b"transfer-encoding")
    refuse_unclear(target, version, headers, coding)
    expects = values.get(b"expect")
    if expects is not None and expects.lower() != b"100-continue":
        raise RequestError("bad_expect", "nothing but 100-continue can be expected here", 417)
    length = None if coding is not None else int(values.get(b"content-length", b"0"))
    upgrades = b"upgrade" in _tokens(values.get(b"connection", b"")) and values.get(b"upgrade", b"").lower() == b"websocket"
    websocket = upgrades and method == "GET" and version == "1.1" and length == 0
    new = version == "1.1"
    return Head(method, target, headers, length, keep_alive, new, expects is not None and length != 0 and new, websocket)


def refuse_unclear(target: bytes, version: str, headers: Headers, coding: bytes | None) -> None:
    """What the parser lets pass and the proxy does not. Raises RequestError."""
    if version not in _VERSIONS:
        raise RequestError("bad_version", "send HTTP/1.1", 505)
    if not _TARGET.match(target):
        raise RequestError("bad_path", "the path is not in its plain form")
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise RequestError("bad_host", "send Host exactly once")
    if coding is not None and (coding.lower() != b"chunked" or version == "1.0"):
        raise RequestError("transfer_coding", "no transfer coding but chunked is understood", 501)


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]


def request_head(method: str, target: bytes, host: bytes, headers: Iterable[tuple[bytes, bytes]], framing: bytes) -> bytes:
    """The head of a request to the system behind. `framing` are whole header lines, see `framed`."""
    lines = [b"%s: %s\r\n" % header for header in headers]
    return b"".join((method.encode(), b" ", target, b" HTTP/1.1\r\nhost: ", host, b"\r\n", *lines, framing, b"\r\n"))


def framed(length: int | None) -> bytes:
    return b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length


class Framing(NamedTuple):
    """How an answer is sent on: its head, whether its body goes in chunks, and whether the connection stays."""

    head: bytes
    in_chunks: bool
    keep_alive: bool


def answer_head(asked: Head, status: int, headers: Headers, length: bytes | None) -> Framing:
    """The head of an answer to the client. `headers` are those that pass, without framing; `length` is what the system behind
    declared, None where its body ends with chunks or with the connection."""
    bodiless = asked.method == "HEAD" or status in _NO_BODY
    in_chunks = length is None and not bodiless and asked.chunks
    keep_alive = asked.keep_alive and (bodiless or in_chunks or length is not None)
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    lines = [b"%s: %s\r\n" % header for header in headers]
    if length is not None and status != HTTPStatus.NO_CONTENT:
        lines.append(b"content-length: %s\r\n" % length)
    elif in_chunks:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(connection_line(asked, keep_alive=keep_alive))
    return Framing(b"".join((line, *lines, b"\r\n")), in_chunks, keep_alive)


def connection_line(asked: Head | None, *, keep_alive: bool) -> bytes:
    """Said where it is not what the version implies."""
    if not keep_alive:
        return b"connection: close\r\n"
    return b"" if asked is None or asked.chunks else b"connection: keep-alive\r\n"


def reply_bytes(reply: Reply, asked: Head | None, *, keep_alive: bool) -> bytes:
    """An answer of the proxy's own. To HEAD its body is not sent."""
    parts = [_STATUS_LINES[reply.status], b"content-type: ", reply.kind, b"\r\ncontent-length: %d\r\n" % len(reply.body)]
    parts += [b"%s: %s\r\n" % header for header in reply.extra]
    parts += [connection_line(asked, keep_alive=keep_alive), b"\r\n"]
    if asked is None or asked.method != "HEAD":
        parts.append(reply.body)
    return b"".join(parts)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def last_chunk() -> bytes:
    return _LAST_CHUNK
