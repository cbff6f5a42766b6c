"""The head of a request that a kept connection sends again and again: known by its bytes, not parsed anew.

What was parsed and checked once is kept as the bytes around its holes: the values of Content-Length and X-Request-ID, and in the
path of a report the decision it is about. A packet whose bytes are these, with a length that is the length of its body, an
identifier of plain visible characters and a decision that is named as ours are, could be parsed to nothing else. Whatever differs
by a byte is not recognised and goes the way of the first.
"""

import re
from typing import NamedTuple

from sidecar.http_api.guard import MAX_REQUEST_ID
from sidecar.http_api.heads import Head

OUTCOME = re.compile(rb"/v1/decisions/([0-9A-Z]{26})/outcome")  # of a decision of ours: no coding, no other spelling
_HOLE = re.compile(rb"(\r\n(?:content-length|x-request-id):[ \t]*)([!-~]+)", re.IGNORECASE)
_VISIBLE = re.compile(rb"[!-~]{1,%d}\Z" % MAX_REQUEST_ID)
_NAME = re.compile(rb"[0-9A-Z]{26}\Z")
_NAME_LENGTH = 26
_LENGTH = re.compile(rb"0\Z|[1-9][0-9]{0,8}\Z")
_END = b"\r\n\r\n"
_BEFORE_NAME = b"POST /v1/decisions/"
_MAX_KEPT = 4096  # bytes; far below what a head may have, whatever the identifier


class RepeatedHead(NamedTuple):
    """A head as the bytes before each hole, and behind the last one up to and including the blank line. `reports`: the first hole
    is the decision in the path."""

    before: tuple[tuple[bytes, bool], ...]  # and whether it is the identifier that follows
    last: bytes
    head: Head
    body_limit: int
    reports: bool = False

    def of(self, packet: bytes) -> tuple[Head, bytes | None, bytes] | None:
        """Head, identifier and body of a packet that is one request with this head; None for any other."""
        at, length, identifier, reported = 0, b"", None, b""
        if self.reports:
            at = len(_BEFORE_NAME) + _NAME_LENGTH
            reported = packet[len(_BEFORE_NAME) : at]
            if not packet.startswith(_BEFORE_NAME) or not _NAME.match(reported):
                return None
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
        head = self.head
        if identifier is not None or reported:
            head = head._replace(request_id=(identifier or b"").decode("ascii"), reported=reported.decode("ascii"))
        return head, identifier, body


def repeated_head(packet: bytes, head: Head, identifier: bytes | None, body: bytes, body_limit: int) -> RepeatedHead | None:
    """What to know the head of `packet` by, which was parsed to `head`, `identifier` and `body`; None where the packet is not
    this one request and nothing else."""
    text, end, rest = packet.partition(_END)
    if not end or rest != body or not text.startswith(b"POST ") or len(text) > _MAX_KEPT:
        return None
    if head.reported:
        named = _BEFORE_NAME + head.reported.encode("ascii")
        if not text.startswith(named) or not _NAME.match(named[len(_BEFORE_NAME) :]):
            return None
        text = text[len(named) :]
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
    return RepeatedHead(before, between[-1] + _END, head, body_limit, bool(head.reported))
