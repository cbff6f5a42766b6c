"""Where the frames of a WebSocket begin and end (RFC 6455, section 5.2): only between two of them may a third be put.

What is said in them is not read. A control frame may stand between the fragments of a message (section 5.4), so where a message
ends need not be known.
"""

import secrets

POLICY_VIOLATION = 1008  # section 7.4.1: "a generic status code … when there is no other more suitable"

_MASKED, _LENGTH = 0x80, 0x7F
_LONGER = {126: 2, 127: 8}  # bytes of the length that follow
_LONGEST_HEAD = 14
_CLOSE, _MAX_REASON = 0x88, 123


class Frames:
    """Follows the bytes of one direction."""

    def __init__(self) -> None:
        self._head = b""  # the begun head of a frame
        self._left = 0  # bytes of the frame that are still to come

    @property
    def whole(self) -> bool:
        """Whether a frame has just ended, or none has begun."""
        return not self._left and not self._head

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def rest(self, data: bytes) -> bytes:
        """What of the bytes belongs to the frame that has begun."""
        at = 0
        while at < len(data) and not self.whole:
            at = self._step(data, at)
        return data[:at]

    def _step(self, data: bytes, at: int) -> int:
        """Past the rest of a frame, or past a head."""
        if self._left:
            taken = min(self._left, len(data) - at)
            self._left -= taken
            return at + taken
        head = self._head + data[at : at + _LONGEST_HEAD - len(self._head)]
        size = _size(head)
        if len(head) < size:
            self._head = head
            return len(data)
        at += size - len(self._head)
        self._head, self._left = b"", _payload(head)
        return at


def _size(head: bytes) -> int:
    if len(head) < 2:  # noqa: PLR2004
        return 2
    return 2 + _LONGER.get(head[1] & _LENGTH, 0) + (4 if head[1] & _MASKED else 0)


def _payload(head: bytes) -> int:
    length = head[1] & _LENGTH
    longer = _LONGER.get(length)
    return int.from_bytes(head[2 : 2 + longer]) if longer else length


def close_frame(reason: str, *, masked: bool) -> bytes:
    """The frame that ends a connection. What a client sends is masked (section 5.3)."""
    payload = POLICY_VIOLATION.to_bytes(2) + reason.encode("ascii", "replace")[:_MAX_REASON]
    if not masked:
        return bytes((_CLOSE, len(payload))) + payload
    key = secrets.token_bytes(4)
    return bytes((_CLOSE, _MASKED | len(payload))) + key + bytes([byte ^ key[n % 4] for n, byte in enumerate(payload)])
