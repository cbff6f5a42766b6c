"""Strict JSON: what AuthZEN asks of I-JSON (RFC 7493), checked before anything is typed.

Python's own decoder takes duplicate keys, NaN, lone surrogates and integers of any length without a word. Here each is an
error with a stable code, and so are deep nesting, floods of keys, and characters that a person cannot see or that compare
unequal to what they look like (controls, bidirectional overrides, private use, text that is not NFC).

Most texts are short, on one line and without escapes. Of such a text it can be seen at a glance that there is nothing to find,
and a quick decoder may read it; every other is read with care, and so every error is told by the careful reading alone.
"""

import json
import math
import re
import unicodedata
from typing import Any

import msgspec

from sidecar.errors import RequestError

MAX_DEPTH = 16
MAX_KEYS = 512
MAX_STRING = 4096
MAX_ITEMS = 1000
MAX_INTEGER = 2**53 - 1

# What a person cannot see or nobody has defined: controls, formats (bidirectional and zero-width ones, tags), surrogates, private
# use, line separators, unassigned code points, and the Hangul fillers. Ideographs newer than this Python are not "unassigned":
# rare names are written with them.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_NEWER_IDEOGRAPHS = range(0x20000, 0x3FFFE)


_LONG_NUMBER = re.compile("[0-9]{16}")
_READ_WITH_CARE = object()


class _NoFloatsError(ValueError):
    """A number that is not whole: read with care."""


def _refuse_float(_: str) -> float:
    raise _NoFloatsError


_decode = msgspec.json.Decoder(float_hook=_refuse_float).decode
_encode = msgspec.json.Encoder().encode


def read_json(data: bytes, max_keys: int = MAX_KEYS) -> Any:
    """Decode and check one JSON text of at most `max_keys` members. Raises RequestError."""
    value = _read_plain(data)
    return read_with_care(data, max_keys) if value is _READ_WITH_CARE else value


def _read_plain(data: bytes) -> Any:
    """The value of a text that is short, on one line, NFC, without escapes, its only numbers whole and of fewer than 16 digits.

    Of such a text the characters themselves show that no bound is passed. And it is what its value would be written as, but for
    spaces between the parts: if it is longer, something in it was written twice.
    """
    if len(data) > MAX_STRING or b"\\" in data:
        return _READ_WITH_CARE
    try:
        text = data.decode()
        value = _decode(data)
    except (UnicodeDecodeError, msgspec.DecodeError, _NoFloatsError, RecursionError):
        return _READ_WITH_CARE
    again = _encode(value)
    between = "".join(text.split('"')[::2])  # what stands outside of texts, for no quote stands within one
    plain = (
        text.isprintable()
        and len(again) - again.count(b" ") == len(data) - data.count(b" ")
        and between.count("{") + between.count("[") <= MAX_DEPTH
        and between.count(",") <= MAX_KEYS - MAX_DEPTH
        and not _LONG_NUMBER.search(between)
        and (text.isascii() or (unicodedata.is_normalized("NFC", text) and _FILLERS.isdisjoint(text)))
    )
    return value if plain else _READ_WITH_CARE


def read_with_care(data: bytes, max_keys: int = MAX_KEYS) -> Any:
    """Every rule looked at one by one. Raises RequestError."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise RequestError("bad_encoding", "the body must be UTF-8 without a byte order mark")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise RequestError("bad_encoding", "the body must be UTF-8") from None
    except RecursionError:
        raise RequestError("too_deep", f"nesting deeper than {MAX_DEPTH}") from None
    except json.JSONDecodeError as fault:
        raise RequestError("bad_json", f"not JSON: {fault.msg} at line {fault.lineno} column {fault.colno}") from None
    _check(value, 1, [max_keys])
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RequestError("duplicate_key", "an object has the same member twice")
    return members


def _integer(text: str) -> int:
    if len(text) > 17 or not -MAX_INTEGER <= int(text) <= MAX_INTEGER:  # noqa: PLR2004 - 17 characters hold every such integer
        raise RequestError("int_range", "a whole number is beyond 2^53")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise RequestError("float_range", "a number is out of range")
    return value


def _constant(text: str) -> Any:
    raise RequestError("bad_json", f"{text} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _check(value: Any, depth: int, left: list[int]) -> None:
    """`left` holds how many members may still come."""
    if type(value) is str:
        check_text(value)
    elif type(value) is dict:
        _check_size(depth, len(value))
        left[0] -= len(value)
        if left[0] < 0:
            raise RequestError("too_many_keys", "too many members in one request")
        for name, child in value.items():
            check_text(name)
            _check(child, depth + 1, left)
    elif type(value) is list:
        _check_size(depth, len(value))
        for child in value:
            _check(child, depth + 1, left)


def _check_size(depth: int, size: int) -> None:
    if depth > MAX_DEPTH:
        raise RequestError("too_deep", f"nesting deeper than {MAX_DEPTH}")
    if size > MAX_ITEMS:
        raise RequestError("too_many_items", f"more than {MAX_ITEMS} members in one place")


def _is_hidden(char: str) -> bool:
    category = unicodedata.category(char)
    newer = category == "Cn" and ord(char) in _NEWER_IDEOGRAPHS and ord(char) & 0xFFFE != 0xFFFE  # noqa: PLR2004 - noncharacters
    return (category in _HIDDEN_CATEGORIES and not newer) or char in _FILLERS


def check_text(text: str) -> None:
    """Bounds and characters of one text, wherever in a request it stands. Raises RequestError."""
    if len(text) > MAX_STRING:
        raise RequestError("too_long", f"text longer than {MAX_STRING} characters")
    if not text.isprintable() or not text.isascii():
        for char in text:
            if _is_hidden(char):
                raise RequestError("hidden_character", f"text holds the character U+{ord(char):04X}")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise RequestError("not_nfc", "text is not in Unicode NFC")
