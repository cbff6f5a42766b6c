"""Canonical bytes: one value, one spelling."""

import json
from functools import partial
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.canonical import NotCanonicalError, canonical_bytes, leaf_hash

keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=6)
texts = st.text(st.characters(codec="utf-8"), max_size=8).map(partial(normalize, "NFC"))
scalars = st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts)
entries = st.dictionaries(
    keys, st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
)


@given(entries)
def test_it_is_json_and_reads_back(entry: dict[str, Any]) -> None:
    """Nothing is lost."""
    assert json.loads(canonical_bytes(entry)) == entry


@given(entries)
def test_it_is_the_spelling_of_rfc_8785(entry: dict[str, Any]) -> None:
    """The standard library, told to sort and to leave out white space, writes the same bytes."""
    expected = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert canonical_bytes(entry) == expected


@given(entries)
def test_the_order_of_keys_does_not_matter(entry: dict[str, Any]) -> None:
    """The same value gives the same bytes however it was put together."""
    assert canonical_bytes(dict(reversed(list(entry.items())))) == canonical_bytes(entry)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.5, "float"),
        (None, "NoneType"),
        (2**53, "beyond"),
        (-(2**53), "beyond"),
        ("e\u0301", "NFC"),
        (b"bytes", "bytes"),
        ({"é": 1}, "ASCII"),
        ({1: 1}, "ASCII"),
        ([[{"a": [1.5]}]], "/v/0/0/a/0"),
        ({1, 2}, "set"),
    ],
)
def test_what_has_more_than_one_spelling_is_refused(value: object, told: str) -> None:
    """Floats, null, large numbers, unnormalised text; the message names where it stands."""
    with pytest.raises(NotCanonicalError, match=told):
        canonical_bytes({"v": value})


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"\x00", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
    ],
)
def test_leaf_hashes_are_those_of_rfc_6962(data: bytes, digest: str) -> None:
    """The known hashes of the empty leaf and of a zero byte."""
    assert leaf_hash(data).hex() == digest
