"""Decision identifiers: ULIDs — 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32, sorted by time."""

import secrets
from collections.abc import Iterator

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # ten bits at a time
_RANDOM_BYTES, _AT_ONCE = 10, 256


def _draws() -> Iterator[int]:
    """80 random bits at a time, for which the system is asked for many at once: each asking costs as much as deciding."""
    while True:
        block = secrets.token_bytes(_AT_ONCE * _RANDOM_BYTES)
        for start in range(0, len(block), _RANDOM_BYTES):
            yield int.from_bytes(block[start : start + _RANDOM_BYTES])


_draw = _draws().__next__


def new_id(milliseconds: int) -> str:
    """A fresh identifier for a moment given in milliseconds since the epoch."""
    value = (milliseconds << 80) | _draw()
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -10, -10)])
