"""The file of the embedded record: its name, its tables, how a writer opens it and what it proves before it writes.

The tables hold what a commit must find again at once: entries by number, by id and by case, the events of cases, the changes
of ledgers, the answers to request identifiers. By what else people search, `record_index.py` keeps in a file of its own.
"""

import fcntl
import os
import sqlite3
from pathlib import Path

import msgspec

from sidecar.decision_log.events import LOG_ID
from sidecar.decision_log.hashing import SHA256, HashUnavailableError, TreeHash, tree_hash
from sidecar.errors import SecondWriterError, StoreError

RECORD_FILE = "record.sqlite3"
LOCK_FILE = "writer.lock"
FORMAT = 1
CACHE_KIB = 65_536
BUSY_MS = 2_000  # how long another process may hold the file before a batch is refused

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, officer TEXT NOT NULL,
  item TEXT NOT NULL, case_id TEXT NOT NULL, code TEXT NOT NULL, decision TEXT NOT NULL, leaf BLOB NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_id ON entries (id, kind);
CREATE INDEX IF NOT EXISTS entries_by_case ON entries (case_id, seq);
CREATE TABLE IF NOT EXISTS case_events (
  case_id TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL,
  PRIMARY KEY (case_id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  caller TEXT NOT NULL, request_id TEXT NOT NULL, act TEXT NOT NULL, answer BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (caller, request_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_changes (
  ledger_id TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, change BLOB NOT NULL,
  PRIMARY KEY (ledger_id, version)) WITHOUT ROWID;
"""
# Files written before the index had these here, at the price of a good part of every commit.
_MOVED = ("entries_by_officer", "entries_by_item", "entries_by_code", "entries_by_time")


def take_lock(path: Path) -> int:
    """The writer's lock, as a file descriptor. Raises SecondWriterError naming who holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise SecondWriterError("SECOND_WRITER", parent=path.parent, owner=owner) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def open_writer(path: Path) -> sqlite3.Connection:
    """The one writing connection: WAL, every commit synced. Raises StoreError or sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError("NO_WAL", mode=mode)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, FORMAT):
        raise StoreError("RECORD_OF_ANOTHER_FORM", version=version, format=FORMAT)
    connection.executescript(_SCHEMA)
    for name in _MOVED:
        connection.execute(f"DROP INDEX IF EXISTS {name}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.execute("PRAGMA busy_timeout=0")
    path.chmod(0o600)
    return connection


def log_hash(connection: sqlite3.Connection, new: str = SHA256) -> TreeHash:
    """The hash of this record, as the entry of its identity names it; `new` for one that has no entry yet. Records of the earlier
    form have no such entry, and SHA-256. Raises StoreError."""
    found = connection.execute("SELECT body FROM entries WHERE id = ? AND kind = 'log'", (LOG_ID,)).fetchone()
    empty = found is None and connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone() is None
    try:
        return tree_hash(msgspec.json.decode(found[0], type=_Identity).hash if found else new if empty else SHA256)
    except (msgspec.MsgspecError, HashUnavailableError) as fault:
        raise StoreError("NAMING_ENTRY_UNUSABLE", fault=fault) from fault


class _Identity(msgspec.Struct):
    hash: str


def prove_tail(connection: sqlite3.Connection, hash_: TreeHash) -> int:
    """The last sequence number, after checking that the last entry is the one its leaf hash names. Raises StoreError."""
    last = connection.execute("SELECT seq, leaf, body FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    if last is None:
        return 0
    seq, leaf, body = last
    if not isinstance(body, bytes) or hash_.leaf(body) != leaf or msgspec.json.decode(body)["seq"] != seq:
        raise StoreError("ENTRY_ALTERED", seq=seq)
    return int(seq)


def unusable(path: Path, fault: Exception) -> StoreError:
    """Why a record cannot be opened for writing, and what can be done, in words."""
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    return StoreError(_UNUSABLE.get(code, "RECORD_UNUSABLE"), path=path, fault=fault)


_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)  # the latter: no room to grow the index of the write-ahead log


def is_full(fault: BaseException) -> bool:
    """Whether there was no room on the disk, and nothing worse."""
    code = getattr(fault, "sqlite_errorcode", 0)
    return code in _NO_ROOM or code & 0xFF == sqlite3.SQLITE_FULL


_UNUSABLE = {
    sqlite3.SQLITE_READONLY: "RECORD_READ_ONLY",
    sqlite3.SQLITE_CANTOPEN: "RECORD_CANNOT_BE_OPENED",
    sqlite3.SQLITE_PERM: "RECORD_NOT_ALLOWED",
    sqlite3.SQLITE_FULL: "RECORD_DISK_FULL",
    sqlite3.SQLITE_BUSY: "RECORD_HELD",
    sqlite3.SQLITE_NOTADB: "RECORD_NOT_SQLITE",
    sqlite3.SQLITE_CORRUPT: "RECORD_DAMAGED",
    sqlite3.SQLITE_IOERR: "RECORD_DISK_FAULT",
}
