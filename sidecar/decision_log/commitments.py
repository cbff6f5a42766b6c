"""Commitments: a leaf holds that something was said, and nothing of what was said.

    salt        = HMAC-SHA-256(K, "quanheng.salt/v1" ‖ 0x0A ‖ entry ‖ 0x0A ‖ place)
    commitment  = "hmac-sha256:" slot ":" hex(HMAC-SHA-256(salt, value))

K is the subject's key, 32 random bytes that lie in a numbered slot outside log and tree; `entry` is the identifier of the entry,
`place` the path of the value in it, `value` the value's canonical JSON. Whoever has K opens it; whoever has not cannot try values
against it, however few there are (an unsalted digest of an identity number is a minute's search). Once K is destroyed nobody can,
and leaf, root and every proof stand as before: that is what erasure of personal data means here (个人信息保护法第四十七条).

Where the value itself is kept, it lies beside the log, sealed under the same key with ChaCha20-Poly1305 (RFC 8439); the
commitment is its associated data, and the nonce is drawn from it: one commitment, one text, one nonce.
"""

import hmac
import re
from typing import NamedTuple

import msgspec

KEY_BYTES = 32
NAME = "hmac-sha256"
_NONCE_BYTES = 12
_FORM = re.compile(rf"{NAME}:(?P<slot>[0-9]{{1,15}}):(?P<tag>[0-9a-f]{{64}})")

_encode = msgspec.json.Encoder(order="sorted").encode


class Commitment(NamedTuple):
    """`slot` is where the key lies that opens it."""

    slot: int
    text: str


def commit(key: bytes, slot: int, entry: str, place: str, value: object) -> str:
    """The commitment to a JSON value at its place in an entry."""
    salt = hmac.digest(key, f"quanheng.salt/v1\n{entry}\n{place}".encode(), "sha256")
    return f"{NAME}:{slot}:{hmac.digest(salt, _encode(value), 'sha256').hex()}"


def is_opened_by(commitment: str, key: bytes, entry: str, place: str, value: object) -> bool:
    """Whether this is the value that was committed to."""
    found = _FORM.fullmatch(commitment)
    return found is not None and hmac.compare_digest(commit(key, int(found["slot"]), entry, place, value), commitment)


def commitments_in(text: str) -> list[Commitment]:
    """Every commitment named in a text, an entry as it lies in the log for one."""
    return [Commitment(int(found["slot"]), found[0]) for found in _FORM.finditer(text)]


def seal(key: bytes, commitment: str, value: object) -> bytes:
    """The value, for whoever has the key."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415 - few entries need it

    return ChaCha20Poly1305(_sealing(key)).encrypt(_nonce(key, commitment), _encode(value), commitment.encode())


def unseal(key: bytes, commitment: str, sealed: bytes) -> object:
    """Raises ValueError where it is not what was sealed under this key for this commitment."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415

    try:
        plain = ChaCha20Poly1305(_sealing(key)).decrypt(_nonce(key, commitment), sealed, commitment.encode())
    except InvalidTag:
        raise ValueError("it is not what was sealed under this key") from None
    value: object = msgspec.json.decode(plain)
    return value


def _sealing(key: bytes) -> bytes:
    return hmac.digest(key, b"quanheng.seal/v1", "sha256")


def _nonce(key: bytes, commitment: str) -> bytes:
    return hmac.digest(key, b"quanheng.nonce/v1\n" + commitment.encode(), "sha256")[:_NONCE_BYTES]
