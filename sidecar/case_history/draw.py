"""A random draw that anyone can recompute (双随机): who draws chooses neither the pool nor the chance.

The pool is fixed by an earlier act of the case, which names its digest as its `content`; the seed is the identifier of that very
decision, which the sidecar made only then. Of the pool, those are drawn whose SHA-256 over version, seed and identifier is
smallest: every order is equally likely, and the log holds all it takes to do it again.

    pool digest   sha256 over the identifiers, sorted, one a line
    rank          sha256("quanheng-draw-1\\n" seed "\\n" identifier)

What a draw cannot see is a pool that was made up before it was fixed; therefore another person fixes it.
"""

import hashlib
from collections.abc import Iterable

import msgspec

_VERSION = "quanheng-draw-1"


class Draw(msgspec.Struct, frozen=True):
    """`pool` is the digest of those who could be drawn, `size` their number, `drawn` the result in the order of rank."""

    pool: str
    size: int
    drawn: tuple[str, ...]


class DrawBrought(msgspec.Struct, frozen=True):
    """A draw as a request brings it: the pool itself, and who is said to be drawn."""

    pool: tuple[str, ...]
    drawn: tuple[str, ...]

    @property
    def recorded(self) -> Draw:
        return Draw(pool_digest(self.pool), len(set(self.pool)), self.drawn)


def pool_digest(pool: Iterable[str]) -> str:
    """The digest that fixes a pool, whatever the order it is written in."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(set(pool))).encode()).hexdigest()


def drawn_from(pool: Iterable[str], seed: str, n: int) -> tuple[str, ...]:
    """Those of the pool who are drawn, `n` of them or all."""
    return tuple(sorted(set(pool), key=lambda one: _rank(seed, one))[:n])


def _rank(seed: str, one: str) -> bytes:
    return hashlib.sha256(f"{_VERSION}\n{seed}\n{one}".encode()).digest()
