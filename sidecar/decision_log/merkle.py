"""The append-only tree over a log's entries: RFC 6962 section 2.1, its proofs RFC 9162 sections 2.1.3 and 2.1.4.

A tree of n leaves is the node over its first k leaves and the rest, k the largest power of two below n. From this follow two
proofs of some dozen hashes, whatever the size of the log:

  * inclusion: the hashes beside the way from a leaf up to the root. Who knows entry, index, size and root can check that the
    entry is in the log at that place;
  * consistency: the hashes that make both an older and a newer root. Who kept an older root can check that the newer tree begins
    with the very entries of the older one: nothing changed, removed, inserted or reordered.

Which hashes a proof holds is geometry alone: `inclusion_ranges` and `consistency_ranges` name them as half-open ranges of leaves,
and whoever keeps the tree (tiles, a list in a test) looks the ranges up. Verification is written after the algorithms of RFC 9162
step by step; it never asks what the maker of the proof asked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sidecar.decision_log.hashing import DIGEST_SIZE, TreeHash

Range = tuple[int, int]  # leaves [begin, end)
RangeHash = Callable[[int, int], bytes]

MAX_SIZE = 2**63 - 1


class ProofError(ValueError):
    """A proof that does not prove what it is held against; the message says which step fails."""


def split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def peaks(begin: int, end: int) -> list[Range]:
    """The perfect subtrees a range consists of, from the left; `begin` is a multiple of the largest."""
    found = []
    while begin < end:
        width = 1 << (end - begin).bit_length() - 1
        found.append((begin, begin + width))
        begin += width
    return found


def bagged(hash_: TreeHash, hashes: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, largest first."""
    if not hashes:
        return hash_.empty
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = hash_.node(left, root)
    return root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """What an inclusion proof holds, from the leaf's sibling up. Raises ValueError for an index outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    begin, end, found = 0, size, []
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """What a consistency proof holds, in the order of RFC 9162; nothing between equal trees and from the empty one."""
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} within one of {new}")
    if old in (0, new):
        return []
    begin, end, whole, found = 0, new, True, []
    while old != end:
        middle = begin + split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    return ([] if whole else [(begin, end)]) + found[::-1]


def verify_inclusion(hash_: TreeHash, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.3.2. Raises ProofError."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"leaf {index} is outside a tree of {size}")
    reached = leaf
    for is_left, sibling in _way(index, size - 1, proof):
        reached = hash_.node(sibling, reached) if is_left else hash_.node(reached, sibling)
    if reached != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(hash_: TreeHash, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2. Every tree begins with the empty one, for which a proof holds nothing. Raises ProofError."""
    _check_hashes(old_root, new_root, *proof)
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofError(f"a tree of {old} is not the beginning of one of {new}")
    if old in (0, new):
        _verify_trivial(hash_, old, new, old_root, new_root, proof)
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]  # a power of two is a node of the newer tree itself
    if not path:
        raise ProofError("the proof is empty")
    height = (~(old - 1) & old).bit_length() - 1  # of the last perfect subtree of the older tree
    older = newer = path[0]
    for is_left, sibling in _way(old - 1 >> height, new - 1 >> height, path[1:]):
        older = hash_.node(sibling, older) if is_left else older
        newer = hash_.node(sibling, newer) if is_left else hash_.node(newer, sibling)
    if older != old_root:
        raise ProofError("the proof does not lead to the older root")
    if newer != new_root:
        raise ProofError("the proof does not lead to the newer root")


def _way(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """The hashes of a proof from a node up to the root, and whether each stands left of the way. `last` is the number of the
    level's last node. Raises ProofError unless there are exactly as many as the way is long."""
    sides = []
    while last:
        is_left = bool(node & 1) or node == last
        sides.append(is_left)
        while is_left and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if len(sides) != len(proof):
        raise ProofError(f"the proof has {len(proof)} hashes, the way to the root is {len(sides)} long")
    return zip(sides, proof, strict=True)


def _verify_trivial(hash_: TreeHash, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofError("between these trees a proof is empty")
    if old == new and old_root != new_root:
        raise ProofError("two trees of one size have different roots")
    if old == 0 and old_root != hash_.empty:
        raise ProofError("the older root is not that of the empty tree")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(digest) != DIGEST_SIZE for digest in hashes):
        raise ProofError(f"a hash is not {DIGEST_SIZE} bytes long")


class Frontier:
    """The roots of a tree's perfect subtrees: all that is needed to add leaves to a tree and to name its root."""

    def __init__(self, hash_: TreeHash, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self._hash, self.size, self._hashes = hash_, size, list(hashes)
        if len(self._hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} perfect subtrees, not {len(self._hashes)}")

    def append(self, leaf: bytes) -> None:
        node, hashes, filled = leaf, self._hashes, self.size
        while filled & 1:
            node = self._hash.node(hashes.pop(), node)
            filled >>= 1
        hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        return bagged(self._hash, self._hashes)
