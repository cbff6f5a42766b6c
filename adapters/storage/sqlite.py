"""The embedded record: one process, one SQLite file, one writer, group commit.

WAL with `synchronous=FULL`: a commit returns after fsync. Requests that arrive while one batch is being synced share the next:
entries, case events and request keys of a batch are one transaction. The version of a case is checked inside the transaction,
so two requests of one batch cannot both act on the same version.

Rows are written on the event loop and only the commit, which waits for the disk, runs on a thread of its own: two threads that
both run Python would hand the interpreter to and fro for every statement, which costs more than the statements.

A second writer is refused by a lock on the folder (SQLite's WAL-reset bug needs two writers). A failed commit is final: what the
kernel wrote is unknown after a failed fsync, and a retry could acknowledge what is not there. The process then refuses
everything until it is restarted, and on restart reads what is really on the disk.
"""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from sidecar.case_history.history import CaseEvent, CaseHistory, extend, fold
from sidecar.decision_log.canonical import NotCanonicalError, leaf_hash
from sidecar.decision_log.entry import entry_bytes
from sidecar.errors import SecondWriterError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Filter, Replayed, Stored

log = structlog.get_logger("quanheng.record")

RECORD_FILE = "record.sqlite3"
LOCK_FILE = "writer.lock"
FORMAT = 1
MAX_BATCH = 128  # some milliseconds of writing on the event loop
CHECKPOINT_ENTRIES = (
    500  # entries after which the write-ahead log is copied back, beside the commits; often, so that each syncs little
)
LONGEST_LOG = 32_768  # pages; commits wait for the copying when the log has grown so long
CACHE_KIB = 65_536
BUSY_MS = 2_000  # how long another process may hold the file before a batch is refused
MAX_WAITING = 8_192
CACHED_CASES = 20_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, officer TEXT NOT NULL,
  item TEXT NOT NULL, case_id TEXT NOT NULL, code TEXT NOT NULL, decision TEXT NOT NULL, leaf BLOB NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_id ON entries (id, kind);
CREATE INDEX IF NOT EXISTS entries_by_case ON entries (case_id, seq);
CREATE INDEX IF NOT EXISTS entries_by_officer ON entries (officer, seq);
CREATE INDEX IF NOT EXISTS entries_by_item ON entries (item, seq);
CREATE INDEX IF NOT EXISTS entries_by_code ON entries (code, seq);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (time_ms, seq);
CREATE TABLE IF NOT EXISTS case_events (
  case_id TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL,
  PRIMARY KEY (case_id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  caller TEXT NOT NULL, request_id TEXT NOT NULL, act TEXT NOT NULL, answer BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (caller, request_id)) WITHOUT ROWID;
"""

_encode_event = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(CaseEvent).decode

Result = Committed | Replayed | StoreError


class _Waiting(NamedTuple):
    commit: Commit
    future: "asyncio.Future[Committed | Replayed]"


class SqliteStore:
    """The record in `folder`. Opening it takes the writer's lock; raises SecondWriterError or StoreError."""

    durable = True

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _take_lock(folder / LOCK_FILE)
        self._path = folder / RECORD_FILE
        self._failure = ""
        self._trouble = ""
        self._cases: OrderedDict[str, CaseHistory] = OrderedDict()
        self._waiting: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._connection = _open_writer(self._path)
            self._next_seq = _prove_tail(self._connection) + 1
        except (sqlite3.Error, StoreError) as fault:
            os.close(self._lock)
            raise StoreError(f"{self._path} cannot be used: {fault}", "restore it from a backup or move it away") from fault
        self._inode = self._path.stat().st_ino
        self.reader = SqliteReader(self._path)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="record-disk")
        self._copier = ThreadPoolExecutor(1, thread_name_prefix="record-copier")
        self._uncopied = 0
        self._too_long = False

    @property
    def failure(self) -> str:
        return self._failure

    async def read_case(self, case_id: str) -> CaseHistory:
        known = self._cases.get(case_id)
        if known is None:
            known = fold(case_id, self._events(case_id))
            self._remember(known)
        return known

    def _events(self, case_id: str) -> Iterator[CaseEvent]:
        try:
            return self.reader.case_events(case_id)
        except StoreError as fault:
            self._note(fault.message)
            raise

    def likely_case(self, case_id: str) -> CaseHistory:
        return self._cases.get(case_id) or CaseHistory(case_id)

    async def commit(self, commit: Commit) -> Committed | Replayed:
        if self._failure:
            raise StoreError(self._failure, "restart the sidecar after checking the disk")
        if len(self._waiting) >= MAX_WAITING:
            raise StoreError(self._note("too many decisions wait for the disk"), "the caller retries")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(commit, loop.create_future())
        self._waiting.append(waiting)
        self._begin_soon(loop)
        try:
            # A caller that goes away does not undo a commit: the shield lets the answer of the disk arrive.
            result = await asyncio.shield(waiting.future)
        except VersionConflictError:
            self._cases.pop(commit.case_id, None)  # the next read sees the durable version
            raise
        if commit.event and isinstance(result, Committed):
            self._advance(commit.case_id, commit.expected_version, commit.event)
        return result

    async def close(self) -> None:
        pending = [waiting.future for waiting in (*self._batch, *self._waiting)]
        await asyncio.gather(*pending, return_exceptions=True)
        await asyncio.to_thread(self._disk.shutdown)
        await asyncio.to_thread(self._copier.shutdown)
        self.reader.close()
        self._connection.close()
        os.close(self._lock)

    # -- cached cases: on the event loop only ----------------------------------------------------------------------

    def _advance(self, case_id: str, version: int, event: CaseEvent) -> None:
        known = self._cases.get(case_id) or CaseHistory(case_id)
        if known.version == version:
            self._remember(extend(known, event))
        elif known.version < version:
            self._cases.pop(case_id, None)  # answers came out of order; read it again when it is next needed

    def _remember(self, history: CaseHistory) -> None:
        self._cases[history.case_id] = history
        self._cases.move_to_end(history.case_id)
        if len(self._cases) > CACHED_CASES:
            self._cases.popitem(last=False)

    # -- batches: written on the event loop, synced on the disk's thread --------------------------------------------

    def _begin_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a batch when the requests of this turn of the loop have joined it; only one is under way at a time."""
        if self._loop is not None and self._loop.is_closed():
            self._disk.submit(bool).result()  # a loop that ended in the middle: let its sync end, its waiters are gone
            self._batch, self._loop = [], None
        if self._loop is None:
            self._loop = loop
            loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._failure = self._failure or self._lost()
        if self._failure:
            self._refuse_all(self._failure)
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:  # another process holds the file, a backup say: wait for it, but not here
            self._on_disk(self._begin_patiently, self._begun)
            return
        self._fill()

    def _begin_patiently(self) -> None:
        self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.execute("PRAGMA busy_timeout=0")

    def _begun(self, fault: BaseException | None) -> None:
        if fault is None:
            self._fill()
        else:  # nothing is written yet: refuse those who wait, and only them
            self._refuse_all(f"the record cannot be written: {fault}")

    def _fill(self) -> None:
        """Write what waits, then let the disk's thread commit it."""
        self._batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        seq = self._next_seq
        try:
            results = [self._store(waiting.commit) for waiting in self._batch]
        except Exception as fault:  # noqa: BLE001 - the state of the record is unknown now; stop, never retry
            self._ended([], seq, fault)
            return
        self._on_disk(self._commit, lambda fault: self._ended(results, seq, fault))

    def _commit(self) -> None:
        self._connection.execute("COMMIT")
        if self._too_long:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._too_long = False

    def _copy_back(self) -> None:
        """Copy the write-ahead log into the file, on a connection of its own, so that no commit waits for it."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._too_long = pages > LONGEST_LOG
        finally:
            connection.close()

    def _ended(self, results: Sequence[Result], seq: int, fault: BaseException | None) -> None:
        """Answer the batch, then begin the next. A failed commit is never tried again."""
        if fault is not None:
            reason = str(fault) if isinstance(fault, sqlite3.Error) else type(fault).__name__
            self._failure = f"the record could not be made durable: {reason}"
            self._next_seq = seq
            results = [StoreError(self._failure)] * len(self._batch)
        self._note(self._failure)
        self._uncopied += len(results)
        if self._uncopied >= CHECKPOINT_ENTRIES:
            self._uncopied = 0
            self._copier.submit(self._copy_back)
        batch, self._batch = self._batch, []
        _resolve(zip(batch, results, strict=True))
        self._go_on()

    def _refuse_all(self, reason: str) -> None:
        self._note(reason)
        refused, self._waiting = self._waiting, deque()
        _resolve((waiting, StoreError(reason)) for waiting in refused)
        self._go_on()

    def _go_on(self) -> None:
        loop, self._loop = self._loop, None
        if self._waiting and loop:
            self._begin_soon(loop)

    def _on_disk(self, work: Callable[[], None], then: Callable[[BaseException | None], None]) -> None:
        loop = self._loop
        if loop is not None:
            done = loop.run_in_executor(self._disk, work)
            done.add_done_callback(lambda future: then(future.exception()))

    def _lost(self) -> str:
        """A file that was removed or replaced still takes writes that nobody will ever find."""
        try:
            return "" if self._path.stat().st_ino == self._inode else "the record file was replaced by another"
        except OSError as fault:
            return f"the record file is gone: {fault.strerror}"

    def _note(self, trouble: str) -> str:
        """One line when the record fails and one when it works again, without a word of what was to be recorded."""
        if trouble != self._trouble:
            self._trouble = trouble
            remedy = "repair the disk, then restart" if self._failure else "each request tries again"
            with contextlib.suppress(OSError, ValueError):  # the log may lie on the same full disk; deciding goes on
                if trouble:
                    log.error("record failed", trouble=trouble, answer="LOG_UNAVAILABLE", remedy=remedy)
                else:
                    log.info("record works again")
        return trouble

    def _store(self, commit: Commit) -> Result:
        if commit.key:
            found = self._connection.execute("SELECT act, answer FROM requests WHERE caller = ? AND request_id = ?", commit.key)
            known = found.fetchone()
            if known:
                return Replayed(*known)
        if commit.case_id and self._version(commit.case_id) != commit.expected_version:
            return VersionConflictError(commit.case_id, commit.expected_version)
        try:
            self._append(commit)
        except NotCanonicalError as fault:
            return StoreError(f"the entry cannot be recorded: {fault}")
        return Committed(self._next_seq - 1)

    def _append(self, commit: Commit) -> None:
        seq, execute = self._next_seq, self._connection.execute
        body = entry_bytes(commit.entry, seq, self._previous_leaf(commit.case_id))
        execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _columns(seq, commit, body))
        if commit.event:
            event = _encode_event(commit.event)
            execute("INSERT INTO case_events VALUES (?, ?, ?, ?)", (commit.case_id, commit.expected_version + 1, seq, event))
        if commit.key:
            execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", (*commit.key, commit.act, commit.answer, seq))
        self._next_seq += 1

    def _version(self, case_id: str) -> int:
        found = self._connection.execute("SELECT max(version) FROM case_events WHERE case_id = ?", (case_id,)).fetchone()
        return found[0] or 0

    def _previous_leaf(self, case_id: str) -> str:
        if not case_id:
            return ""
        found = self._connection.execute("SELECT leaf FROM entries WHERE case_id = ? ORDER BY seq DESC LIMIT 1", (case_id,))
        row = found.fetchone()
        return row[0].hex() if row else ""


def _columns(seq: int, commit: Commit, body: bytes) -> tuple[object, ...]:
    entry = commit.entry
    officer = getattr(entry, "subject", {}).get("person", "")
    time_ms = int(datetime.fromisoformat(entry.time).timestamp() * 1000)
    item, code, decision = (getattr(entry, name, "") for name in ("item", "code", "decision"))
    return seq, entry.decision_id, entry.kind, time_ms, officer, item, commit.case_id, code, decision, leaf_hash(body), body


def _resolve(answers: Iterable[tuple[_Waiting, Result]]) -> None:
    for waiting, result in answers:
        if waiting.future.done() or waiting.future.get_loop().is_closed():
            continue
        if isinstance(result, StoreError):
            waiting.future.set_exception(result)
        else:
            waiting.future.set_result(result)


def _take_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise SecondWriterError(
            f"{path.parent} is already written by process {owner}", "stop that process, or give this one its own --data folder"
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(f"the file system does not support WAL (journal mode is {mode})")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, FORMAT):
        raise StoreError(f"the record has format {version}, this version writes {FORMAT}")
    connection.executescript(_SCHEMA)
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.execute("PRAGMA busy_timeout=0")
    path.chmod(0o600)
    return connection


def _prove_tail(connection: sqlite3.Connection) -> int:
    """The last sequence number, after checking that the last entry is the one its leaf hash names."""
    last = connection.execute("SELECT seq, leaf, body FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    if last is None:
        return 0
    seq, leaf, body = last
    if not isinstance(body, bytes) or leaf_hash(body) != leaf or msgspec.json.decode(body)["seq"] != seq:
        raise StoreError(f"entry {seq} is not the one that was recorded")
    return int(seq)


class SqliteReader:
    """Reads the record, beside a writer or alone. Each thread has a connection of its own, so that a long query of an
    inspector never holds up a decision."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreError(f"{path} does not exist", "name the --data folder of the sidecar")
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._connection()

    def query(self, wanted: Filter, *, limit: int, before: int | None = None) -> Sequence[Stored]:
        where, values = _where(wanted)
        if before is not None:
            where, values = [*where, "seq < ?"], [*values, before]
        return self._entries(where, [*values, limit], "ORDER BY seq DESC LIMIT ?")

    def since(self, wanted: Filter, *, after: int, limit: int) -> Sequence[Stored]:
        where, values = _where(wanted)
        return self._entries([*where, "seq > ?"], [*values, after, limit], "ORDER BY seq LIMIT ?")

    def find(self, decision_id: str) -> Stored | None:
        return self._one("decision", decision_id)

    def outcome_of(self, decision_id: str) -> Stored | None:
        return self._one("outcome", decision_id)

    def items_named(self, name: str) -> list[str]:
        """Items of which a decision was recorded under this name, or, when … ends it, under one that begins so."""
        text = b'"item_name":' + msgspec.json.encode(name.removesuffix("…"))
        beginning = text.removesuffix(b'"') if name.endswith("…") else text
        rows = self._rows("SELECT DISTINCT item FROM entries WHERE kind = 'decision' AND instr(body, ?)", (beginning,))
        return [row[0] for row in rows]

    def case_events(self, case_id: str) -> Iterator[CaseEvent]:
        rows = self._rows("SELECT event FROM case_events WHERE case_id = ? ORDER BY version", (case_id,))
        return (_decode_event(row[0]) for row in rows)

    def last_seq(self) -> int:
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM entries", ())[0][0])

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None:
            return known
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        try:
            connection = sqlite3.connect(address, uri=True, check_same_thread=False, timeout=2.0)
        except sqlite3.Error as fault:
            raise StoreError(f"{self._path} cannot be opened: {fault}", "check that it is readable") from fault
        self._local.connection = connection
        self._opened.append(connection)
        return connection

    def _one(self, kind: str, decision_id: str) -> Stored | None:
        found = self._entries(["id = ?", "kind = ?"], [decision_id, kind], "")
        return found[0] if found else None

    def _entries(self, where: list[str], values: list[object], tail: str) -> list[Stored]:
        clause = f"WHERE {' AND '.join(where)}" if where else ""
        rows = self._rows(f"SELECT seq, leaf, body FROM entries {clause} {tail}", values)  # noqa: S608 - clauses are ours
        return [Stored(seq, _as_bytes(leaf), _as_bytes(body)) for seq, leaf, body in rows]

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(statement, values).fetchall()
        except sqlite3.Error as fault:
            raise StoreError(f"the record cannot be read: {fault}", "check that the file is a record of this version") from fault


def _as_bytes(value: object) -> bytes:
    """A cell as it was written; one that was changed by hand may have become text."""
    return value if isinstance(value, bytes) else str(value).encode()


_FILTER_COLUMNS = {
    "officer": "officer",
    "item": "item",
    "case_id": "case_id",
    "code": "code",
    "decision": "decision",
    "kind": "kind",
}


def _where(wanted: Filter) -> tuple[list[str], list[object]]:
    where = [f"{column} = ?" for name, column in _FILTER_COLUMNS.items() if getattr(wanted, name)]
    values: list[object] = [getattr(wanted, name) for name in _FILTER_COLUMNS if getattr(wanted, name)]
    if wanted.since_ms is not None:
        where, values = [*where, "time_ms >= ?"], [*values, wanted.since_ms]
    if wanted.until_ms is not None:
        where, values = [*where, "time_ms < ?"], [*values, wanted.until_ms]
    return where, values
