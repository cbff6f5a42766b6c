"""By what people search the record: officer, item, code and time, in a file beside it that follows behind.

The index is a view. It lags by some hundreds of entries, which a reader looks through itself; no commit waits for it, and it
can be deleted while nothing runs, for it is made again from the record. It names the leaf of the last entry it has taken in:
one that belongs to another record, or to one that a restored backup has set back, is not believed by any reader and made anew.

It is filled with one statement for thousands of entries, inside SQLite and beside Python: on a thread of its own it takes the
interpreter from no request.
"""

import sqlite3
from pathlib import Path

INDEX_FILE = "index.sqlite3"
FORMAT = 1
PORTION = 5_000  # entries of one transaction
CHECKPOINT_PAGES = 8_000  # of its own write-ahead log; rarely, because that is when it makes the disk wait

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, officer TEXT NOT NULL, item TEXT NOT NULL,
  code TEXT NOT NULL, decision TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_officer ON entries (officer, seq);
CREATE INDEX IF NOT EXISTS entries_by_item ON entries (item, seq);
CREATE INDEX IF NOT EXISTS entries_by_code ON entries (code, seq);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (time_ms, seq);
CREATE TABLE IF NOT EXISTS reached (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, leaf BLOB NOT NULL);
"""
_BELIEVED = "SELECT r.seq FROM {index}.reached AS r JOIN {record}.entries AS e ON e.seq = r.seq AND e.leaf = r.leaf"
_TAKE_IN = """
INSERT INTO main.entries SELECT seq, kind, time_ms, officer, item, code, decision FROM record.entries
WHERE seq > ? AND seq <= ? ORDER BY seq
"""
_REACHED = "INSERT OR REPLACE INTO main.reached SELECT 1, seq, leaf FROM record.entries WHERE seq = ?"


def reached(connection: sqlite3.Connection, *, index: str, record: str) -> int:
    """Up to which entry the attached `index` speaks of the attached `record`; 0 when it speaks of another, or of none."""
    found = connection.execute(_BELIEVED.format(index=index, record=record)).fetchone()
    return int(found[0]) if found else 0


class RecordIndex:
    """The follower of one record. Its methods are called by one thread at a time; they raise sqlite3.Error or OSError."""

    def __init__(self, record: Path) -> None:
        self._record, self._path = record, record.with_name(INDEX_FILE)
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Make or open the file, empty where what lies there is damaged or belongs to another record."""
        self._connection = self._connection or self._opened()

    def follow(self) -> None:
        """Take in all that was recorded since."""
        connection = self._connection = self._connection or self._opened()
        upto = reached(connection, index="main", record="record")
        last = connection.execute("SELECT coalesce(max(seq), 0) FROM record.entries").fetchone()[0]
        while upto < last:
            upto, behind = min(upto + PORTION, last), upto
            with connection:
                connection.execute("BEGIN")
                connection.execute(_TAKE_IN, (behind, upto))
                connection.execute(_REACHED, (upto,))

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError:
            raise  # a full disk, a lock: what lies there may be sound
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter where SQLite quotes what is damaged
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return self._open()

    def _open(self) -> sqlite3.Connection:
        address = self._path.absolute().as_uri()  # as an address, so that another may be attached as one
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        try:
            self._path.chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
                raise sqlite3.DatabaseError("of another version")  # noqa: TRY301 - handled like any other damage
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={FORMAT}")
            connection.execute("ATTACH ? AS record", (f"{self._record.absolute().as_uri()}?mode=ro",))
            if not reached(connection, index="main", record="record"):
                connection.execute("DELETE FROM main.entries")
                connection.execute("DELETE FROM main.reached")
        except BaseException:
            connection.close()
            raise
        return connection
