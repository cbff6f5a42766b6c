"""The tree over the record, and the checkpoints that were signed of it, in a file beside it that follows behind.

The tiles are a view: they are made again from the record where they are lost. Checkpoints are not, which is why one that was
signed also stands outside, in the head file, before anybody sees it. Tiles that do not fit the record are never made anew in
silence: they may be all that is left to tell what the record was.

As with the index, no commit waits for it: a thread of its own takes in some thousand leaf hashes at a time.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from sidecar.decision_log.hashing import DIGEST_SIZE, TreeHash
from sidecar.decision_log.tiles import HEIGHT, MAX_LEVEL, WIDTH, Tile, TiledTree, TileEdge, hashes_in
from sidecar.errors import LogBrokenError
from sidecar.ports.log import Signed

TREE_FILE = "tree.sqlite3"
FORMAT = 1
PORTION = 5_000  # entries of one transaction
CHECKPOINT_PAGES = 2_000  # of its own write-ahead log

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tiles (place INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS reached (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (
  size INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kept INTEGER NOT NULL, note BLOB NOT NULL);
"""
HOUR_MS = 3_600_000
# Within an hour every checkpoint stays; of those before it the last of each hour, and those that stand outside or change the key.
_THIN_OUT = """
DELETE FROM checkpoints WHERE NOT kept AND time_ms < ?1 AND EXISTS (
  SELECT 1 FROM checkpoints AS later WHERE later.size > checkpoints.size AND later.time_ms / ?2 = checkpoints.time_ms / ?2)
"""


def place_of(level: int, number: int) -> int:
    return number * (MAX_LEVEL + 1) + level


class TreeFile:
    """The tree beside `record`. One thread at a time writes; opening it raises LogBrokenError or sqlite3.Error."""

    def __init__(self, record: Path, hash_: TreeHash) -> None:
        self._record, self._path, self._hash = record, record.with_name(TREE_FILE), hash_
        self.lost_checkpoints = False  # the file was damaged: tiles were made again, checkpoints are gone
        self._connection = self._opened()
        self._edge = self._read_edge()

    @property
    def size(self) -> int:
        """Up to which entry the tree has followed."""
        return self._edge.size

    def follow(self, upto: int | None = None) -> int:
        """Take in what was recorded since, and say up to where. `upto` is what must be there: entries that were answered for.
        Raises LogBrokenError where one of them is missing."""
        while rows := self._next_leaves():
            self._take(rows)
        there = self._connection.execute("SELECT coalesce(max(seq), 0) FROM record.entries").fetchone()[0]
        known = max(self.size, upto or 0)
        if there < known:
            raise LogBrokenError(there + 1, known, "ENTRIES_GONE", there=there + 1, known=known)
        return self.size

    def root(self) -> bytes:
        return self._edge.root()

    def tree(self) -> TiledTree:
        return TiledTree(self._hash, self.size, self.tile_hashes)

    def tile_hashes(self, level: int, number: int) -> list[bytes]:
        return hashes_in(self.tile(level, number) or b"")

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a tile, as many as are known."""
        found = self._connection.execute("SELECT hashes FROM tiles WHERE place = ?", (place_of(level, number),)).fetchone()
        return bytes(found[0]) if found else None

    def fits_record(self) -> int | None:
        """The first entry of the rightmost tile whose leaf hash is not the record's; None when all of them are."""
        first = max(0, self.size - 1) >> HEIGHT << HEIGHT
        told = self.tile_hashes(0, first >> HEIGHT)[: self.size - first]
        rows = self._connection.execute("SELECT seq, leaf FROM record.entries WHERE seq > ? ORDER BY seq LIMIT ?", (first, WIDTH))
        there = dict(rows.fetchall())
        return next((first + n for n, leaf in enumerate(told, 1) if there.get(first + n) != leaf), None)

    # -- checkpoints ---------------------------------------------------------------------------------------------------

    def keep(self, signed: Signed, *, for_ever: bool = False) -> None:
        """Keep a signed checkpoint, in place of one of the same size. When it returns it is durable with the next checkpoint of
        the file; the head file holds it before."""
        with self._transaction():
            known = self._connection.execute("SELECT kept FROM checkpoints WHERE size = ?", (signed.size,)).fetchone()
            kept = bool(known and known[0]) or for_ever
            row = (signed.size, signed.time_ms, kept, signed.note)
            self._connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", row)
            self._connection.execute(_THIN_OUT, (signed.time_ms - HOUR_MS, HOUR_MS))

    def keep_for_ever(self, size: int) -> None:
        """A checkpoint that stands outside stays."""
        with self._transaction():
            self._connection.execute("UPDATE checkpoints SET kept = 1 WHERE size = ?", (size,))

    def last(self) -> Signed | None:
        """The checkpoint of the largest size."""
        found = self._connection.execute("SELECT size, time_ms, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        return Signed(*found) if found else None

    def covering(self, size: int) -> Signed | None:
        """The smallest checkpoint that covers the first `size` entries."""
        query = "SELECT size, time_ms, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT 1"
        found = self._connection.execute(query, (size,)).fetchone()
        return Signed(*found) if found else None

    def checkpoints(self) -> Sequence[bytes]:
        return [row[0] for row in self._connection.execute("SELECT note FROM checkpoints ORDER BY size")]

    def close(self) -> None:
        self._connection.close()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _next_leaves(self) -> list[bytes]:
        query = "SELECT seq, leaf FROM record.entries WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._connection.execute(query, (self.size, PORTION)).fetchall()
        for expected, (seq, leaf) in enumerate(rows, self.size + 1):
            if seq != expected:
                raise LogBrokenError(expected, seq - 1, "ENTRIES_MISSING", expected=expected, seq=seq - 1)
            if not isinstance(leaf, bytes) or len(leaf) != DIGEST_SIZE:
                raise LogBrokenError(seq, seq, "NO_LEAF_HASH", seq=seq)
        return [leaf for _, leaf in rows]

    def _take(self, leaves: list[bytes]) -> None:
        grown = self._edge.extend(leaves)
        try:
            with self._transaction():
                rows = [(place_of(tile.level or 0, tile.number), data) for tile, data in grown.items()]
                self._connection.executemany("INSERT OR REPLACE INTO tiles VALUES (?, ?)", rows)
                self._connection.execute("INSERT OR REPLACE INTO reached VALUES (1, ?)", (self._edge.size,))
        except sqlite3.Error:
            self._edge = self._read_edge()  # what is on the disk, for the next time
            raise

    def _read_edge(self) -> TileEdge:
        found = self._connection.execute("SELECT size FROM reached").fetchone()
        size, edge, level = (found[0] if found else 0), [], 0
        while size >> HEIGHT * level:
            count = size >> HEIGHT * level & WIDTH - 1
            hashes = self.tile_hashes(level, size >> HEIGHT * (level + 1))[:count]
            if len(hashes) != count:
                raise LogBrokenError(
                    0, 0, "TILE_DAMAGED", path=Tile(level, size >> HEIGHT * (level + 1)).path(), path2=self._path
                )
            edge.append(hashes)
            level += 1
        return TileEdge(self._hash, size, edge)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError:
            raise  # a full disk, a lock: what lies there may be sound
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter where SQLite quotes what is damaged
            self._path.replace(self._path.with_suffix(".damaged"))  # kept: its checkpoints may still be read by somebody
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self.lost_checkpoints = True
            return self._open()

    def _open(self) -> sqlite3.Connection:
        address = self._path.absolute().as_uri()
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=2.0)
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
        except BaseException:
            connection.close()
            raise
        return connection
