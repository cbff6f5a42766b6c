"""The embedded record: one process, one SQLite file, one writer, group commit.

WAL with `synchronous=FULL`: a commit returns after fsync. Requests that arrive while one batch is being synced share the next:
entries, case events, changes of ledgers and request keys of a batch are one transaction. The versions of cases and ledgers are
checked inside the transaction, so two requests of one batch cannot both act on the same version. What a batch must look up (the
last entry of a case, the answer to a request identifier) it finds in memory or, for what has left it, in the file.

Rows are written on the event loop and only the commit, which waits for the disk, runs on a thread of its own: two threads that
both run Python would hand the interpreter to and fro for every statement, which costs more than the statements. A commit that is
alone on a disk that was quick the last time is synced in place: nobody else waits, and the thread would cost a fifth of its time.

A patient commit begins no batch of its own for PATIENCE: it goes with the next one, behind those that wait for an answer. So no
officer waits for the sync of what nobody waits for.

A second writer is refused by a lock on the folder (SQLite's WAL-reset bug needs two writers). A failed commit is final: what the
kernel wrote is unknown after a failed fsync, and a retry could acknowledge what is not there. The process then refuses
everything until it is restarted, and on restart reads what is really on the disk. Only a full disk is no such failure: what had
no room was never synced, the batch is undone and refused, and the next one is tried.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import msgspec
import structlog

from adapters.storage.batch import NEW, Appended, Head, Place, Rows, fault_of, heads_of, let_go, row_of
from adapters.storage.own_ground import Ground, system_ms
from adapters.storage.priority import behind_requests
from adapters.storage.record_file import (
    BUSY_MS,
    LOCK_FILE,
    RECORD_FILE,
    is_full,
    log_hash,
    open_writer,
    prove_tail,
    take_lock,
    unusable,
)
from adapters.storage.record_index import RecordIndex
from adapters.storage.record_reader import SqliteReader
from adapters.storage.waiting import Patient, Waiting
from sidecar.case_history.history import CaseHistory, encode_event, extend, fold_stored
from sidecar.case_history.ledger import MAX_CHANGES, Ledger, LedgerChange, amend, fold_changes
from sidecar.decision_log.canonical import NotCanonicalError
from sidecar.decision_log.entry import entry_bytes
from sidecar.decision_log.hashing import SHA256
from sidecar.errors import OverloadedError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Replayed, RequestKey, Stored
from sidecar.ports.telling import Then, outcome

log = structlog.get_logger("quanheng.record")

MAX_BATCH = 128  # some milliseconds of writing on the event loop
TEND_EVERY = 500  # entries after which the file is tended: often, so that each time there is little to do
QUICK_SYNC = 0.001  # seconds
MAX_WAITING = 8_192
CACHED_CASES = 20_000
CACHED_LEDGERS = 200

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
Result = Committed | Replayed | Appended | StoreError


class SqliteStore:
    """The record in `folder`. Opening it takes the writer's lock; raises SecondWriterError or StoreError."""

    durable = True
    warnings: Sequence[str] = ()
    counters: Mapping[str, int] = {}

    def __init__(self, folder: Path, now_ms: Callable[[], int] = system_ms, new_hash: str = SHA256) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_lock(folder / LOCK_FILE)
        self._path = folder / RECORD_FILE
        self._failure = ""
        self._trouble = ""
        self._ground = Ground(now_ms)
        self._cases: OrderedDict[str, CaseHistory] = OrderedDict()
        self._heads: OrderedDict[str, Head] = OrderedDict()
        self._ledgers: OrderedDict[str, Ledger] = OrderedDict()
        self._ledger_versions: OrderedDict[str, int] = OrderedDict()
        self._waiting: deque[Waiting] = deque()
        self._patient = Patient(self._begin_with_patient)
        self._batch: list[Waiting] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._connection = open_writer(self._path)
            self.hash = log_hash(self._connection, new_hash)
            self._next_seq = prove_tail(self._connection, self.hash) + 1
        except (sqlite3.Error, StoreError, UnicodeDecodeError) as fault:
            os.close(self._lock)
            raise unusable(self._path, fault) from fault
        self._inode = self._path.stat().st_ino
        self._index = RecordIndex(self._path)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="record-disk")
        self._tender = ThreadPoolExecutor(1, thread_name_prefix="record-tender", initializer=behind_requests)
        self._untended = 0
        self._tending = False
        self._copied = False
        self._quick = False  # the disk, at the last commit
        with contextlib.suppress(sqlite3.Error, OSError):  # said when it is first tended
            self._index.open()
        self.reader = SqliteReader(self._path)
        self._tend_soon()

    @property
    def failure(self) -> str:
        return self._failure

    async def read_case(self, case_id: str) -> CaseHistory:
        known = self._cases.get(case_id)
        if known is None:
            known = fold_stored(CaseHistory(case_id), self._events(case_id))
            self._remember(known)
        return known

    async def case_digest(self, case_id: str, version: int) -> str:
        return fold_stored(CaseHistory(case_id), self._events(case_id)[:version]).digest

    async def find_decision(self, decision_id: str) -> Stored | None:
        return self.reader.find(decision_id)

    def serve(self, epoch: Epoch) -> None:
        self._ground.epoch = epoch

    async def start(self) -> None:
        """What is beside the commits began when the file was opened."""

    def _events(self, case_id: str) -> Sequence[bytes]:
        try:
            return self.reader.stored_events(case_id)
        except StoreError as fault:
            self._note(fault.message)
            raise

    def likely_case(self, case_id: str) -> CaseHistory:
        return self._cases.get(case_id) or CaseHistory(case_id)

    async def read_ledger(self, ledger_id: str) -> Ledger:
        known = self._ledgers.get(ledger_id)
        if known is None:
            known = fold_changes(ledger_id, self.reader.ledger_changes(ledger_id))
            self._keep_ledger(known)
        return known

    async def commit(self, commit: Commit) -> Committed | Replayed:
        return await outcome(partial(self.submit, commit))

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        self._write(Waiting(commit, then))

    async def append(self, commit: Commit, place: Place) -> Appended:
        """Record a commit that a shared store made: nothing is checked here, it stands already. One that this log has is
        found."""
        appended: Appended = await outcome(lambda then: self._write(Waiting(commit, then, place)))
        return appended

    def _write(self, waiting: Waiting) -> None:
        loop = asyncio.get_running_loop()
        if self._failure:
            loop.call_soon(waiting.then, StoreError("RECORD_FAILED", told=self._failure))
        elif len(self._waiting) + len(self._patient) >= MAX_WAITING:
            loop.call_soon(
                waiting.then, OverloadedError("TOO_MANY_WAIT", told=self._note("too many decisions wait for the disk"))
            )
        elif waiting.commit.patient:
            self._patient.hold(waiting, loop)
        else:
            self._waiting.append(waiting)
            if self._loop is not loop:
                self._begin_soon(loop)

    def _begin_with_patient(self) -> None:
        self._waiting += self._patient.taken()
        if self._waiting and self._loop is not (loop := asyncio.get_running_loop()):
            self._begin_soon(loop)

    async def close(self) -> None:
        self._begin_with_patient()
        while self._loop is not None and not self._loop.is_closed():  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.001)
        await asyncio.to_thread(self._disk.shutdown)
        self._tender.submit(self._tend)  # behind one that may be under way: it may have begun before the last commit
        await asyncio.to_thread(self._tender.shutdown)
        self._index.close()
        self.reader.close()
        self._connection.close()
        os.close(self._lock)

    # -- cached cases: on the event loop only ----------------------------------------------------------------------

    def _learn(self, commit: Commit, result: Result) -> None:
        """Keep the history of a case in step with what was stored."""
        if isinstance(result, VersionConflictError):
            self._cases.pop(commit.case_id, None)  # the next read sees the durable version
        elif commit.event and isinstance(result, Committed):
            known = self._cases.get(commit.case_id) or CaseHistory(commit.case_id)
            if known.version == commit.expected_version:
                digest = commit.digest if known.digest == commit.expected_digest else ""
                self._remember(extend(known, commit.event, commit.stored_event, digest))
            else:
                self._cases.pop(commit.case_id, None)
        for change in commit.ledgers:
            self._learn_ledger(change, result)

    def _learn_ledger(self, change: LedgerChange, result: Result) -> None:
        known = self._ledgers.pop(change.ledger_id, None)
        if known and known.version == change.expected_version and isinstance(result, Committed):
            self._keep_ledger(amend(known, change))

    def _keep_ledger(self, ledger: Ledger) -> None:
        self._ledgers[ledger.ledger_id] = ledger
        let_go(self._ledgers, CACHED_LEDGERS)

    def _remember(self, history: CaseHistory) -> None:
        self._cases[history.case_id] = history
        self._cases.move_to_end(history.case_id)
        let_go(self._cases, CACHED_CASES)

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
        self._waiting += self._patient.taken()
        self._batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        seq = self._next_seq
        try:
            self._find_heads()
            rows = Rows([], [], [], [], {}, {})
            results = [
                self._store(waiting.commit, rows) if waiting.place is None else self._put(waiting.commit, waiting.place, rows)
                for waiting in self._batch
            ]
            rows.write(self._connection)
        except Exception as fault:  # noqa: BLE001 - the state of the record is unknown now; stop, never retry
            self._ended([], seq, fault)
            return
        awaited = len(self._batch) - sum([waiting.commit.patient for waiting in self._batch])
        if awaited <= 1 and self._quick and not self._copied:
            self._ended(results, seq, fault_of(self._commit))
        else:
            self._on_disk(self._commit, lambda fault: self._ended(results, seq, fault))

    def _commit(self) -> None:
        started = perf_counter()
        self._connection.execute("COMMIT")
        self._quick = perf_counter() - started < QUICK_SYNC
        if self._copied:
            self._copied = False
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error as fault:
                if not is_full(fault):  # the commit stands, and what was not copied back is copied when there is room
                    raise

    def _ended(self, results: Sequence[Result], seq: int, fault: BaseException | None) -> None:
        """Answer the batch, then begin the next. A failed commit is never tried again."""
        trouble = ""
        if fault is not None:
            reason = str(fault) if isinstance(fault, sqlite3.Error) else type(fault).__name__
            trouble = f"the record could not be made durable: {reason}"
            self._next_seq = seq
            self._failure = "" if self._stands_as_before(fault) else trouble
            results = [StoreError("NOT_DURABLE", reason=reason)] * len(self._batch)
        self._note(trouble)
        batch, self._batch = self._batch, []
        for waiting, result in zip(batch, results, strict=True):
            self._learn(waiting.commit, result)
            waiting.tell(result)
        let_go(self._heads, CACHED_CASES)
        let_go(self._ledger_versions, CACHED_CASES)
        self._untended += len(batch)
        if self._untended >= TEND_EVERY:
            self._tend_soon()
        self._go_on()

    def _stands_as_before(self, fault: BaseException) -> bool:
        """Whether nothing but a full disk stopped the batch, it is undone, and the record is what it was: then the next one may
        be tried. No sync has failed, for what had no room was never given to the disk to sync."""
        if not is_full(fault):
            return False
        self._heads.clear()
        self._ledger_versions.clear()
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            last = self._connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()[0]
        except sqlite3.Error:
            return False
        return bool(last == self._next_seq - 1)

    def _refuse_all(self, reason: str) -> None:
        self._note(reason)
        self._waiting += self._patient.taken()
        refused, self._waiting = self._waiting, deque()
        for waiting in refused:
            waiting.tell(StoreError("AS_TOLD", told=reason))
        self._go_on()

    def _go_on(self) -> None:
        loop, self._loop = self._loop, None
        if self._waiting and loop:
            self._begin_soon(loop)

    def _on_disk(self, work: Callable[[], None], then: Callable[[BaseException | None], None]) -> None:
        loop = self._loop

        def run() -> None:
            fault = fault_of(work)
            with contextlib.suppress(RuntimeError):  # a loop that has ended: nobody waits any more
                if loop is not None:
                    loop.call_soon_threadsafe(then, fault)

        self._disk.submit(run)

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
            remedy = "repair the disk, then restart" if self._failure else "make room if it is full; each request tries again"
            with contextlib.suppress(OSError, ValueError):  # the log may lie on the same full disk; deciding goes on
                if trouble:
                    log.error("record failed", trouble=trouble, answer="LOG_UNAVAILABLE", remedy=remedy)
                else:
                    log.info("record works again")
        return trouble

    # -- what is written -------------------------------------------------------------------------------------------

    def _store(self, commit: Commit, rows: Rows) -> Result:
        """Add a commit to the rows of the batch, if it may stand."""
        known = self._answer_to(commit.key, rows) if commit.key else None
        if known:
            return known
        try:
            self._ground.prove(commit)
        except StoreError as fault:
            return fault
        head = self._heads[commit.case_id] if commit.case_id else NEW
        if commit.case_id and head.version != commit.expected_version:
            return VersionConflictError(commit.case_id, commit.expected_version)
        moved = self._moved_ledger(commit) if commit.ledgers else None
        if moved:
            return moved
        try:
            body = entry_bytes(commit.entry, self._next_seq, head.leaf)
        except NotCanonicalError as fault:
            return StoreError("ENTRY_NOT_RECORDED", fault=fault)
        self._add(commit, head, body, rows)
        return Committed(self._next_seq - 1)

    def _put(self, commit: Commit, place: Place, rows: Rows) -> Result:
        """Add a commit made elsewhere. A duplicate is known by its id; another one in its place is a fault of one commit only."""
        entry = commit.entry
        if (entry.decision_id, entry.kind) in rows.placed:
            return rows.placed[entry.decision_id, entry.kind]
        one = self._connection.execute
        known = one("SELECT seq, leaf FROM entries WHERE id = ? AND kind = ?", (entry.decision_id, entry.kind)).fetchone()
        if known:
            return Appended(known[0], known[1].hex())
        at = (commit.case_id, place.version + 1)
        if commit.event and one("SELECT 1 FROM case_events WHERE case_id = ? AND version = ?", at).fetchone():
            return StoreError("LOG_HAS_ANOTHER_VERSION", case_id=commit.case_id, version=place.version + 1)
        if commit.key and self._answer_to(commit.key, rows):
            commit = commit._replace(key=None)
        try:
            body = entry_bytes(entry, self._next_seq, place.leaf)
        except NotCanonicalError as fault:
            return StoreError("ENTRY_NOT_RECORDED", fault=fault)
        self._add(commit, Head(place.version, place.leaf), body, rows)
        done = rows.placed[entry.decision_id, entry.kind] = Appended(self._next_seq - 1, self.hash.leaf(body).hex())
        return done

    def _add(self, commit: Commit, head: Head, body: bytes, rows: Rows) -> None:
        seq, leaf, version = self._next_seq, self.hash.leaf(body), head.version
        rows.entries.append(row_of(seq, commit, leaf, body))
        if commit.event:
            version += 1
            rows.events.append((commit.case_id, version, seq, commit.stored_event or encode_event(commit.event)))
        if commit.key:
            rows.requests.append((*commit.key, commit.act, commit.answer, seq))
            rows.answers[commit.key] = Replayed(commit.act, commit.answer)
        for change in commit.ledgers:
            if not change.is_empty:
                at = change.expected_version + 1
                rows.ledgers.append((change.ledger_id, at, seq, _encode(change)))
                self._ledger_versions[change.ledger_id] = at
        if commit.case_id:
            self._heads[commit.case_id] = Head(version, leaf.hex())
            self._heads.move_to_end(commit.case_id)
        self._next_seq += 1

    def _answer_to(self, key: RequestKey, rows: Rows) -> Replayed | None:
        if key in rows.answers:
            return rows.answers[key]
        found = self._connection.execute("SELECT act, answer FROM requests WHERE caller = ? AND request_id = ?", key).fetchone()
        return Replayed(*found) if found else None

    def _find_heads(self) -> None:
        """The heads of the batch's cases that are not kept, with one question. They are let go between batches only: in the midst
        of one, the file does not yet hold what it will write."""
        asked = {waiting.commit.case_id for waiting in self._batch if waiting.place is None}
        unknown = [case_id for case_id in asked if case_id and case_id not in self._heads]
        if unknown:
            self._heads.update(heads_of(self._connection, unknown))

    def _moved_ledger(self, commit: Commit) -> StoreError | None:
        for change in commit.ledgers:
            if self._ledger_version(change.ledger_id) != change.expected_version:
                return VersionConflictError(change.ledger_id, change.expected_version, "ledger")
            if change.expected_version >= MAX_CHANGES:
                return StoreError("LEDGER_FULL", ledger_id=change.ledger_id, max_changes=MAX_CHANGES)
        return None

    def _ledger_version(self, ledger_id: str) -> int:
        known = self._ledger_versions.get(ledger_id)
        if known is None:
            found = self._connection.execute("SELECT max(version) FROM ledger_changes WHERE ledger_id = ?", (ledger_id,))
            known = self._ledger_versions[ledger_id] = found.fetchone()[0] or 0
        return known

    # -- beside the commits, on a thread of its own ------------------------------------------------------------------

    def _tend_soon(self) -> None:
        if not self._tending:
            self._tending, self._untended = True, 0
            self._tender.submit(self._tend)

    def _tend(self) -> None:
        """Copy the write-ahead log back into the file and let the index follow, so that no commit waits for either. What was
        written meanwhile is copied by the next commit: with everything copied the log begins again at its front, where writing
        is quick, instead of growing for ever. What cannot be done now is done the next time: the commits stand without it."""
        try:
            self._index.follow()  # first: while it reads, the log cannot begin again
            with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._copied = True
        except (sqlite3.Error, OSError) as fault:
            with contextlib.suppress(OSError, ValueError):
                log.warning("the record cannot be tended", trouble=str(fault), remedy="free the disk; searches are slower")
        finally:
            self._tending = False
