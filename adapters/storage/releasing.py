"""Releasing entries that were kept long enough, while no sidecar runs: to a file, told in the log, then out of the record.

    file written, synced, verified     cut short here: a file, or a draft of one, that nothing speaks of
    entries `release` durable
    checkpoint that covers them        cut short up to here: the bodies stand; the command goes on where it was when run again
    bodies emptied, one transaction
    the file made smaller              cut short here: everything is done, and the file is as large as it was

Leaf hashes, numbers, cases and what the cases' events are stay: proofs hold, and a case that comes back goes on where it was.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from adapters.storage.log_making import actor
from adapters.storage.log_opening import OpenLog, Places, open_log
from adapters.storage.record_file import LOCK_FILE, RECORD_FILE, is_full, open_writer, take_lock, unusable
from adapters.storage.record_index import RecordIndex
from adapters.storage.release_file import digest_of, write_release_file
from adapters.verifier.command import KINDS
from adapters.verifier.copies import RecordCopy
from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint, sign
from sidecar.decision_log.events import ReleaseEntry, release_id
from sidecar.decision_log.notes import Key, NoteError, signed_by
from sidecar.decision_log.released import Release, Span, count_of, portions, spans_of, text_of
from sidecar.decision_log.retention import RELEASABLE
from sidecar.decision_log.verifier import Trust, verify
from sidecar.errors import LogBrokenError, SettingsError, StoreError, reason_of
from sidecar.messages import Sentence
from sidecar.ports.clock import Clock
from sidecar.ports.log import Signed
from sidecar.ports.records import Commit, RecordReader

_NOTHING_HELD = Trust()
_WORTH_WHILE = 0.1  # of the file is free: it is made smaller though nothing was released now
Choose = Callable[[RecordReader, int], Sequence[int]]  # the log and how many of its entries are vouched for → numbers that may go


class Done(NamedTuple):
    """How many entries left the record, the first and the last of them, and the digest of the file. `resumed` when they had been
    told of by an earlier run that was cut short. `freed` are the bytes by which the record's file became smaller; None where it
    was not made smaller, for want of room or because that was not asked for."""

    entries: int
    first: int
    last: int
    file: str
    resumed: bool
    freed: int | None


def release(
    places: Places, clock: Clock, choose: Choose, to: Path, basis: str, *, trust: Trust = _NOTHING_HELD, shrink: bool = True
) -> Done:
    """Release what `choose` names to the file `to`, or finish what was begun, where the log is the one that whoever asks holds
    checkpoints of. Raises SecondWriterError where a sidecar runs, SettingsError, LogBrokenError, StoreError, KeyFolderError."""
    log = open_log(places, clock=clock)
    try:
        _hold_against(places, trust)
        begun = [one for one in log.store.reader.releases() if log.store.reader.standing(one)]
        told = begun
        if begun:
            _refuse_another_file(to, begun)
        else:
            told = _begin(log, places, clock, choose, to, basis, _vouched(log, trust.witnesses, trust.quorum))
        if told:
            _sign(log, clock)
    finally:
        log.close()
    spans = [span for one in told for span in one.spans]
    if not spans:
        return Done(0, 0, 0, "", resumed=False, freed=make_smaller(places, _WORTH_WHILE) if shrink else None)
    _empty(places, spans)
    freed = make_smaller(places) if shrink else None
    return Done(count_of(spans), min(spans)[0], max(spans)[1], told[0].file, bool(begun), freed)


def _hold_against(places: Places, trust: Trust) -> None:
    """The whole log, the checkpoints it signed among it, against what is held from outside: so what will vouch for the file is of
    the history that the holder knows. Raises LogBrokenError."""
    if not trust.held and not trust.printed:
        return
    first = verify(RecordCopy(places.data / RECORD_FILE), replace(trust, witnesses=(), quorum=0)).first
    if first is not None:
        raise LogBrokenError(first.first, first.last, "NOT_THE_LOG_HELD", kind=Sentence(*KINDS[first.kind]), detail=first.detail)


def _begin(log: OpenLog, places: Places, clock: Clock, choose: Choose, to: Path, basis: str, vouched: Signed) -> list[Release]:
    """Write the file and tell the log of it, in as many entries as the numbers need."""
    numbers = choose(log.store.reader, vouched.size)
    if not numbers:
        return []
    keys = [named.key for named in log.identity.keys]
    file = write_release_file(to, places.data / RECORD_FILE, numbers, log.tree, log.store.hash, vouched, keys)
    before = len(log.store.reader.releases())
    entries = [_entry(before + n, spans, file, basis, clock) for n, spans in enumerate(portions(spans_of(numbers)), 1)]

    async def commit() -> None:
        for entry in entries:
            await log.store.commit(Commit(entry))

    asyncio.run(commit())
    return log.store.reader.releases()[before:]


def _entry(number: int, spans: Sequence[Span], file: str, basis: str, clock: Clock) -> ReleaseEntry:
    return ReleaseEntry(
        event_id=release_id(number),
        basis=basis,
        entries=count_of(spans),
        first=spans[0][0],
        last=spans[-1][1],
        numbers=text_of(spans),
        file=file,
        time=clock.now().isoformat(timespec="milliseconds"),
        time_source=clock.source,
        actor=actor(),
    )


def _refuse_another_file(to: Path, begun: Sequence[Release]) -> None:
    """A release that was cut short is finished only where its file is at hand."""
    wanted = {one.file for one in begun}
    try:
        found = digest_of(to)
    except OSError as fault:
        found = reason_of(fault).en
    if wanted != {found}:
        raise SettingsError("RELEASE_CUT_SHORT", wanted=", ".join(sorted(wanted)), to=to, found=found)


def _vouched(log: OpenLog, witnesses: Sequence[Key], quorum: int) -> Signed:
    """The newest checkpoint, cosigned by as many of the witnesses as are asked for. Raises StoreError where there is none."""
    last = log.tree.last()
    if last is not None and not quorum:
        return last
    for note in reversed(log.tree.checkpoints()):
        checkpoint, signatures = read_checkpoint(note)
        try:
            enough = len(signed_by(signatures, witnesses)) >= quorum
        except NoteError:
            enough = False
        found = log.tree.covering(checkpoint.size) if enough else None
        if found:
            return found
    raise StoreError("TOO_FEW_COSIGNED" if quorum else "NOT_SIGNED_TO_RELEASE", quorum=quorum)


def _sign(log: OpenLog, clock: Clock) -> None:
    """Sign everything there is, unless that was done: a body is emptied only where a signature vouches for who says so."""
    size = log.tree.follow(log.store.reader.last_seq())
    last = log.tree.last()
    if last is not None and last.size >= size:
        return
    note = str(sign(Checkpoint(log.identity.origin, size, log.tree.root()), log.signers)).encode()
    log.head.replace(note)
    log.tree.keep(Signed(size, int(clock.now().timestamp() * 1000), note), for_ever=True)


def _empty(places: Places, spans: Sequence[Span]) -> None:
    """Take the bodies out of the record, and what was kept to find them by and to answer for them; the index is made again."""
    path = places.data / RECORD_FILE
    lock = take_lock(places.data / LOCK_FILE)
    try:
        RecordIndex(path).remove()  # first: what was cut short behind it is seen by the bodies that stand
        connection = open_writer(path)
        try:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA temp_store=MEMORY")
            _empty_rows(connection, spans)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as fault:
        raise unusable(path, fault) from fault
    finally:
        os.close(lock)


def make_smaller(places: Places, least: float = 0.0) -> int | None:
    """Write the record anew without the room that nothing stands in, where so large a share of it is free; the bytes by which its
    file became smaller, None where the disk has no room for a second one.

    The new form is made beside the record, where it lies as safely, and comes into the record's own file as one transaction, so
    that whoever reads meanwhile sees all of it and a kill at any point leaves one or the other."""
    path, draft = places.data / RECORD_FILE, places.data / f".{RECORD_FILE}.smaller"
    lock = take_lock(places.data / LOCK_FILE)
    try:
        before = path.stat().st_size
        draft.unlink(missing_ok=True)
        with contextlib.closing(open_writer(path)) as connection:
            free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
            if free < least * pages:
                return 0
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection.execute("VACUUM INTO ?", (str(draft),))
            _copy_back(draft, connection)
    except sqlite3.Error as fault:
        if is_full(fault):
            return None
        raise unusable(path, fault) from fault
    finally:
        draft.unlink(missing_ok=True)
        os.close(lock)
    return before - path.stat().st_size


def _copy_back(draft: Path, connection: sqlite3.Connection) -> None:
    with contextlib.closing(sqlite3.connect(draft)) as smaller:
        smaller.backup(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _empty_rows(connection: sqlite3.Connection, spans: Sequence[Span]) -> None:
    connection.execute("CREATE TEMP TABLE leaving (seq INTEGER PRIMARY KEY)")
    connection.execute("BEGIN IMMEDIATE")
    numbers = ((seq,) for first, last in spans for seq in range(first, last + 1))
    connection.executemany("INSERT OR IGNORE INTO leaving VALUES (?)", numbers)
    kinds = ", ".join(f"'{kind}'" for kind in sorted(RELEASABLE))
    connection.execute(
        "UPDATE entries SET body = x'', officer = '', item = '', code = '', decision = '' "  # noqa: S608 - the text is ours
        f"WHERE seq IN (SELECT seq FROM leaving) AND kind IN ({kinds})"
    )
    connection.execute("DELETE FROM requests WHERE seq IN (SELECT seq FROM leaving)")
    connection.execute("COMMIT")
