"""One copy of a log as a verifier sees it, wherever it lies: a record, static tiles, lines of a file. Standard library only."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, Protocol

from sidecar.decision_log.hashing import DIGEST_SIZE, NAMES, SHA256, TreeHash, tree_hash
from sidecar.decision_log.tiles import HEIGHT, WIDTH, hashes_in

_CASE = 5  # of Columns
_LOOKED_AT = 3  # entries; whoever changed one of them did not change all

Columns = tuple[str, str, int, str, str, str, str, str]  # id, kind, time_ms, officer, item, case_id, code, decision


class Row(NamedTuple):
    """An entry as it is stored: its number, its bytes (empty where they were released or taken away), and what a copy keeps
    beside them."""

    seq: int
    body: bytes
    leaf: bytes | None = None
    columns: Columns | None = None


class Copy(Protocol):
    """A log's files, of whose contents nothing is believed."""

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """The stored entries in the order of their numbers, without the first `skip` of them."""
        ...

    def count(self) -> int:
        """How many rows there are, for showing progress."""
        ...

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes kept of a tile, if any."""
        ...

    def checkpoints(self) -> Sequence[bytes]:
        """Every signed checkpoint that lies beside the entries."""
        ...


Fields = dict[str, Any]


def fields_of(body: bytes) -> Fields:
    """The fields of an entry; empty for bytes that are no entry at all."""
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def leaf_of(copy: Copy, hash_: TreeHash, row: Row, index: int) -> bytes:
    """The leaf hash of a row at an index; where its body is gone what the copy tells, of which the root shows if it is true."""
    if row.body:
        return hash_.leaf(row.body)
    if row.leaf is not None and len(row.leaf) == DIGEST_SIZE:
        return row.leaf
    hashes, at = hashes_in(copy.tile(0, index >> HEIGHT) or b""), index & (WIDTH - 1)
    return hashes[at] if at < len(hashes) else hash_.leaf(row.body)


def case_of(row: Row, fields: Fields) -> str:
    """The case of an entry; of one whose body is gone, as far as the copy tells it."""
    if row.body or row.columns is None:
        return str(fields.get("case_id", ""))
    return str(row.columns[_CASE])


def bytes_of(fields: Fields) -> bytes:
    """The canonical bytes of an entry."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def at_place(body: bytes, seq: int) -> bytes:
    """The entry as it would be at another place, to know again one whose number was rewritten."""
    fields = fields_of(body)
    return bytes_of(fields | {"seq": seq}) if fields else body


def columns_of(fields: Fields) -> Columns:
    """What the record keeps of an entry in columns, to find it by. The officer of a reading is for whom a system read."""

    def text(name: str) -> str:
        return str(fields.get(name, ""))

    subject = fields.get("subject")
    officer = (str(subject.get("person", "")) if isinstance(subject, dict) else "") or text("person")
    try:
        time_ms = int(datetime.fromisoformat(text("time")).timestamp() * 1000)
    except (ValueError, OverflowError):
        time_ms = 0
    identifier = text("decision_id") or text("event_id")
    return identifier, text("kind"), time_ms, officer, text("item"), text("case_id"), text("code"), text("decision")


def hash_of(copy: Copy) -> TreeHash:
    """The hash of a log: the one that its first entry names, unless the hashes beside the first entries are of the other. Logs of
    the earlier form name none and have SHA-256. Raises HashUnavailableError."""
    rows = list(islice(copy.rows(), _LOOKED_AT))
    fields = fields_of(rows[0].body) if rows else {}
    named = fields.get("hash") if fields.get("kind") == "log" else SHA256
    names = sorted(NAMES, key=lambda name: name != named)
    told = hashes_in(copy.tile(0, 0) or b"") + [row.leaf for row in rows if row.leaf]
    fitting = (name for name in names if any(tree_hash(name).leaf(row.body) in told for row in rows))
    return tree_hash(next(fitting, names[0]))
