"""Signed notes: text with signatures under it, as in C2SP signed-note. Checkpoints, receipts and cosigned heads are notes.

    text of one or more lines
                                            an empty line
    — name base64(key id ‖ signature)       one line a signature

Keys are written as `name+id+base64(type ‖ key)`. A verifier ignores signatures of keys it does not know and refuses the whole
note when one it knows is wrong. Kinds of signatures, by type byte:

    0x01  Ed25519 over the text
    0x04  Ed25519 cosignature of a checkpoint with a time (C2SP tlog-cosignature)
    0xff  followed by `sm2-sm3`: SM2 with SM3 (GB/T 32918) over the text, for sites that need commercial cryptography

`cryptography`, and for SM2 `gmssl-pyx`, are imported when a signature is made or checked, so that everything else of a log can be
verified without them.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

MAX_NOTE = 64 * 1024  # bytes
MAX_SIGNATURES = 64

ED25519, COSIGNATURE, OTHER = 0x01, 0x04, 0xFF
SM2 = b"sm2-sm3"
SM2_ID = b"1234567812345678"  # the signer's identifier that GB/T 35276 fixes where none is agreed

_DASH = "\u2014"
_ID_BYTES = 4
_TIME_BYTES = 8
_ED25519_BYTES = 32


class NoteError(ValueError):
    """A note, key or signature that cannot be read, or that does not hold."""


class Key(NamedTuple):
    """A public key: who it belongs to, how it signs, and its bytes."""

    name: str
    type: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The first bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key): a name for the key, not a proof of it."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.type]) + self.public)}"


class Signature(NamedTuple):
    """One signature line. Of a cosignature, `data` begins with its time."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        return f"{_DASH} {self.name} {_base64(self.key_id + self.data)}\n"


class Note(NamedTuple):
    """`text` ends with a line feed, which is signed too."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


class Signer(Protocol):
    """A private key, wherever it lies: a file, a token, a module."""

    @property
    def key(self) -> Key: ...

    def sign(self, text: str) -> Signature:
        """A signature of a note's text."""
        ...


class Ed25519Signer:
    """A private key in memory, for signing notes (type 0x01)."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = Key(check_name(name), ED25519, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        return Signature(self.key.name, self.key.id, self._private.sign(text.encode()))


class Cosigner:
    """A witness's private key: its signatures of checkpoints say when (type 0x04)."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = Key(check_name(name), COSIGNATURE, self._private.public_key().public_bytes_raw())

    def cosign(self, text: str, seconds: int) -> Signature:
        """A statement that at this time (seconds since the epoch) the checkpoint was the largest consistent one known."""
        data = seconds.to_bytes(_TIME_BYTES, "big") + self._private.sign(_cosigned(text, seconds))
        return Signature(self.key.name, self.key.id, data)


def read_note(data: bytes) -> Note:
    """Raises NoteError for anything that is not exactly a signed note."""
    if len(data) > MAX_NOTE:
        raise NoteError(f"a note has at most {MAX_NOTE} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("a note has no control characters but line feeds")
    body, parted, signed = text.rpartition("\n\n")
    if not parted or not signed.endswith("\n"):
        raise NoteError("a note is text, an empty line and signature lines")
    lines = signed[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(body + "\n", tuple(read_signature(line) for line in lines))


def read_signature(line: str) -> Signature:
    """One signature line, without its line feed. Raises NoteError."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = unbase64(encoded)
    if dash != _DASH or len(data) <= _ID_BYTES:
        raise NoteError("a signature line is a dash, a name and base64 of key id and signature")
    return Signature(check_name(name), data[:_ID_BYTES], data[_ID_BYTES:])


def check_name(name: str) -> str:
    """A name of a key or a log. Raises NoteError."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise NoteError(f"{name!r} is no name: not empty, without spaces and plus signs")
    return name


def read_key(text: str) -> Key:
    """A public key as people pass it on. Raises NoteError."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, id, key
        raise NoteError("a key is written name+id+base64")
    name, identifier, encoded = parts
    data = unbase64(encoded)
    key = Key(check_name(name), data[0], data[1:]) if data else None
    if key is None or key.id.hex() != identifier:
        raise NoteError(f"the key of {name} is not the one its id names: it was mistyped or cut short")
    _checker(key)
    return key


def signed_by(note: Note, keys: Iterable[Key]) -> list[Key]:
    """Those of the keys that signed the note. Raises NoteError when a signature in the name of one of them is wrong, whatever the
    others say: somebody tried to pass for it."""
    known = {(key.name, key.id): key for key in keys}
    found: list[Key] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not _checker(key)(note.text, signature.data):
            raise NoteError(f"a signature in the name of {key.name} ({key.id.hex()}) is not its own")
        if key not in found:
            found.append(key)
    return found


def cosigned_at(note: Note, key: Key) -> int:
    """The time of a cosignature, in seconds since the epoch; 0 where the note has none of this key."""
    times = [int.from_bytes(s.data[:_TIME_BYTES], "big") for s in note.signatures if (s.name, s.key_id) == (key.name, key.id)]
    return max(times, default=0)


def with_signatures(note: Note, more: Sequence[Signature]) -> Note:
    """The note with further signatures; one of a key that had signed replaces the earlier one."""
    replaced = {(signature.name, signature.key_id) for signature in more}
    kept = [signature for signature in note.signatures if (signature.name, signature.key_id) not in replaced]
    return Note(note.text, (*kept, *more))


Check = Callable[[str, bytes], bool]


def _checker(key: Key) -> Check:
    """How signatures of this key are checked. Raises NoteError for a kind nobody here knows."""
    if key.type in (ED25519, COSIGNATURE):
        if len(key.public) != _ED25519_BYTES:
            raise NoteError(f"the key of {key.name} is not {_ED25519_BYTES} bytes long")
        return _ed25519(key.public) if key.type == ED25519 else _cosignature(key.public)
    if key.type == OTHER and key.public.startswith(SM2):
        from sidecar.decision_log.sm2 import check_sm2  # noqa: PLC0415 - an extra

        return check_sm2(key.public.removeprefix(SM2))
    raise NoteError(f"the key of {key.name} is of a kind this version does not know ({key.type:#04x})")


def _ed25519(public: bytes) -> Check:
    return lambda text, signature: _holds(public, signature, text.encode())


def _cosignature(public: bytes) -> Check:
    def check(text: str, data: bytes) -> bool:
        seconds = int.from_bytes(data[:_TIME_BYTES], "big")
        return seconds < 1 << 63 and _holds(public, data[_TIME_BYTES:], _cosigned(text, seconds))

    return check


def _holds(public: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unbase64(text: str) -> bytes:
    """Strict base64 (RFC 4648 section 4) in its one spelling. Raises NoteError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{text[:40]!r} is not base64") from None
    if _base64(data) != text:
        raise NoteError(f"{text[:40]!r} is not base64 in its one spelling")
    return data
