"""Proofs that callers are given of the tree, for sizes that were signed."""

from sidecar.errors import NotFoundError, RequestError
from sidecar.ports.log import LogTree


def consistency_of(tree: LogTree, old: int, new: int, signed: int) -> list[bytes]:
    """The proof between two sizes that were signed. Raises RequestError for sizes that cannot be."""
    if not 0 <= old <= new <= signed:
        raise RequestError("bad_size", f"sizes must be 0 <= from <= to <= {signed}, the newest checkpoint's")
    return tree.tree().consistency(old, new)


def inclusion_of(tree: LogTree, index: int, size: int, signed: int) -> list[bytes]:
    """The proof of one leaf in the tree of `size`. Raises RequestError or NotFoundError."""
    if not 0 < size <= signed:
        raise RequestError("bad_size", f"size must be from 1 to {signed}, the newest checkpoint's")
    if not 0 <= index < size:
        raise NotFoundError("NO_ENTRY", index=index, size=size)
    return tree.tree().inclusion(index, size)
