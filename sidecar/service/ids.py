"""Decision identifiers: ULIDs — 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32, sorted by time."""

import secrets
from collections.abc import Iterator
from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTER_OF = _ALPHABET.encode() * 8  # of each byte: every letter stands for as many bytes, so none is likelier
_RANDOM_LETTERS, _AT_ONCE = 16, 256


def _draws() -> Iterator[str]:
    """80 random bits at a time, for which the system is asked for many at once: each asking costs as much as deciding."""
    while True:
        letters = secrets.token_bytes(_AT_ONCE * _RANDOM_LETTERS).translate(_LETTER_OF).decode()
        for start in range(0, len(letters), _RANDOM_LETTERS):
            yield letters[start : start + _RANDOM_LETTERS]


_draw = _draws().__next__


def new_id(milliseconds: int) -> str:
    """A fresh identifier for a moment given in milliseconds since the epoch."""
    return _moment(milliseconds) + _draw()


@lru_cache(maxsize=16)
def _moment(milliseconds: int) -> str:
    """48 bits as ten letters, five bits each."""
    return "".join([_ALPHABET[(milliseconds >> shift) & 31] for shift in range(45, -5, -5)])
