"""The tree as RFC 6962 section 2.1 writes it, recursively and without any care for speed; what ours is compared with."""

import hashlib
from collections.abc import Sequence


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: Sequence[bytes], name: str = "sha256") -> bytes:
    """The root over leaf hashes."""
    if not leaves:
        return hashlib.new(name, b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.new(name, b"\x01" + mth(leaves[:k], name) + mth(leaves[k:], name)).digest()


def path(m: int, leaves: Sequence[bytes], name: str = "sha256") -> list[bytes]:
    """The inclusion proof, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k], name), mth(leaves[k:], name)]
    return [*path(m - k, leaves[k:], name), mth(leaves[:k], name)]


def consistency(m: int, leaves: Sequence[bytes], name: str = "sha256") -> list[bytes]:
    """The consistency proof, section 2.1.2."""
    return subproof(m, leaves, True, name) if 0 < m < len(leaves) else []  # noqa: FBT003 - as in the RFC


def subproof(m: int, leaves: Sequence[bytes], b: bool, name: str) -> list[bytes]:
    n = len(leaves)
    if m == n:
        return [] if b else [mth(leaves, name)]
    k = split(n)
    if m <= k:
        return [*subproof(m, leaves[:k], b, name), mth(leaves[k:], name)]
    return [*subproof(m - k, leaves[k:], False, name), mth(leaves[:k], name)]  # noqa: FBT003 - as in the RFC
