"""Decision identifiers: ULIDs — 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32, sorted by time."""

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # ten bits at a time


def new_id(milliseconds: int) -> str:
    """A fresh identifier for a moment given in milliseconds since the epoch."""
    value = (milliseconds << 80) | secrets.randbits(80)
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -10, -10)])
