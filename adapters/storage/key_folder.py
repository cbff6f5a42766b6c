"""Signing keys, one file each, in a folder of their own: apart from the data, so that a copy of the record signs nothing.

A file holds one line, as other tools of signed notes write it: PRIVATE+KEY+name+id+base64(kind ‖ secret). Files and folder are
for their owner only, and that is checked each time. A site may put its key into a token or module instead, behind `Signer`.
"""

import base64
import os
import re
import secrets
import stat
from pathlib import Path

from adapters.storage.durable import sync
from sidecar.decision_log.notes import ED25519, OTHER, SM2, Cosigner, Ed25519Signer, Key, NoteError, Signer, read_key, unbase64
from sidecar.errors import KeyFolderError, reason_of

_PREFIX = "PRIVATE+KEY+"
SECRET_BYTES = 32
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class KeyFolder:
    """The keys of logs and witnesses of this machine. `root` is made when a key is."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, name: str, *, sm2: bool = False) -> Signer:
        """A fresh key of that name. Raises KeyFolderError."""
        secret = _sm2_secret() if sm2 else bytes([ED25519]) + secrets.token_bytes(SECRET_BYTES)
        signer = _signer(name, secret)
        line = f"{_PREFIX}{name}+{signer.key.id.hex()}+{base64.b64encode(secret).decode()}\n"
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(self.path_of(signer.key), line.encode())
        except OSError as fault:
            raise KeyFolderError("KEY_NOT_WRITTEN", root=fault.filename or self.root, reason=reason_of(fault)) from fault
        return signer

    def signer(self, key: Key) -> Signer:
        """The private half of a key. Raises KeyFolderError where it is not here."""
        return _signer(key.name, self._secret(key))

    def cosigner(self, key: Key) -> Cosigner:
        """A witness with that key: the same secret, in signatures that say when. Raises KeyFolderError."""
        return Cosigner(key.name, self._secret(key)[1:])

    def _secret(self, key: Key) -> bytes:
        """The kind and the secret of a key, proven to be that key's."""
        path = self.path_of(key)
        try:
            self._refuse_open(self.root)
            self._refuse_open(path)
            line = path.read_text("ascii")
        except FileNotFoundError:
            raise KeyFolderError("SIGNING_KEY_GONE", path=path) from None
        except (OSError, UnicodeDecodeError) as fault:
            raise KeyFolderError("KEY_UNREADABLE", path=path, fault=reason_of(fault)) from fault
        return self._proven(path, line, key)

    def path_of(self, key: Key) -> Path:
        return self.root / f"{_UNSAFE.sub('_', key.name)[:80]}-{key.id.hex()}.key"

    def destroy(self, key: Key) -> None:
        """Take a key away for good; one that is gone already is no error."""
        self.path_of(key).unlink(missing_ok=True)

    def _proven(self, path: Path, line: str, key: Key) -> bytes:
        try:
            name, identifier, encoded = line.strip().removeprefix(_PREFIX).split("+", 2)
            secret = unbase64(encoded)
            signer = _signer(name, secret)
        except (ValueError, NoteError) as fault:
            raise KeyFolderError("NOT_A_PRIVATE_KEY", path=path) from fault
        if not line.startswith(_PREFIX) or signer.key != key or identifier != key.id.hex():
            raise KeyFolderError("ANOTHER_KEY", path=path, key=key.name, hex=key.id.hex())
        return secret

    def _refuse_open(self, path: Path) -> None:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = "700" if path.is_dir() else "600"
            raise KeyFolderError("KEY_OPEN_TO_OTHERS", path=path, mode=mode)

    def _write(self, path: Path, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            sync(self.root)
        except OSError:
            path.unlink()  # half a key would stop every later start
            raise


def public_key(text: str) -> Key:
    """A public key as it is given in settings and options. Raises KeyFolderError."""
    try:
        return read_key(text)
    except NoteError as fault:
        raise KeyFolderError("PUBLIC_KEY_UNREADABLE", text=text[:60], fault=fault) from fault


def _signer(name: str, secret: bytes) -> Signer:
    if secret[:1] == bytes([ED25519]):
        return Ed25519Signer(name, secret[1:])
    if secret.startswith(bytes([OTHER]) + SM2):
        from sidecar.decision_log.sm2 import Sm2Signer  # noqa: PLC0415 - an extra

        return Sm2Signer(name, secret[1 + len(SM2) :])
    raise NoteError("a key of a kind this version does not know")


def _sm2_secret() -> bytes:
    from sidecar.decision_log.sm2 import new_secret  # noqa: PLC0415 - an extra

    return bytes([OTHER]) + SM2 + new_secret()
