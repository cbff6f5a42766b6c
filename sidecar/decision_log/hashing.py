"""The hash of a log, chosen when it is created and never changed: SHA-256, or SM3 (GB/T 32905) where 商用密码 are asked for.

As in RFC 6962 section 2.1 leaves and inner nodes are told apart by one byte in front of what is hashed, so that no inner node
can be shown as an entry: leaf = H(0x00 ‖ entry), node = H(0x01 ‖ left ‖ right), empty tree = H(). Both hashes give 32 bytes.
"""

import hashlib
from collections.abc import Callable
from typing import Any

DIGEST_SIZE = 32
SHA256, SM3 = "sha256", "sm3"
NAMES = (SHA256, SM3)

# GB/T 32905-2016, appendix A.1: the hash of "abc".
_SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


class HashUnavailableError(ValueError):
    """A hash of another name, or one that this machine's OpenSSL has not."""


class TreeHash:
    """Leaf and node hashes of one log."""

    __slots__ = ("_leaf", "_node", "empty", "name")

    def __init__(self, name: str) -> None:
        new = _constructor(name)
        self.name = name
        self.empty: bytes = new(b"").digest()
        self._leaf, self._node = new(b"\x00"), new(b"\x01")

    def leaf(self, entry: bytes) -> bytes:
        """H(0x00 ‖ entry)."""
        begun = self._leaf.copy()
        begun.update(entry)
        digest: bytes = begun.digest()
        return digest

    def node(self, left: bytes, right: bytes) -> bytes:
        """H(0x01 ‖ left ‖ right)."""
        begun = self._node.copy()
        begun.update(left + right)
        digest: bytes = begun.digest()
        return digest

    def pairs(self, hashes: list[bytes]) -> list[bytes]:
        """The nodes above an even number of hashes."""
        node = self.node
        return [node(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]

    def text(self, digest: bytes) -> str:
        """As it is written into entries and messages: `sha256:…`."""
        return f"{self.name}:{digest.hex()}"


def tree_hash(name: str) -> TreeHash:
    """The hash of that name. Raises HashUnavailableError."""
    known = _MADE.get(name)
    if known is None:
        known = _MADE[name] = TreeHash(name)
    return known


def is_leaf(digest: bytes, entry: bytes) -> bool:
    """Whether this is the leaf hash of an entry, in a log of either hash."""
    if tree_hash(SHA256).leaf(entry) == digest:
        return True
    try:
        return tree_hash(SM3).leaf(entry) == digest
    except HashUnavailableError:
        return False


_MADE: dict[str, TreeHash] = {}


def _constructor(name: str) -> Callable[[bytes], Any]:
    if name == SHA256:
        return hashlib.sha256
    if name != SM3:
        raise HashUnavailableError(f"{name!r} is no hash of a log; known: {', '.join(NAMES)}")

    def sm3(data: bytes) -> Any:
        return hashlib.new("sm3", data)

    try:
        proven = sm3(b"abc").hexdigest() == _SM3_ABC
    except ValueError as fault:
        raise HashUnavailableError("this Python's OpenSSL has no SM3") from fault
    if not proven:
        raise HashUnavailableError("the SM3 of this Python's OpenSSL is not that of GB/T 32905")
    return sm3
