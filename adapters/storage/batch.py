"""What one batch of commits writes into the record: rows of each table, with what they say of cases and requests meanwhile."""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar

from sidecar.decision_log.entry import FilledEntry
from sidecar.ports.records import Commit, Replayed, RequestKey

T = TypeVar("T")


class Place(NamedTuple):
    """Where a commit stands that was made elsewhere: the case's version and leaf hash before it."""

    version: int
    leaf: str


class Appended(NamedTuple):
    """An entry of a commit that was made elsewhere: its number in this log, and its leaf hash."""

    seq: int
    leaf: str


class Head(NamedTuple):
    """A case as its last entry left it: its version, and that entry's leaf hash in hexadecimal."""

    version: int
    leaf: str


NEW = Head(0, "")
# Of each case in a JSON array that has entries: its version and its last entry's leaf hash.
_HEADS = """
SELECT asked.value, (SELECT coalesce(max(version), 0) FROM case_events WHERE case_id = asked.value), leaf
FROM json_each(?) AS asked JOIN entries ON seq = (SELECT max(seq) FROM entries WHERE case_id = asked.value)
"""


def heads_of(connection: sqlite3.Connection, case_ids: Iterable[str]) -> dict[str, Head]:
    """The heads of cases as they lie in the file, found with one question."""
    heads = dict.fromkeys(case_ids, NEW)
    for case_id, version, leaf in connection.execute(_HEADS, (json.dumps([*heads]),)):
        heads[case_id] = Head(version, leaf.hex())
    return heads


class Rows(NamedTuple):
    """What one batch writes, and the answers among it by request identifier."""

    entries: list[tuple[object, ...]]
    events: list[tuple[object, ...]]
    requests: list[tuple[object, ...]]
    ledgers: list[tuple[object, ...]]
    answers: dict[RequestKey, Replayed]
    placed: dict[tuple[str, str], Appended]

    def write(self, connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.entries)
        if self.events:
            connection.executemany("INSERT INTO case_events VALUES (?, ?, ?, ?)", self.events)
        if self.requests:
            connection.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", self.requests)
        if self.ledgers:
            connection.executemany("INSERT INTO ledger_changes VALUES (?, ?, ?, ?)", self.ledgers)


def row_of(seq: int, commit: Commit, leaf: bytes, body: bytes) -> tuple[object, ...]:
    entry, time_ms = commit.entry, _milliseconds(commit.entry.time)
    if isinstance(entry, FilledEntry):
        officer, item, code, decision = entry.subject["person"], entry.item, entry.code, entry.decision
    else:
        person, item, code, decision = (getattr(entry, name, "") for name in ("person", "item", "code", "decision"))
        officer = getattr(entry, "subject", {}).get("person", "") or person
    return seq, entry.decision_id, entry.kind, time_ms, officer, item, commit.case_id, code, decision, leaf, body


@lru_cache(maxsize=256)  # a batch has few different moments
def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


def fault_of(work: Callable[[], None]) -> BaseException | None:
    """What work raised, None where it did not."""
    try:
        work()
    except BaseException as fault:  # noqa: BLE001 - told to whoever goes on
        return fault
    return None


def let_go(kept: OrderedDict[str, T], limit: int) -> None:
    """Keep the most recent."""
    while len(kept) > limit:
        kept.popitem(last=False)
