"""SM2 signatures with SM3 (GB/T 32918) on notes, an extra (`pip install 'quanheng[sm]'`).

This is software: it makes signatures that certified products can check, and is itself no certified cryptographic module. Where
密评 (GB/T 39786) asks for one, the private key belongs into such a module, behind the same `Signer`.

Keys are points as 64 bytes (x ‖ y) behind the name of the kind; signatures are DER, as OpenSSL and other products write them.
"""

from collections.abc import Callable
from typing import Any

from sidecar.decision_log.notes import OTHER, SM2, SM2_ID, Key, NoteError, Signature, check_name

POINT_BYTES = 64
SECRET_BYTES = 32 + POINT_BYTES  # the number and its point, which the library wants both


class Sm2Signer:
    """A private key in memory; `secret` is the 32-byte number followed by its point."""

    def __init__(self, name: str, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise NoteError(f"an SM2 private key is {SECRET_BYTES} bytes")
        self._number, self._point = secret[:-POINT_BYTES], secret[-POINT_BYTES:]
        self.key = Key(check_name(name), OTHER, SM2 + self._point)
        if not check_sm2(self._point)("selftest\n", self.sign("selftest\n").data):
            raise NoteError("the SM2 private key does not belong to its point")

    def sign(self, text: str) -> Signature:
        signature = _library().sm2_sign(self._number, self._point, text.encode(), signer_id=SM2_ID)
        return Signature(self.key.name, self.key.id, signature)


def new_secret() -> bytes:
    """A fresh private key."""
    point, number = _library().sm2_key_generate()
    secret: bytes = number + point
    return secret


def check_sm2(point: bytes) -> Callable[[str, bytes], bool]:
    """How signatures of that public key are checked. Raises NoteError."""
    if len(point) != POINT_BYTES:
        raise NoteError(f"an SM2 key is a point of {POINT_BYTES} bytes")
    library = _library()

    def check(text: str, signature: bytes) -> bool:
        try:
            return bool(library.sm2_verify(point, text.encode(), signature, signer_id=SM2_ID))
        except library.GmsslInnerError:  # not even the form of a signature
            return False

    return check


def _library() -> Any:
    try:
        import gmssl_pyx  # noqa: PLC0415 - an extra
    except ImportError:
        raise NoteError("SM2 signatures need an extra: pip install 'quanheng[sm]'") from None
    return gmssl_pyx
