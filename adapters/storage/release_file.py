"""The file that entries are released to: their rows in the record's own form, and what proves them, in one SQLite file.

    entries       as in record.sqlite3
    tiles         as in tree.sqlite3, those on the way from the entries to the root
    checkpoints   as in tree.sqlite3, the one that vouches for them

It is written under another name, synced, verified and only then given its own: whoever finds it finds it whole.
"""

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.storage.durable import sync
from adapters.storage.record_file import FORMAT
from adapters.storage.tree_file import TreeFile, place_of
from adapters.verifier.copies import RecordCopy
from adapters.verifier.failures import CopyError
from adapters.verifier.released import verify_released
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.notes import Key
from sidecar.decision_log.tiles import HEIGHT, TiledTree
from sidecar.decision_log.verifier import Trust
from sidecar.errors import LogBrokenError, SettingsError, StoreError, reason_of
from sidecar.ports.log import Signed

_SCHEMA = """
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, officer TEXT NOT NULL,
  item TEXT NOT NULL, case_id TEXT NOT NULL, code TEXT NOT NULL, decision TEXT NOT NULL, leaf BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE tiles (place INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kept INTEGER NOT NULL, note BLOB NOT NULL);
CREATE TEMP TABLE leaving (seq INTEGER PRIMARY KEY);
"""
_TAKE = "INSERT INTO entries SELECT * FROM record.entries WHERE seq IN (SELECT seq FROM leaving) ORDER BY seq"
_PORTION = 1 << 20


def write_release_file(
    path: Path, record: Path, numbers: Sequence[int], tree: TreeFile, hash_: TreeHash, signed: Signed, keys: Sequence[Key]
) -> str:
    """Write the entries of these numbers, verified; returns the digest of the file. Raises SettingsError where there is a file
    already, LogBrokenError where the entries are not those that were signed, StoreError."""
    if path.exists():
        raise SettingsError("RELEASE_FILE_EXISTS", path=path)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    try:
        _write(draft, record, numbers, _tiles_for(numbers, tree, hash_, signed.size), signed)
        _prove(draft, numbers, keys)
        digest = digest_of(draft)
        draft.rename(path)
        sync(path.absolute().parent)
    except (sqlite3.Error, OSError, CopyError) as fault:
        raise StoreError("RELEASE_NOT_WRITTEN", path=path, fault=reason_of(fault)) from fault
    finally:
        draft.unlink(missing_ok=True)
    return digest


def digest_of(path: Path) -> str:
    """Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while portion := stream.read(_PORTION):
            digest.update(portion)
    return f"sha256:{digest.hexdigest()}"


def _tiles_for(numbers: Sequence[int], tree: TreeFile, hash_: TreeHash, size: int) -> dict[int, bytes]:
    """The tiles that the proofs of these entries are made of, as they are read to make them."""
    read: dict[int, list[bytes]] = {}

    def hashes(level: int, number: int) -> list[bytes]:
        place = place_of(level, number)
        if place not in read:
            read[place] = tree.tile_hashes(level, number)
        return read[place]

    tiled = TiledTree(hash_, size, hashes)
    for first in {(number - 1) >> HEIGHT: number - 1 for number in numbers}.values():  # of one tile all proofs read the same
        tiled.inclusion(first, size)
    return {place: b"".join(found) for place, found in read.items()}


def _write(path: Path, record: Path, numbers: Sequence[int], tiles: dict[int, bytes], signed: Signed) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path.absolute().as_uri(), uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("ATTACH ? AS record", (f"{record.absolute().as_uri()}?mode=ro",))
        connection.execute("BEGIN")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.executemany("INSERT INTO leaving VALUES (?)", ((number,) for number in numbers))
        connection.execute(_TAKE)
        connection.executemany("INSERT INTO tiles VALUES (?, ?)", sorted(tiles.items()))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?, 1, ?)", (signed.size, signed.time_ms, signed.note))
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute("COMMIT")
    finally:
        connection.close()
    sync(path)


def _prove(path: Path, numbers: Sequence[int], keys: Sequence[Key]) -> None:
    """What was written is what was signed, all of it."""
    report = verify_released(RecordCopy(path), Trust(keys=keys))
    first = report.first
    if first is not None:
        raise LogBrokenError(first.first, first.last, "RELEASE_WOULD_BE_WRONG", first=first.first, detail=first.detail)
    if report.size != len(numbers):
        raise StoreError("RELEASE_NOT_WHOLE", path=path, size=report.size, n=len(numbers))
