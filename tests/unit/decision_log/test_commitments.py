"""A commitment tells nothing without the key, and binds to one value at one place."""

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision_log.commitments import commit, commitments_in, is_opened_by, seal, unseal

VALUES = st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.dictionaries(st.text(), st.text(), max_size=3)
encode = msgspec.json.Encoder(order="sorted").encode
KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, VALUES, VALUES, st.text(max_size=5), st.text(max_size=5))
def test_it_is_opened_by_its_key_its_place_and_its_value_alone(
    key: bytes, value: object, other: object, entry: str, place: str
) -> None:
    told = commit(key, 7, entry, place, value)
    assert [(found.slot, found.text) for found in commitments_in(f'{{"a":"{told}"}}')] == [(7, told)]
    assert is_opened_by(told, key, entry, place, value)
    assert is_opened_by(told, key, entry, place, other) == (encode(value) == encode(other))
    assert not is_opened_by(told, bytes(a ^ 1 for a in key), entry, place, value)
    assert not is_opened_by(told, key, entry + "x", place, value)
    assert not is_opened_by(told, key, entry, place + "x", value)


@given(KEYS, VALUES)
def test_what_is_sealed_is_read_with_the_key_only(key: bytes, value: object) -> None:
    told = commit(key, 0, "e", "p", value)
    sealed = seal(key, told, value)
    assert unseal(key, told, sealed) == value
    spoilt = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other, where, data in ((bytes(a ^ 1 for a in key), told, sealed), (key, told + "0", sealed), (key, told, spoilt)):
        with pytest.raises(ValueError, match="not what was sealed"):
            unseal(other, where, data)


def test_the_same_value_twice_is_not_known_again() -> None:
    assert len({commit(b"k" * 32, 0, entry, "p", "v") for entry in "abc"}) == 3


def test_the_format_is_the_documented_one() -> None:
    """docs/reference/log-format.md: an answer made by hand with another program (openssl dgst -hmac)."""
    told = commit(bytes(range(32)), 5, "01ID", "facts_digest", {"b": 1, "a": "甲"})
    salt = hmac.new(bytes(range(32)), b"quanheng.salt/v1\n01ID\nfacts_digest", hashlib.sha256).digest()
    assert told == "hmac-sha256:5:" + hmac.new(salt, '{"a":"甲","b":1}'.encode(), hashlib.sha256).hexdigest()
