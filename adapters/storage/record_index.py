"""By what people search and count the record, in a file beside it that follows behind (ADR 0010, 0020).

The index is a view. It lags by some hundreds of entries, which a reader looks through itself; no commit waits for it, and it
can be deleted while nothing runs, for it is made again from the record. It names the leaf of the last entry it has taken in:
one that belongs to another record, or to one that a restored backup has set back, is not believed by any reader and made anew.

Newest entries stand in `recent`, a row each, filled with one statement for thousands of entries, inside SQLite and beside Python.
When a block of 16,384 is whole it is sealed: for each value of each field its places in the block (`places.py`), for each place
its value of the fields that are counted by, for each day the counts; the rows go. So a record of ten million entries has some
six hundred blocks, and whatever is asked is answered by intersecting a few sets a block. Party tokens, nearly as many as
entries, have no posting of their own: those of a block that begin alike lie together. Texts are kept once, not once an entry: a
text search looks through what was ever said, then for who said it.
"""

import sqlite3
import time
import zlib
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.storage.asked_fields import FIELDS, SEVERAL, SINGLE
from adapters.storage.places import base_of, block_of, column_of, kept_of, times_by_place

INDEX_FILE = "index.sqlite3"
FORMAT = 3
PORTION = 5_000  # entries of one transaction
CHECKPOINT_PAGES = 8_000  # of its own write-ahead log; rarely, because that is when it makes the disk wait
PARTY_KEY = 16  # characters of a token behind its prefix; two of ten million share them once in some million records
ALL = "all"  # the field whose one value every decision has, for counting by day

_POSTED = [name for name in FIELDS if name != "party"]
COUNTED = ("item", "unit", "officer", "post", "step", "code", "rule", "caller")
COLUMNS = tuple(name for name in COUNTED if name in SINGLE)

_COLUMNS = ", ".join(f"{name} TEXT NOT NULL" for name in FIELDS)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS recent (seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, {_COLUMNS});
CREATE TABLE IF NOT EXISTS blocks (
  block INTEGER PRIMARY KEY, low_ms INTEGER NOT NULL, high_ms INTEGER NOT NULL, times BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS terms (id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (field, value));
CREATE TABLE IF NOT EXISTS postings (
  term INTEGER NOT NULL, block INTEGER NOT NULL, places NOT NULL, PRIMARY KEY (term, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS columns (
  field TEXT NOT NULL, block INTEGER NOT NULL, terms BLOB NOT NULL, places BLOB NOT NULL,
  PRIMARY KEY (field, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parties (
  bucket TEXT NOT NULL, block INTEGER NOT NULL, places TEXT NOT NULL, PRIMARY KEY (bucket, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (
  term INTEGER NOT NULL, day TEXT NOT NULL, allowed INTEGER NOT NULL, denied INTEGER NOT NULL,
  PRIMARY KEY (term, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reached (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, leaf BLOB NOT NULL);
"""
_TABLES = ("recent", "blocks", "terms", "postings", "columns", "parties", "counts", "reached")
_BELIEVED = "SELECT r.seq FROM {index}.reached AS r JOIN {record}.entries AS e ON e.seq = r.seq AND e.leaf = r.leaf"
_TAKE_IN = f"""
INSERT INTO main.recent (seq, time_ms, {", ".join(FIELDS)})
SELECT e.seq, e.time_ms, {", ".join(FIELDS.values())} FROM record.entries AS e WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq
"""  # noqa: S608 - the text is ours
_REACHED = "INSERT OR REPLACE INTO main.reached SELECT 1, seq, leaf FROM record.entries WHERE seq = ?"

_ROWS = "recent AS i WHERE i.seq > :base AND i.seq <= :base + :size"
_VALUES = {
    ALL: f"SELECT '{ALL}' AS v, i.seq, i.day, i.kind, i.decision FROM {_ROWS}",  # noqa: S608 - the text is ours
    **{n: f"SELECT i.{n} AS v, i.seq, i.day, i.kind, i.decision FROM {_ROWS} AND i.{n} != ''" for n in SINGLE},  # noqa: S608
    **{
        n: f"SELECT j.value AS v, i.seq, i.day, i.kind, i.decision FROM json_each(i.{n}) AS j, {_ROWS}"  # noqa: S608
        for n in SEVERAL
    },
}
_COUNT = """
INSERT INTO counts SELECT t.id, s.day, s.allowed, s.denied FROM (
  SELECT v, day, sum(decision = 'allow') AS allowed, sum(decision = 'deny') AS denied FROM ({values})
  WHERE kind = 'decision' GROUP BY v, day) AS s CROSS JOIN terms AS t ON t.field = :field AND t.value = s.v WHERE true
ON CONFLICT (term, day) DO UPDATE SET allowed = allowed + excluded.allowed, denied = denied + excluded.denied
"""
_PARTIES = f"""
INSERT INTO parties SELECT bucket, :block, group_concat(key || char(place), '') FROM (
  SELECT substr(i.party, 5, 2) AS bucket, substr(i.party || '{"-" * PARTY_KEY}', 5, {PARTY_KEY}) AS key, i.seq - :base AS place
  FROM {_ROWS} AND i.party != '') GROUP BY bucket
"""  # noqa: S608 - the text is ours


def reached(connection: sqlite3.Connection, *, index: str, record: str) -> int:
    """Up to which entry the attached `index` speaks of the attached `record`; 0 when it speaks of another, or of none."""
    found = connection.execute(_BELIEVED.format(index=index, record=record)).fetchone()
    return int(found[0]) if found else 0


def seal(connection: sqlite3.Connection, block: int) -> None:
    """Turn the rows of a whole block into postings and counts, in the caller's transaction."""
    bound: dict[str, object] = {"base": base_of(block), "size": base_of(1), "block": block}
    for field in _POSTED:
        found = connection.execute(f"SELECT v, group_concat(char(seq - :base), '') FROM ({_VALUES[field]}) GROUP BY v", bound)  # noqa: S608
        values = found.fetchall()
        connection.executemany("INSERT OR IGNORE INTO terms (field, value) VALUES (?, ?)", [(field, v) for v, _ in values])
        connection.executemany(
            "INSERT INTO postings SELECT id, ?, ? FROM terms WHERE field = ? AND value = ?",
            [(block, kept_of(places), field, value) for value, places in values],
        )
        if field in COLUMNS:
            _keep_column(connection, field, block, values)
        time.sleep(0)  # whoever serves beside goes first
    connection.execute("INSERT OR IGNORE INTO terms (field, value) VALUES (?, ?)", (ALL, ALL))
    for field in (ALL, *COUNTED):
        connection.execute(_COUNT.format(values=_VALUES[field]), {**bound, "field": field})
    connection.execute(_PARTIES, bound)
    times = connection.execute(f"SELECT i.seq - :base, i.time_ms FROM {_ROWS} ORDER BY i.seq", bound).fetchall()  # noqa: S608
    if times:
        moments = [time_ms for _, time_ms in times]
        kept = (block, min(moments), max(moments), zlib.compress(times_by_place(times), 1))
        connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", kept)
    connection.execute("DELETE FROM recent WHERE seq <= ?", (base_of(block + 1),))


def _keep_column(connection: sqlite3.Connection, field: str, block: int, values: Sequence[tuple[str, str]]) -> None:
    """The same once more as which value each place has, to count by: that takes as long for a thousand values as for one."""
    select = "SELECT id FROM terms WHERE field = ? AND value = ?"
    terms = array("I", (connection.execute(select, (field, value)).fetchone()[0] for value, _ in values))
    kept = (field, block, terms.tobytes(), column_of([places for _, places in values]))
    connection.execute("INSERT INTO columns VALUES (?, ?, ?, ?)", kept)


class RecordIndex:
    """The follower of one record. Its methods are called by one thread at a time; they raise sqlite3.Error or OSError."""

    def __init__(self, record: Path) -> None:
        self._record, self._path = record, record.with_name(INDEX_FILE)
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Make or open the file, empty where what lies there is damaged or belongs to another record."""
        self._connection = self._connection or self._opened()

    def follow(self, told: Callable[[int], None] = lambda _: None) -> None:
        """Take in all that was recorded since, and seal the blocks that are whole; `told` hears how far it is."""
        connection = self._connection = self._connection or self._opened()
        upto = reached(connection, index="main", record="record")
        last = connection.execute("SELECT coalesce(max(seq), 0) FROM record.entries").fetchone()[0]
        while upto < last:
            upto, behind = min(upto + PORTION, last, base_of(block_of(upto + 1) + 1)), upto
            with connection:
                connection.execute("BEGIN")
                connection.execute(_TAKE_IN, (behind, upto))
                connection.execute(_REACHED, (upto,))
                if upto == base_of(block_of(upto) + 1):
                    seal(connection, block_of(upto))
            told(upto)

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
            self.remove()
            return self._open()

    def remove(self) -> None:
        """Take the file away; only while nobody follows."""
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

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
                for table in _TABLES:
                    connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 - the text is ours
        except BaseException:
            connection.close()
            raise
        return connection
