"""Events put in order on disk: by case, cases by their first event, events by time, tie-breaker and line.

A log may be larger than memory and in any order, while a case must be decided in the order in which it happened. So events pass
through a temporary SQLite database, which sorts on disk and is gone when it is closed. Every control looks at one case, so the
order of events of different cases changes nothing.

A tie-breaker with numbers is taken by their value: `task-9` comes before `task-10`.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from types import TracebackType

import msgspec

from adapters.importers.event_log.reading import Read
from sidecar.errors import EventLogError
from sidecar.replay.cases import Happened

_CACHE = 64 * 1024  # KiB in memory before pages go to disk
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]+")
_DIGITS_KEPT = 24

_SCHEMA = """
CREATE TABLE seen (row BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE event (case_id TEXT, time INTEGER, tie TEXT, line INTEGER, event BLOB);
CREATE TABLE known (case_id TEXT PRIMARY KEY, first INTEGER) WITHOUT ROWID;
"""
_BEGUN = """
INSERT INTO known VALUES (?, ?) ON CONFLICT (case_id) DO UPDATE SET first = min(ifnull(first, excluded.first), excluded.first)
"""
_IN_ORDER = """
SELECT case_id, event FROM event CROSS JOIN known USING (case_id) ORDER BY first, case_id, time, tie, line
"""


class Spool:
    """A place for the events of one log, for as long as it is open."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file of SQLite's own, deleted when it is closed
        # as JSON, which keeps the offset of a time, and with it the day
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Happened).decode
        with _disk():
            self._database.executescript(
                f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE}; {_SCHEMA} BEGIN;"
            )

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()

    def add(self, read: Read) -> bool:
        """Keeps an event; False where the same row was kept already."""
        event = read.event
        same = hashlib.blake2b("\x1f".join(read.cells).encode(), digest_size=16).digest()
        micros = (event.time - _EPOCH) // timedelta(microseconds=1)
        row = (event.request.case_id, micros, _natural(read.tie_breaker), event.place.line, self._encode(event))
        with _disk():
            if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (same,)).rowcount == 0:
                return False
            self._database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", row)
            self._database.execute(_BEGUN, row[:2])
        return True

    def pass_by(self, case_id: str) -> None:
        """Remembers a case that may have no event of any step."""
        with _disk():
            self._database.execute("INSERT OR IGNORE INTO known VALUES (?, NULL)", (case_id,))

    def all_cases(self) -> int:
        """How many cases the log has, whether or not a step of theirs is in it."""
        with _disk():
            return int(self._database.execute("SELECT count(*) FROM known").fetchone()[0])

    def count(self) -> int:
        with _disk():
            return int(self._database.execute("SELECT count(*) FROM event").fetchone()[0])

    def cases(self) -> Iterator[tuple[str, Iterator[Happened]]]:
        """Case by case, its events in order. The events of a case are to be taken before the next case is."""
        with _disk():
            rows = self._database.execute(_IN_ORDER)
            for case_id, found in groupby(rows, key=lambda row: row[0]):
                yield case_id, (self._decode(event) for _, event in found)


def _natural(text: str) -> str:
    return _DIGITS.sub(lambda digits: digits.group().lstrip("0").zfill(_DIGITS_KEPT), text)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        raise EventLogError("EVENTS_UNSORTABLE", fault=fault) from fault
