"""A log on this machine: the record with its tree in the data folder, the keys and the head outside it.

Opening proves the ground before anything is written. Nothing is ever begun anew where something was: a log that is missing,
shorter than its head, or tells another history than its head stops the start, with what was found and what can be done.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from adapters.storage.head_file import HeadFile
from adapters.storage.key_folder import KeyFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from adapters.storage.tree_file import TREE_FILE, TreeFile
from sidecar.decision_log.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, sign
from sidecar.decision_log.identity import Identity, IdentityError, read_identity
from sidecar.decision_log.notes import NoteError, Signer
from sidecar.errors import KeyFolderError, LogBrokenError, LogMissingError, StoreError, reason_of
from sidecar.ports.clock import Clock
from sidecar.ports.log import Signed
from sidecar.ports.records import RecordReader


class Places(NamedTuple):
    """Where a log lies. Keys and head lie outside the data folder, so that no copy has them and no backup sets them back."""

    data: Path
    keys: Path
    head: Path

    @classmethod
    def of(cls, data: Path, keys: Path | None = None, head: Path | None = None) -> "Places":
        """Beside the data folder where nothing else is said: data.keys and data.head."""
        whole = data.absolute()
        return cls(data, keys or whole.with_name(f"{whole.name}.keys"), head or whole.with_name(f"{whole.name}.head"))


@dataclass
class OpenLog:
    """A log that was proven and is now this process's to write. `signers` are those of its keys that are here."""

    store: SqliteStore
    tree: TreeFile
    head: HeadFile
    identity: Identity
    signers: list[Signer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Let go without a word in the log; a service ends it with `stop` instead."""
        self.tree.close()
        asyncio.run(self.store.close())


def reader_of(places: Places) -> RecordReader:
    return SqliteReader(places.data / RECORD_FILE)


def identity_of(reader: RecordReader) -> Identity | None:
    """Raises LogBrokenError where the entries that name the log cannot be read."""

    def find(kind: str, identifier: str) -> tuple[int, bytes] | None:
        stored = reader.event(kind, identifier)
        return (stored.seq, stored.body) if stored else None

    try:
        return read_identity(find)
    except IdentityError as fault:
        raise LogBrokenError(0, 0, "NAMING_ENTRIES_UNREADABLE", fault=fault) from fault


def open_log(
    places: Places, *, clock: Clock, origin: str = "", without_key: bool = False, now_ms: Callable[[], int] | None = None
) -> OpenLog:
    """Prove the ground and open the log. `origin`, where it is given, is the only log that will do. Raises StoreError,
    LogMissingError, LogBrokenError, KeyFolderError."""
    if not (places.data / RECORD_FILE).exists():
        _refuse_missing(places, origin)
    store = SqliteStore(places.data, now_ms) if now_ms else SqliteStore(places.data)
    try:
        log = _prove(places, store, origin)
        if not without_key:
            log.signers = [KeyFolder(places.keys).signer(log.identity.key)]
            finish_rotation(log, KeyFolder(places.keys), clock)
    except BaseException:
        asyncio.run(store.close())
        raise
    return log


def _refuse_missing(places: Places, origin: str) -> None:
    head = HeadFile(places.head).read()
    if head is not None:
        raise LogMissingError("LOG_GONE", data=places.data, head=told_head(head), head2=places.head)
    raise LogMissingError("NO_LOG_YET", data=places.data, origin=origin or "NAME")


def told_head(note: bytes) -> str:
    try:
        return str(read_checkpoint(note)[0])
    except NoteError:
        return "unreadable"


def _prove(places: Places, store: SqliteStore, origin: str) -> OpenLog:
    head = HeadFile(places.head)
    identity = identity_of(store.reader)
    note = head.read()
    if identity is None:
        _refuse_unnamed(places, store, note, origin)
    assert identity is not None  # noqa: S101 - refused otherwise
    if origin and identity.origin != origin:
        raise LogMissingError("ANOTHER_LOG", data=places.data, origin=identity.origin, origin2=origin)
    tree = open_tree(places, store)
    log = OpenLog(store, tree, head, identity)
    try:
        prove_tree(places, log)
        _prove_head(places, log, note)
    except BaseException:
        tree.close()
        raise
    if tree.lost_checkpoints:
        log.warnings.append("the tree beside the record was damaged and is made again; earlier checkpoints are in tree.damaged")
    return log


def _refuse_unnamed(places: Places, store: SqliteStore, note: bytes | None, origin: str) -> None:
    if note is not None or (places.data / TREE_FILE).exists():
        told = f": {told_head(note)}" if note else ""
        raise LogBrokenError(1, 0, "NAMING_ENTRY_GONE", data=places.data, told=told)
    entries = store.reader.last_seq()
    told = (
        f"holds {entries} entries of the earlier form, without origin and key"
        if entries
        else "no log was made here yet 尚未建立日志"
    )
    raise LogMissingError("LOG_NOT_NAMED_YET", data=places.data, told=told, origin=origin or "NAME")


def open_tree(places: Places, store: SqliteStore) -> TreeFile:
    try:
        return TreeFile(places.data / RECORD_FILE, store.hash)
    except (sqlite3.Error, OSError) as fault:
        raise StoreError("TREE_UNUSABLE", tree_file=places.data / TREE_FILE, fault=reason_of(fault)) from fault


def prove_tree(places: Places, log: OpenLog) -> None:
    """The tree fits the record as far as it goes, and then follows it to the end."""
    last = log.store.reader.last_seq()
    if log.tree.size > last:
        raise LogBrokenError(last + 1, log.tree.size, "RECORD_IS_OLDER", data=places.data, size=log.tree.size, last=last)
    wrong = log.tree.fits_record()
    if wrong is not None:
        raise LogBrokenError(wrong, wrong, "ENTRY_CHANGED", data=places.data, wrong=wrong)
    try:
        log.tree.follow()
    except sqlite3.Error as fault:
        raise StoreError("TREE_CANNOT_FOLLOW", tree_file=places.data / TREE_FILE, fault=fault) from fault


def _prove_head(places: Places, log: OpenLog, note: bytes | None) -> None:
    last = log.tree.last()
    if note is None:
        if last is not None:
            raise LogBrokenError(0, 0, "HEAD_GONE", head=places.head, size=last.size, data=places.data)
        return
    for told, where in ((note, places.head), (last.note if last else None, places.data / TREE_FILE)):
        if told is not None:
            prove_checkpoint(log, told, where)


def prove_checkpoint(log: OpenLog, note: bytes, where: Path) -> None:
    """A checkpoint that was signed is of this log, and the entries are those it was signed of."""
    keys = [named.key for named in log.identity.keys]
    try:
        checkpoint, _, _ = open_checkpoint(note, log.identity.origin, keys)
    except NoteError as fault:
        raise LogBrokenError(0, 0, "HEAD_OF_ANOTHER_LOG", where=where, fault=fault) from fault
    size = log.tree.size
    if checkpoint.size > size:
        raise LogBrokenError(size + 1, checkpoint.size, "RECORD_CUT_OFF", where=where, size=checkpoint.size, size2=size)
    if log.tree.tree().root(checkpoint.size) != checkpoint.root:
        raise LogBrokenError(1, checkpoint.size, "RECORD_FORKED", where=where, size=checkpoint.size, parent=log.head.path.parent)


def finish_rotation(log: OpenLog, keys: KeyFolder, clock: Clock) -> None:
    """The checkpoint whose last entry names the key in force is signed by it and by the one before; then that one is destroyed.
    When the key is rotated, or at the next start where that was cut short."""
    named, last = log.identity.keys[-1], log.tree.last()
    if len(log.identity.keys) == 1:
        return
    old = log.identity.keys[-2].key
    if last is not None and last.size >= named.seq:
        keys.destroy(old)  # it was signed, and cut short behind that
        return
    try:
        signers = [*log.signers, keys.signer(old)]
    except KeyFolderError:
        signers = log.signers  # it was lost: who trusted it must be given the new one by hand
    checkpoint = Checkpoint(log.identity.origin, named.seq, log.tree.tree().root(named.seq))
    note = str(sign(checkpoint, signers)).encode()
    log.head.replace(note)
    log.tree.keep(Signed(named.seq, int(clock.now().timestamp() * 1000), note), for_ever=True)
    keys.destroy(old)
