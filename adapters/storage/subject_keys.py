"""Keys of subjects in one flat file of numbered slots outside the data folder, and what is sealed under them in a file inside it.

A slot is 32 random bytes. Slots are made durable some thousand at a time, before any is given out, so that a decision on a new
subject waits for no disk; a process takes fresh slots only, at the end of the file, and never another's. Which subject has which
slot is written nowhere: each commitment names its slot, so whoever may read the log can find the slots of a subject, and nobody
else. A key is destroyed by writing zeroes over it in place, which a file system that copies on write, and a flash disk, may do
elsewhere: there the file must lie on an encrypted volume whose key is changed (docs/how-to/personal-data.md).
"""

import contextlib
import os
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from adapters.storage.batch import let_go
from adapters.storage.durable import sync
from sidecar.decision_log.commitments import KEY_BYTES
from sidecar.errors import StoreError, reason_of
from sidecar.ports.subjects import SubjectKey

OPENINGS_FILE = "openings.sqlite3"
FIRST_BLOCK, BLOCK = 64, 4_096  # slots: the first of a process is small, most processes need few
CACHED_SUBJECTS = 50_000
_GONE = bytes(KEY_BYTES)
_SCHEMA = "CREATE TABLE IF NOT EXISTS openings (commitment TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID"


def subjects_path(data: Path) -> Path:
    """Beside the data folder, as its keys and its head."""
    whole = data.absolute()
    return whole.with_name(f"{whole.name}.subjects")


class SubjectKeyFile:
    """The keys at `path` and what is sealed under them in `data`. Opening raises StoreError; nothing is made before it is
    needed."""

    def __init__(self, data: Path, path: Path | None = None) -> None:
        self._path, self._openings_path = path or subjects_path(data), data / OPENINGS_FILE
        self._known: OrderedDict[str, SubjectKey] = OrderedDict()
        self._fresh: list[SubjectKey] = []
        self._block = FIRST_BLOCK
        self._file: int | None = None
        self._openings: sqlite3.Connection | None = None

    def allot(self, subject: str) -> SubjectKey:
        known = self._known.get(subject)
        if known is None:
            if not self._fresh:
                self._fresh = self._appended(self._block)
                self._block = BLOCK
            known = self._known[subject] = self._fresh.pop()
            let_go(self._known, CACHED_SUBJECTS)
        return known

    def key(self, slot: int) -> bytes | None:
        if not self._path.is_file():
            return None
        try:
            found = os.pread(self._opened(), KEY_BYTES, slot * KEY_BYTES)
        except OSError as fault:
            raise self._trouble(fault) from fault
        return found if len(found) == KEY_BYTES and found != _GONE else None

    def destroy(self, slots: Iterable[int]) -> None:
        gone = frozenset(slots)
        for subject in [subject for subject, key in self._known.items() if key.slot in gone]:
            del self._known[subject]
        if not gone or not self._path.is_file():
            return
        try:
            file = self._opened()
            size = os.fstat(file).st_size
            for slot in sorted(gone):
                if (slot + 1) * KEY_BYTES <= size:
                    os.pwrite(file, _GONE, slot * KEY_BYTES)
            os.fsync(file)
        except OSError as fault:
            raise self._trouble(fault) from fault

    def keep(self, commitment: str, sealed: bytes) -> None:
        try:
            self._beside().execute("INSERT OR REPLACE INTO openings VALUES (?, ?)", (commitment, sealed))
        except (sqlite3.Error, OSError) as fault:
            raise StoreError("OPENINGS_NOT_WRITTEN", openings_path=self._openings_path, fault=reason_of(fault)) from fault

    def kept(self, commitment: str) -> bytes | None:
        if not self._openings_path.is_file():
            return None
        try:
            row = self._beside().execute("SELECT sealed FROM openings WHERE commitment = ?", (commitment,)).fetchone()
        except (sqlite3.Error, OSError) as fault:
            raise StoreError("OPENINGS_UNREADABLE", openings_path=self._openings_path, fault=reason_of(fault)) from fault
        return bytes(row[0]) if row else None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._openings is not None:
            self._openings.close()
            self._openings = None

    def _appended(self, count: int) -> list[SubjectKey]:
        """Fresh slots at the end of the file, durable. A block another process began is never touched: O_APPEND gives each its
        own place, and a torn block of a full disk is left as it is."""
        data = secrets.token_bytes(count * KEY_BYTES)
        try:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                torn = os.fstat(file).st_size % KEY_BYTES
                os.write(file, bytes(KEY_BYTES - torn) if torn else b"")
                if os.write(file, data) != len(data):
                    raise StoreError("NO_ROOM_FOR_SUBJECT_KEYS", path=self._path)
                end = os.lseek(file, 0, os.SEEK_CUR)
                os.fsync(file)
            finally:
                os.close(file)
            sync(self._path.parent)
        except OSError as fault:
            raise self._trouble(fault) from fault
        first = end // KEY_BYTES - count
        return [SubjectKey(first + n, data[n * KEY_BYTES : (n + 1) * KEY_BYTES]) for n in reversed(range(count))]

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        return self._file

    def _beside(self) -> sqlite3.Connection:
        if self._openings is None:
            connection = sqlite3.connect(self._openings_path, isolation_level=None, check_same_thread=False, timeout=2.0)
            with contextlib.suppress(OSError):
                self._openings_path.chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute(_SCHEMA)
            self._openings = connection
        return self._openings

    def _trouble(self, fault: OSError) -> StoreError:
        return StoreError("SUBJECT_KEYS_UNUSABLE", path=self._path, reason=reason_of(fault))
