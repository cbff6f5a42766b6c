"""The head of a request that a kept connection sends again and again: known by its bytes, not parsed anew.

What was parsed and checked once is kept as the bytes around two holes, the values of Content-Length and X-Request-ID. A packet
whose bytes are these, with a length that is the length of its body and an identifier of plain visible characters, could be parsed
to nothing else. Whatever differs by a byte is not recognised and goes the way of the first.
"""

import re
from typing import NamedTuple

from sidecar.http_api.decisions import Head
from sidecar.http_api.guard import MAX_REQUEST_ID

_HOLE = re.compile(rb"(\r\n(?:content-length|x-request-id):[ \t]*)([!-~]+)", re.IGNORECASE)
_VISIBLE = re.compile(rb"[!-~]{1,%d}\Z" % MAX_REQUEST_ID)
_LENGTH = re.compile(rb"0\Z|[1-9][0-9]{0,8}\Z")
_END = b"\r\n\r\n"
_MAX_KEPT = 4096  # bytes; far below what a head may have, whatever the identifier


class RepeatedHead(NamedTuple):
    """A head as the bytes before each hole, and behind the last one up to and including the blank line."""

    before: tuple[tuple[bytes, bool], ...]  # and whether it is the identifier that follows
    last: bytes
    head: Head
    body_limit: int

    def of(self, packet: bytes) -> tuple[Head, bytes | None, bytes] | None:
        """Head, identifier and body of a packet that is one request with this head; None for any other."""
        at, length, identifier = 0, b"", None
        for piece, names_request in self.before:
            if not packet.startswith(piece, at):
                return None
            at += len(piece)
            end = packet.find(b"\r", at)
            value = packet[at:end]
            at = end
            if not names_request:
                length = value
            elif _VISIBLE.match(value):
                identifier = value
            else:
                return None
        if not packet.startswith(self.last, at) or not _LENGTH.match(length):
            return None
        body = packet[at + len(self.last) :]
        if len(body) != int(length) or len(body) > self.body_limit:
            return None
        if identifier is None:
            return self.head, None, body
        return self.head._replace(request_id=identifier.decode("ascii")), identifier, body


def repeated_head(packet: bytes, head: Head, identifier: bytes | None, body: bytes, body_limit: int) -> RepeatedHead | None:
    """What to know the head of `packet` by, which was parsed to `head`, `identifier` and `body`; None where the packet is not
    this one request and nothing else."""
    text, end, rest = packet.partition(_END)
    if not end or rest != body or not text.startswith(b"POST ") or len(text) > _MAX_KEPT:
        return None
    first, *others = _HOLE.split(text)
    names, values, between = others[::3], others[1::3], others[2::3]
    kinds = [name.strip(b" \t\r\n:").lower() for name in names]
    known = {b"content-length": b"%d" % len(body), b"x-request-id": identifier}
    if sorted(kinds) != sorted(name for name, value in known.items() if value is not None):
        return None
    if any(known[kind] != value for kind, value in zip(kinds, values, strict=True)):
        return None
    pieces = [before + name for before, name in zip([first, *between], names, strict=False)]
    before = tuple((piece, kind == b"x-request-id") for piece, kind in zip(pieces, kinds, strict=True))
    return RepeatedHead(before, between[-1] + _END, head, body_limit)
