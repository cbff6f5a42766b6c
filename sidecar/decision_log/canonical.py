"""Canonical bytes of an entry: one value, one spelling, for ever.

JSON in a restricted profile (a subset of RFC 8785): ASCII keys in order, no white space, strings in Unicode NFC, whole numbers
below 2^53, no floats and no null. Two entries are equal exactly when their bytes are.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

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
    _refuse_long(data)
    _refuse_unnormalised(data)
    return data


def _refuse_long(data: bytes) -> None:
    if len(data) > MAX_ENTRY:
        raise NotCanonicalError(f"the entry has {len(data)} bytes, more than {MAX_ENTRY}")


def _refuse_unnormalised(data: bytes) -> None:
    """Texts are parted by quotes, with which no combining character composes: the whole is NFC exactly when each of them is."""
    if not data.isascii() and not unicodedata.is_normalized("NFC", data.decode()):
        raise NotCanonicalError("text is not NFC")


class Form:
    """The canonical bytes of an object some of whose members are still open, the others encoded and proven once.

    Filled with the values of the open members it gives the bytes that encoding the whole object gives.
    """

    __slots__ = ("_pieces", "open")

    def __init__(self, known: Mapping[str, object], open_: Sequence[str], before: bytes = b"", behind: bytes = b"") -> None:
        """`open_` names the members that are still to come; `before` and `behind` are bytes around the object."""
        self.open: Final = tuple(sorted(open_))
        pieces, text = [], before + b"{"
        for n, name in enumerate(sorted([*known, *open_])):
            text += b'%s"%s":' % (b"," if n else b"", name.encode())
            if name in known:
                text += _encode(known[name])
            else:
                pieces += [text, b""]
                text = b""
        self._pieces: Final = [*pieces, text + b"}" + behind]
        _refuse_unnormalised(b"".join(self._pieces))

    def filled(self, values: Sequence[bytes]) -> bytes:
        """The whole, with the encoded value of each open member in the order of `open`. Raises NotCanonicalError."""
        pieces = self._pieces.copy()
        pieces[1::2] = values
        data = b"".join(pieces)
        _refuse_long(data)
        _refuse_unnormalised(b"".join(values))
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
