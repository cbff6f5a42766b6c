"""Making a log, giving it another key, accepting a head that was lost. Each is a command somebody decides on, and an entry."""

import asyncio
import contextlib
import getpass
import os
import secrets
from typing import Literal

from adapters.storage.head_file import HeadFile
from adapters.storage.key_folder import KeyFolder
from adapters.storage.log_opening import (
    OpenLog,
    Places,
    finish_rotation,
    identity_of,
    open_log,
    open_tree,
    prove_checkpoint,
    prove_tree,
    reader_of,
    told_head,
)
from adapters.storage.notice_folder import NoticeFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from adapters.storage.tree_file import TREE_FILE, TreeFile
from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint, sign
from sidecar.decision_log.events import LOG_ID, KeyEntry, LogEntry, key_id
from sidecar.decision_log.hashing import SHA256
from sidecar.decision_log.identity import TRIAL, Identity
from sidecar.decision_log.notes import Key, NoteError, Signer, check_name
from sidecar.errors import SettingsError, StoreError
from sidecar.ports.clock import Clock
from sidecar.ports.log import Signed
from sidecar.ports.records import Commit


def actor() -> str:
    """Who runs this process, for entries that commands and starts leave behind."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return f"uid {os.getuid()} ({name})"


def create_log(places: Places, origin: str, clock: Clock, *, hash_: str = SHA256, sm2: bool = False) -> Identity:
    """Make a log, or take over a record of the earlier form: its identity, its key, its first checkpoint. Raises SettingsError
    for a name or place that cannot be, StoreError."""
    try:
        check_name(origin)
    except NoteError as fault:
        raise SettingsError("ORIGIN_UNUSABLE", fault=fault) from fault
    _refuse_again(places)
    places.head.parent.mkdir(parents=True, exist_ok=True)
    keys = KeyFolder(places.keys)
    store = SqliteStore(places.data, new_hash=hash_)
    try:
        _refuse_another_hash(store, hash_)
        signer = keys.create(origin, sm2=sm2)
        _commit_identity(store, signer, origin, clock)
        _first_checkpoint(places, store, signer, origin, clock)
    finally:
        asyncio.run(store.close())
    return _named(places)


def _named(places: Places) -> Identity:
    reader = reader_of(places)
    with contextlib.closing(reader):
        identity = identity_of(reader)
    if identity is None:
        raise StoreError("LOG_NOT_FOUND_AFTER_MAKING")
    return identity


def _refuse_again(places: Places) -> None:
    head = HeadFile(places.head).read()
    if head is not None:
        told = told_head(head)
        raise SettingsError("HEAD_TAKEN", head=places.head, told=told)
    if (places.data / RECORD_FILE).exists():
        reader = reader_of(places)
        known = identity_of(reader)
        reader.close()
        if known is not None:
            raise SettingsError("LOG_HERE_ALREADY", data=places.data, origin=known.origin)


def _refuse_another_hash(store: SqliteStore, hash_: str) -> None:
    if store.hash.name != hash_:
        raise SettingsError("HASH_FIXED", hash=store.hash.name, hash2=hash_)


def _commit_identity(store: SqliteStore, signer: Signer, origin: str, clock: Clock) -> None:
    taken_over = store.reader.last_seq() > 0
    now = clock.now().isoformat(timespec="milliseconds")
    event: Literal["created", "taken_over"] = "taken_over" if taken_over else "created"
    identity = LogEntry(
        event_id=LOG_ID,
        event=event,
        origin=origin,
        hash=store.hash.name,
        time=now,
        time_source=clock.source,
        actor=actor(),
    )
    key = KeyEntry(
        event_id=key_id(1),
        event="created",
        key=str(signer.key),
        previous="",
        time=now,
        time_source=clock.source,
        actor=actor(),
    )

    async def commit() -> None:
        await store.commit(Commit(identity))
        await store.commit(Commit(key))

    asyncio.run(commit())


def _first_checkpoint(places: Places, store: SqliteStore, signer: Signer, origin: str, clock: Clock) -> None:
    tree = TreeFile(places.data / RECORD_FILE, store.hash)
    try:
        size = tree.follow()
        note = str(sign(Checkpoint(origin, size, tree.root()), [signer])).encode()
        HeadFile(places.head).replace(note)
        tree.keep(Signed(size, int(clock.now().timestamp() * 1000), note), for_ever=True)
    finally:
        tree.close()


def rotate_key(places: Places, clock: Clock, *, sm2: bool = False, lost: bool = False) -> Identity:
    """Put a new key in the place of the one in force: an entry that names it, and a checkpoint of which it is the last, signed by
    both. The old private key is then destroyed. With `lost` the old one is gone already and cannot sign: who trusted it must be
    given the new one by hand. Raises KeyFolderError, StoreError."""
    log = open_log(places, clock=clock, without_key=lost)
    keys = KeyFolder(places.keys)
    try:
        signer = keys.create(log.identity.origin, sm2=sm2)
        entry = KeyEntry(
            event_id=key_id(len(log.identity.keys) + 1),
            event="rotated",
            key=str(signer.key),
            previous=str(log.identity.key),
            time=clock.now().isoformat(timespec="milliseconds"),
            time_source=clock.source,
            actor=actor(),
        )
        asyncio.run(log.store.commit(Commit(entry)))
        log.tree.follow()
        log.identity, log.signers = _named(places), [signer]
        finish_rotation(log, keys, clock)
        return log.identity
    finally:
        log.close()


def ask_to_rotate(places: Places, *, sm2: bool = False) -> Key:
    """Make a key and leave word for the sidecar that runs, or for the next one, that it shall sign: that one names it in the log,
    signs with both and destroys the old one, between two checkpoints. Raises KeyFolderError, LogMissingError, OSError."""
    identity = _named(places)
    key = KeyFolder(places.keys).create(identity.origin, sm2=sm2).key
    notice = {"event": "rotate", "size": "0", "root": "", "holder": str(key), "digest": "", "actor": actor()}
    NoticeFolder(places.data).leave(notice)
    return key


def open_for_trial(places: Places, *, clock: Clock, origin: str = "") -> OpenLog:
    """As `open_log`, but where no log was ever made one is made for trying out, and said."""
    made = _make_if_trial(places, clock, origin)
    log = open_log(places, clock=clock, origin=origin)
    return OpenLog(log.store, log.tree, log.head, log.identity, log.signers, [*log.warnings, *([made] if made else [])])


def _make_if_trial(places: Places, clock: Clock, origin: str) -> str:
    """A log for trying out, where none was made; one that was made for trying out and removed is made again."""
    head = HeadFile(places.head)
    note = head.read()
    there = (places.data / RECORD_FILE).exists()
    if there and _is_named(places):
        return ""
    if note is not None and not there and _is_trial(note):
        for path in (places.head, places.data / TREE_FILE):
            path.unlink(missing_ok=True)
        note = None
    if note is not None:
        return ""
    identity = create_log(places, origin or trial_origin(), clock)
    return f"a log was made for trying out: {identity.origin} in {places.data} 已建立试用日志"


def _is_named(places: Places) -> bool:
    reader = reader_of(places)
    try:
        return identity_of(reader) is not None or (places.data / TREE_FILE).exists()
    finally:
        reader.close()


def _is_trial(note: bytes) -> bool:
    try:
        return read_checkpoint(note)[0].origin.startswith(TRIAL)
    except NoteError:
        return False


def trial_origin() -> str:
    """A name for a log nobody named: different each time, and recognisable."""
    return f"{TRIAL}log-{secrets.token_hex(4)}"


def accept_head(places: Places) -> Checkpoint:
    """Make the head file again from the newest checkpoint beside the entries, after the entries were held against it. Raises
    StoreError where there is a head already, or nothing to make it from."""
    head = HeadFile(places.head)
    if head.read() is not None:
        raise SettingsError("HEAD_IS_THERE", head=places.head)
    store = SqliteStore(places.data)
    try:
        identity = identity_of(store.reader)
        tree = open_tree(places, store)
        last = tree.last()
        if identity is None or last is None:
            raise StoreError("NO_CHECKPOINT_BESIDE")
        log = OpenLog(store, tree, head, identity)
        with contextlib.closing(tree):
            prove_tree(places, log)
            prove_checkpoint(log, last.note, places.data / TREE_FILE)
        head.replace(last.note)
        return read_checkpoint(last.note)[0]
    finally:
        asyncio.run(store.close())
