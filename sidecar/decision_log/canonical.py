"""Canonical bytes of an entry: one value, one spelling, for ever.

JSON in a restricted profile (a subset of RFC 8785): ASCII keys in order, no white space, strings in Unicode NFC, whole numbers
below 2^53, no floats and no null. Two entries are equal exactly when their bytes are.
"""

import unicodedata
from collections.abc import Mapping

import msgspec

from sidecar.decision_log.hashing import SHA256, tree_hash

MAX_INTEGER = 2**53 - 1
MAX_ENTRY = 65_535  # bytes; what two bytes of length can say in a bundle of entries (C2SP tlog-tiles)

_encode = msgspec.json.Encoder(order="sorted").encode


class NotCanonicalError(ValueError):
    """A value outside the profile; the message names where it stands."""


def canonical_bytes(entry: dict[str, object]) -> bytes:
    """The canonical bytes of an entry. Raises NotCanonicalError."""
    refuse_others(entry, "")
    return encoded(entry)


def encoded(entry: object) -> bytes:
    """The bytes of an entry whose values are known to be of the profile's types: text, whole numbers, truth values."""
    data = _encode(entry)
    if len(data) > MAX_ENTRY:
        raise NotCanonicalError(f"the entry has {len(data)} bytes, more than {MAX_ENTRY}")
    # Texts are parted by quotes, with which no combining character composes: the whole is NFC exactly when each of them is.
    if not data.isascii() and not unicodedata.is_normalized("NFC", data.decode()):
        raise NotCanonicalError("text is not NFC")
    return data


leaf_hash = tree_hash(SHA256).leaf  # of a log whose hash is not SM3


def refuse_others(value: object, where: str) -> None:
    """Raises NotCanonicalError for a value outside the profile; `where` is its place in the entry."""
    if isinstance(value, str):
        if not value.isascii() and not unicodedata.is_normalized("NFC", value):
            raise NotCanonicalError(f"{where}: text is not NFC")
    elif isinstance(value, int):  # booleans too: they are within any bound
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonicalError(f"{where}: whole number beyond 2^53")
    else:
        _check_members(value, where)


def _check_members(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise NotCanonicalError(f"{where}: key {key!r} is not ASCII text")
            refuse_others(child, f"{where}/{key}")
    elif isinstance(value, list | tuple):
        for n, child in enumerate(value):
            refuse_others(child, f"{where}/{n}")
    else:
        raise NotCanonicalError(f"{where}: {type(value).__name__} has no place in an entry")
