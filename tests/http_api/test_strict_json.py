"""The quick reading of a body and the careful one: the same value or the same error, for every text there is."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.http_api.strict_json import MAX_DEPTH, read_json, read_with_care

TEXTS = st.text(st.sampled_from('ab:": ,{}é人\u0301\u200b\u3164\u3000\\\n'), max_size=6)
NUMBERS = st.integers(-(2**54), 2**54) | st.floats()
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def outcome(read: Any, data: bytes) -> object:
    try:
        return repr(read(data))
    except RequestError as refusal:
        return refusal.code, refusal.message


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" , ", "  : ")]))
def test_both_readings_agree_on_values(value: object, ascii_only: bool, separators: tuple[str, str]) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")

    assert outcome(read_json, data) == outcome(read_with_care, data)


@given(
    st.lists(
        st.sampled_from(['"a"', '"b:"', '":"', ":", " :", "{", "}", "[", "]", ",", "1", "9007199254740992", '"', " ", "null"])
    )
)
@example(['{"a":1,"a":2}'])
@example(['{"a" :1,"a":2}'])
@example(['{"a":":","a":":"}'])
@example(['{"a":1}x'])
@example(['{"a":NaN}'])
@example(["{\"a\":'b'}"])
@example(['{"a":"\x7f"}'])
@example(["\ufeff{}"])
@example(["[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)])
@example(["[" * MAX_DEPTH + "]" * MAX_DEPTH])
@example(["[" * 2000])
@example(["[" + "1," * 1000 + "1]"])
def test_both_readings_agree_on_any_text(parts: list[str]) -> None:
    data = "".join(parts).encode()

    assert outcome(read_json, data) == outcome(read_with_care, data)


@pytest.mark.parametrize("data", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\xaf"}', b"", b" ", b"\x00"])
def test_both_readings_agree_on_bytes(data: bytes) -> None:
    assert outcome(read_json, data) == outcome(read_with_care, data)
