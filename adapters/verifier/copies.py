"""Copies of a log as they lie about: a data folder, a folder of static tiles (C2SP tlog-tiles), a file with one entry a line.

Nothing is written and nothing is believed. A file beside the entries that cannot be read is as good as absent; entries that
cannot be read are said.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from adapters.verifier.failures import CopyError
from sidecar.decision_log.reading import Columns, Copy, Row
from sidecar.decision_log.tiles import WIDTH, Tile, bundle, bundles_of, entries_in

RECORD, TREE, CHECKPOINT = "record.sqlite3", "tree.sqlite3", "checkpoint"
LINES = (".jsonl", ".ndjson")
_LEVELS = 64
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)  # the latter where SQLite quotes what is damaged


def open_copy(path: Path, checkpoint: Path | None = None) -> Copy:
    """The copy at a place, whatever its form. `checkpoint` names one kept elsewhere. Raises CopyError."""
    beside = [checkpoint.read_bytes()] if checkpoint else []
    if path.is_dir() and (path / RECORD).is_file():
        return RecordCopy(path / RECORD, beside)
    if path.is_dir() and (path / "tile").is_dir():
        return TileFolder(path, beside)
    if path.is_file() and path.suffix in LINES:
        return LineFile(path, beside)
    if path.is_file():
        return RecordCopy(path, beside)
    raise CopyError("NO_COPY", path=path)


class RecordCopy:
    """A record and, beside it, its tree. It may be in use: only what is durable is seen."""

    def __init__(self, path: Path, beside: Sequence[bytes] = ()) -> None:
        self._beside = list(beside)
        self._record = _opened(path)
        tree = path.with_name(TREE)
        self._tree = _opened(tree) if tree.is_file() else None
        self._asked("SELECT count(*) FROM entries")
        self.is_released = bool(self._asked("SELECT count(*) FROM sqlite_schema WHERE name = 'tiles'"))
        if self.is_released:  # entries that left a log, with tiles and checkpoint in the same file
            self._tree = self._record

    def rows(self, skip: int = 0) -> Iterator[Row]:
        query = (
            "SELECT seq, body, leaf, id, kind, time_ms, officer, item, case_id, code, decision FROM entries "
            "ORDER BY seq LIMIT -1 OFFSET ?"
        )
        try:
            for seq, body, leaf, *columns in self._record.execute(query, (skip,)):
                yield Row(seq, _as_bytes(body), _as_bytes(leaf), _as_columns(columns))
        except _UNREADABLE as fault:
            raise CopyError("ENTRIES_CUT_SHORT", fault=fault) from fault

    def count(self) -> int:
        return int(self._asked("SELECT count(*) FROM entries"))

    def find(self, decision_id: str) -> Row | None:
        """The entry of a decision."""
        found = self._record.execute("SELECT seq, body, leaf FROM entries WHERE id = ? AND kind = 'decision'", (decision_id,))
        row = found.fetchone()
        return Row(row[0], _as_bytes(row[1]), _as_bytes(row[2])) if row else None

    def body_at(self, seq: int) -> bytes:
        """The bytes of an entry; empty where they are not here."""
        try:
            found = self._record.execute("SELECT body FROM entries WHERE seq = ?", (seq,)).fetchone()
        except _UNREADABLE as fault:
            raise CopyError("ENTRY_UNREADABLE", seq=seq, fault=fault) from fault
        return _as_bytes(found[0]) if found else b""

    def tile(self, level: int, number: int) -> bytes | None:
        found = self._from_tree("SELECT hashes FROM tiles WHERE place = ?", (number * _LEVELS + level,))
        return _as_bytes(found[0][0]) if found else None

    def checkpoints(self) -> Sequence[bytes]:
        return self._beside + [_as_bytes(row[0]) for row in self._from_tree("SELECT note FROM checkpoints ORDER BY size", ())]

    def _asked(self, query: str) -> Any:
        try:
            return self._record.execute(query).fetchone()[0]
        except _UNREADABLE as fault:
            raise CopyError("RECORD_UNREADABLE", fault=fault) from fault

    def _from_tree(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._tree.execute(query, values).fetchall() if self._tree else []
        except _UNREADABLE:
            return []


class FilledCopy:
    """A copy whose released entries are read from the files they went to."""

    def __init__(self, copy: Copy, files: Sequence[RecordCopy]) -> None:
        self._copy, self._files = copy, files

    def rows(self, skip: int = 0) -> Iterator[Row]:
        for row in self._copy.rows(skip):
            yield row if row.body else self._filled(row)

    def count(self) -> int:
        return self._copy.count()

    def tile(self, level: int, number: int) -> bytes | None:
        return self._copy.tile(level, number)

    def checkpoints(self) -> Sequence[bytes]:
        return self._copy.checkpoints()

    def _filled(self, row: Row) -> Row:
        bodies = (file.body_at(row.seq) for file in self._files)
        body = next((body for body in bodies if body), b"")
        return row._replace(body=body, columns=None) if body else row


class TileFolder:
    """Static files: `checkpoint`, `tile/LEVEL/…` and `tile/entries/…`."""

    def __init__(self, root: Path, beside: Sequence[bytes] = ()) -> None:
        self._root = root
        own = root / CHECKPOINT
        self._checkpoints = [*beside, *([own.read_bytes()] if own.is_file() else [])]

    def rows(self, skip: int = 0) -> Iterator[Row]:
        return islice(self._rows(), skip, None)

    def _rows(self) -> Iterator[Row]:
        seq = number = 0
        while data := self._widest(None, number):
            try:
                entries = entries_in(data)
            except ValueError as fault:
                path = Tile(None, number).path()
                raise CopyError("FILE_CUT_SHORT", path=path, fault=fault) from fault
            for entry in entries:
                seq += 1
                yield Row(seq, entry)
            if len(entries) < WIDTH:
                return
            number += 1

    def count(self) -> int:
        number = 0
        while (self._root / Tile(None, number).path()).is_file():
            number += 1
        last = self._widest(None, number)
        return number * WIDTH + (len(entries_in(last)) if last else 0)

    def tile(self, level: int, number: int) -> bytes | None:
        return self._widest(level, number)

    def checkpoints(self) -> Sequence[bytes]:
        return self._checkpoints

    def _widest(self, level: int | None, number: int) -> bytes | None:
        """A tile, or the widest of its partial forms."""
        whole = self._root / Tile(level, number).path()
        if whole.is_file():
            return whole.read_bytes()
        partial = whole.with_name(f"{whole.name}.p")
        widths = sorted((int(path.name) for path in partial.glob("*") if path.name.isdigit()), reverse=True)
        return (partial / str(widths[0])).read_bytes() if widths else None


class LineFile:
    """Entries as lines of a file; their canonical bytes hold no line feed."""

    def __init__(self, path: Path, beside: Sequence[bytes] = ()) -> None:
        self._path, self._beside = path, list(beside)

    def rows(self, skip: int = 0) -> Iterator[Row]:
        with self._path.open("rb") as stream:
            for seq, line in enumerate(stream, 1):
                if seq > skip:
                    yield Row(seq, line.removesuffix(b"\n"))

    def count(self) -> int:
        with self._path.open("rb") as stream:
            return sum(1 for _ in stream)

    def tile(self, level: int, number: int) -> bytes | None:
        del level, number
        return None

    def checkpoints(self) -> Sequence[bytes]:
        return self._beside


def write_tiles(copy: Copy, tiles: dict[Tile, bytes], size: int, root: Path, checkpoint: bytes) -> None:
    """Write a copy as static files, the checkpoint last: whoever sees it finds the rest."""
    rows = copy.rows()
    for part in bundles_of(size):
        _write(root / part.path(), bundle(row.body for row in islice(rows, part.width)))
    for tile, data in tiles.items():
        _write(root / tile.path(), data)
    _write(root / CHECKPOINT, checkpoint)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)
    except _UNREADABLE as fault:
        raise CopyError("COPY_NOT_OPENED", path=path, fault=fault) from fault
    connection.text_factory = _as_text
    return connection


def _as_text(data: bytes) -> str:
    """Text as it was written, and whatever became of it, without a loss."""
    return data.decode("utf-8", "surrogateescape")


def _as_bytes(value: object) -> bytes:
    """A cell as it was written; one that was changed by hand may have become anything."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def _as_columns(values: list[Any]) -> Columns:
    identifier, kind, time_ms, officer, item, case_id, code, decision = values
    return identifier, kind, time_ms, officer, item, case_id, code, decision
