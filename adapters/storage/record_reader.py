"""Reads the record, beside a writer or alone.

Entries by number, id and case are found in the record itself. Every other search asks the index for what it has taken in, and
looks through the entries behind it; without an index, or with one of another record, through all of them. So a search has three
parts, which follow one another: the record behind the index, the rows the index has not sealed, its sealed blocks.

Entries whose bodies were released are in no answer of a search; whoever asks for one of them is told where it went.
"""

import contextlib
import json as encoder
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from adapters.storage.asked_fields import RECENT, RECORD, Source, terms_of
from adapters.storage.index_reader import Counts, SealedBlocks
from adapters.storage.record_index import FORMAT, INDEX_FILE, reached
from sidecar.case_history.history import CaseEvent, decode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.decision_log.events import release_id
from sidecar.decision_log.released import KIND, Release, release_in
from sidecar.errors import ReleasedError, StoreError
from sidecar.ports.records import Filter, Stored, Total

_decode_change = msgspec.json.Decoder(LedgerChange).decode

_COLUMNS = "e.seq, e.leaf, e.body"
_RECORD = f"SELECT {_COLUMNS} FROM {RECORD.table}"  # noqa: S608 - the text is ours
_IS_HERE = "length(e.body) > 0"  # not released; SQLite reads no body to tell its length
# CROSS JOIN keeps the order: the index first, then the entries it names.
_BY_RECENT = f"SELECT {_COLUMNS} FROM {RECENT.table} CROSS JOIN main.entries AS e ON e.seq = i.seq"  # noqa: S608
Bound = tuple[str, int]


class _Place(NamedTuple):
    """Rows that are looked through: those of the record behind the index, or those the index has not sealed yet."""

    select: str
    source: Source


_BEHIND, _RECENTLY = _Place(_RECORD, RECORD), _Place(_BY_RECENT, RECENT)


class InLog(NamedTuple):
    """An event of a case, or change of a ledger, in one log; `commit` is the kind and id of its entry."""

    version: int
    commit: str
    stored: bytes


class InCase(NamedTuple):
    """An entry of a case with what stands beside it: the event it made, if any, and the request it answered, if that had a
    name."""

    commit: str
    leaf: bytes
    body: bytes
    time_ms: int
    version: int
    event: bytes
    caller: str
    request_id: str
    act: str
    answer: bytes


class SqliteReader:
    """Reads the record, beside a writer or alone. Each thread has a connection of its own, so that a long query of an
    inspector never holds up a decision."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreError("RECORD_NOT_THERE", path=path)
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._connection()

    def query(self, wanted: Filter, *, limit: int, before: int | None = None) -> Sequence[Stored]:
        with self._one_moment() as connection:
            upto = self._reached(wanted)
            bound = [] if before is None else [("{}.seq < ?", before)]
            found = self._rows_of(_BEHIND, wanted, [("{}.seq > ?", upto), *bound], "DESC", limit)
            if upto and len(found) < limit:
                found += self._rows_of(_RECENTLY, wanted, [("{}.seq <= ?", upto), *bound], "DESC", limit - len(found))
            if upto and len(found) < limit:
                numbers = SealedBlocks(connection).entries(wanted, after=0, before=before, newest=True)
                found += self._named(numbers, limit - len(found), "DESC")
        return found

    def since(self, wanted: Filter, *, after: int, limit: int) -> Sequence[Stored]:
        with self._one_moment() as connection:
            upto, found = self._reached(wanted), list[Stored]()
            if upto > after:
                numbers = SealedBlocks(connection).entries(wanted, after=after, before=None, newest=False)
                found += self._named(numbers, limit, "ASC")
            if upto > after and len(found) < limit:
                bounds = [("{}.seq > ?", after), ("{}.seq <= ?", upto)]
                found += self._rows_of(_RECENTLY, wanted, bounds, "ASC", limit - len(found))
            if len(found) < limit:
                found += self._rows_of(_BEHIND, wanted, [("{}.seq > ?", max(after, upto))], "ASC", limit - len(found))
        return found

    def totals(self, wanted: Filter, by: str) -> Sequence[Total]:
        with self._one_moment() as connection:
            upto = self._reached(wanted, counting=True)
            parts = [self._counts(RECORD, wanted, by, [("{}.seq > ?", upto)])]
            if upto:
                parts.append(self._counts(RECENT, wanted, by, [("{}.seq <= ?", upto)]))
                parts.append(SealedBlocks(connection).totals(wanted, by))
        sums: dict[str, list[int]] = {}
        for value, counts in (pair for part in parts for pair in part.items()):
            found = sums.setdefault(value, [0, 0])
            found[:] = (found[0] + counts[0], found[1] + counts[1])
        return [Total(value, *sums[value]) for value in sorted(sums)]

    def find(self, decision_id: str) -> Stored | None:
        return self._one("decision", decision_id)

    def outcome_of(self, decision_id: str) -> Stored | None:
        return self._one("outcome", decision_id)

    def event(self, kind: str, event_id: str) -> Stored | None:
        return self._one(kind, event_id)

    def items_named(self, name: str) -> list[str]:
        """Items of which a decision was recorded under this name, or, when … ends it, under one that begins so."""
        text = b'"item_name":' + msgspec.json.encode(name.removesuffix("…"))
        beginning = text.removesuffix(b'"') if name.endswith("…") else text
        rows = self._rows("SELECT DISTINCT item FROM entries WHERE kind = 'decision' AND instr(body, ?)", (beginning,))
        return [row[0] for row in rows]

    def naming(self, text: str) -> Iterator[Stored]:
        """Every entry in whose bytes a text stands, in the order of the log. It reads the whole log."""
        last, after = self.last_seq(), 0
        while after < last:
            rows = self._rows(
                f"{_RECORD} WHERE e.seq > ? AND e.seq <= ? AND instr(e.body, ?)", (after, after + 10_000, text.encode())
            )
            yield from (Stored(seq, _as_bytes(leaf), _as_bytes(body)) for seq, leaf, body in rows)
            after += 10_000

    def case_events(self, case_id: str) -> Iterator[CaseEvent]:
        return map(decode_event, self.stored_events(case_id))

    def stored_events(self, case_id: str) -> list[bytes]:
        """The events of a case as they were written."""
        return [row[0] for row in self._rows("SELECT event FROM case_events WHERE case_id = ? ORDER BY version", (case_id,))]

    def events_after(self, case_id: str, version: int, upto: int) -> list[tuple[int, bytes]]:
        """The events that made a case's versions behind one and up to another, as they were written."""
        rows = self._rows(
            "SELECT version, event FROM case_events WHERE case_id = ? AND version > ? AND version <= ? ORDER BY version",
            (case_id, version, upto),
        )
        return [(at, _as_bytes(event)) for at, event in rows]

    def changes_after(self, ledger_id: str, version: int, upto: int) -> list[tuple[int, bytes]]:
        """The same of a ledger's changes."""
        rows = self._rows(
            "SELECT version, change FROM ledger_changes WHERE ledger_id = ? AND version > ? AND version <= ? ORDER BY version",
            (ledger_id, version, upto),
        )
        return [(at, _as_bytes(change)) for at, change in rows]

    def kept_answer(self, caller: str, request_id: str, seq: int) -> bytes | None:
        """What a retry of the request that an entry recorded would be answered."""
        rows = self._rows(
            "SELECT answer FROM requests WHERE caller = ? AND request_id = ? AND seq = ?", (caller, request_id, seq)
        )
        return _as_bytes(rows[0][0]) if rows else None

    def at(self, seq: int) -> Stored | None:
        """The entry at a place of the log."""
        return self._only(self._rows(f"{_RECORD} WHERE e.seq = ?", (seq,)))

    def releases(self) -> list[Release]:
        """What entries tell of others that were released, in their order."""
        found: list[Release] = []
        while stored := self._one(KIND, release_id(len(found) + 1)):
            release = release_in(msgspec.json.decode(stored.body), stored.seq)
            if release is None:
                raise StoreError("RELEASE_UNREADABLE", seq=stored.seq)
            found.append(release)
        return found

    def standing(self, release: Release) -> bool:
        """Whether the body of any entry that was released still stands: emptying was cut short."""
        query = f"SELECT 1 FROM entries AS e WHERE e.seq BETWEEN ? AND ? AND {_IS_HERE} LIMIT 1"  # noqa: S608 - the text is ours
        return any(self._rows(query, span) for span in release.spans)

    def released(self, wanted: Filter) -> int:
        """How many decisions among what is wanted were released, as far as that can be told: by case and time alone."""
        if wanted != Filter(case_id=wanted.case_id, since_ms=wanted.since_ms, until_ms=wanted.until_ms) or not self.releases():
            return 0
        where, values = _where(RECORD, wanted._replace(kind="decision"), [])
        rows = self._rows(f"SELECT count(*) FROM {RECORD.table} WHERE {where} AND NOT {_IS_HERE}", values)  # noqa: S608
        return int(rows[0][0])

    def answering(self, request_id: str) -> list[Stored]:
        """The entries of requests under this identifier; callers do not share theirs."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM requests AS r CROSS JOIN main.entries AS e ON e.seq = r.seq "  # noqa: S608 - the text is ours
            "WHERE r.request_id = ? ORDER BY e.seq",
            (request_id,),
        )
        return [Stored(seq, _as_bytes(leaf), _as_bytes(body)) for seq, leaf, body in rows]

    def case_ids(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT case_id FROM entries WHERE case_id != '' ORDER BY case_id", ())]

    def ledger_ids(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT ledger_id FROM ledger_changes ORDER BY ledger_id", ())]

    def case_entries(self, case_id: str) -> list[InCase]:
        """Everything of a case in this log, with the events as they were written."""
        rows = self._rows(
            "SELECT e.kind || ':' || e.id, e.leaf, e.body, e.time_ms, coalesce(c.version, 0), coalesce(c.event, x''), "
            "coalesce(r.caller, ''), coalesce(r.request_id, ''), coalesce(r.act, ''), coalesce(r.answer, x'') FROM entries AS e "
            "LEFT JOIN case_events AS c ON c.case_id = e.case_id AND c.seq = e.seq LEFT JOIN requests AS r ON r.seq = e.seq "
            "WHERE e.case_id = ? ORDER BY e.seq",
            (case_id,),
        )
        found = map(InCase._make, rows)
        return [e._replace(leaf=_as_bytes(e.leaf), body=_as_bytes(e.body), event=_as_bytes(e.event)) for e in found]

    def stored_changes(self, ledger_id: str) -> list[InLog]:
        """The changes of a ledger in this log, as they were written."""
        return [
            InLog(*row)
            for row in self._rows(
                "SELECT l.version, e.kind || ':' || e.id, l.change FROM ledger_changes AS l JOIN entries AS e ON e.seq = l.seq "
                "WHERE l.ledger_id = ? ORDER BY l.version",
                (ledger_id,),
            )
        ]

    def newest_cases(self, count: int) -> list[str]:
        """The cases of the newest events of this log."""
        rows = self._rows("SELECT case_id FROM entries WHERE case_id != '' ORDER BY seq DESC LIMIT ?", (count,))
        return list(dict.fromkeys(row[0] for row in rows))

    def has_cases(self) -> bool:
        return bool(self._rows("SELECT 1 FROM case_events LIMIT 1", ()))

    def last_event(self, case_id: str) -> InLog | None:
        """The newest event of a case in this log: its version there, and the id of the commit that made it."""
        return self._last("case_events", "event", "case_id", case_id)

    def last_change(self, ledger_id: str) -> InLog | None:
        """The newest change of a ledger in this log."""
        return self._last("ledger_changes", "change", "ledger_id", ledger_id)

    def _last(self, table: str, column: str, name: str, value: str) -> InLog | None:
        statement = (
            f"SELECT t.version, e.kind || ':' || e.id, t.{column} FROM {table} AS t "  # noqa: S608 - the text is ours
            f"JOIN entries AS e ON e.seq = t.seq WHERE t.{name} = ? ORDER BY t.version DESC LIMIT 1"
        )
        rows = self._rows(statement, (value,))
        return InLog(*rows[0]) if rows else None

    def ledger_changes(self, ledger_id: str) -> Iterator[LedgerChange]:
        rows = self._rows("SELECT change FROM ledger_changes WHERE ledger_id = ? ORDER BY version", (ledger_id,))
        return (_decode_change(row[0]) for row in rows)

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
            raise StoreError("RECORD_NOT_OPENED", path=self._path, fault=fault) from fault
        self._attach_index(connection)
        self._local.connection = connection
        self._opened.append(connection)
        return connection

    def _attach_index(self, connection: sqlite3.Connection) -> None:
        index = self._path.with_name(INDEX_FILE).absolute()
        if index.is_file():
            with contextlib.suppress(sqlite3.Error):  # searches then look through the record
                connection.execute("ATTACH ? AS idx", (f"{index.as_uri()}?mode=ro",))
                if connection.execute("PRAGMA idx.user_version").fetchone()[0] != FORMAT:
                    connection.execute("DETACH idx")

    @contextlib.contextmanager
    def _one_moment(self) -> Iterator[sqlite3.Connection]:
        """Record and index each as they are at one moment, whatever is written meanwhile."""
        connection = self._connection()
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as fault:
            raise _unreadable(fault) from fault
        finally:
            connection.rollback()

    def _reached(self, wanted: Filter, *, counting: bool = False) -> int:
        """Up to which entry the index answers for this search; 0 where the record is asked itself."""
        if wanted.case_id or (wanted == Filter() and not counting):
            return 0
        try:
            return reached(self._connection(), index="idx", record="main")
        except sqlite3.Error:
            return 0

    def _rows_of(self, place: _Place, wanted: Filter, bounds: Sequence[Bound], order: str, limit: int) -> list[Stored]:
        """Entries that are looked through one by one, in the order of their numbers."""
        where, values = _where(place.source, wanted, bounds)
        rows = self._rows(
            f"{place.select} WHERE {where} AND {_IS_HERE} ORDER BY {place.source.alias}.seq {order} LIMIT ?", [*values, limit]
        )
        return [Stored(seq, _as_bytes(leaf), _as_bytes(body)) for seq, leaf, body in rows]

    def _named(self, numbers: Iterator[int], limit: int, order: str) -> list[Stored]:
        """The first entries of these numbers; one that the record no longer has is passed over."""
        found: list[Stored] = []
        while len(found) < limit and (portion := list(islice(numbers, limit - len(found)))):
            statement = (
                f"SELECT {_COLUMNS} FROM json_each(?) AS w CROSS JOIN main.entries AS e ON e.seq = w.value "  # noqa: S608
                f"WHERE {_IS_HERE} ORDER BY e.seq {order}"
            )
            rows = self._rows(statement, (encoder.dumps(portion),))
            found += [Stored(seq, _as_bytes(leaf), _as_bytes(body)) for seq, leaf, body in rows]
        return found

    def _counts(self, source: Source, wanted: Filter, by: str, bounds: Sequence[Bound]) -> Counts:
        """Decisions counted one by one."""
        where, values = _where(source, wanted._replace(kind=wanted.kind or "decision"), bounds)
        value, table = (source.fields[by], source.table) if by != "rule" else ("j.value", _with_rules(source))
        statement = (
            f"SELECT v, sum(d = 'allow'), sum(d = 'deny') FROM (SELECT {value} AS v, {source.fields['decision']} AS d, "  # noqa: S608
            f"{source.fields['kind']} AS k FROM {table} WHERE {where}) WHERE v != '' AND k = 'decision' GROUP BY v"
        )
        return {str(value): [allowed, denied] for value, allowed, denied in self._rows(statement, values)}

    def _one(self, kind: str, decision_id: str) -> Stored | None:
        return self._only(self._rows(f"{_RECORD} WHERE e.id = ? AND e.kind = ?", (decision_id, kind)))

    def _only(self, rows: list[tuple[Any, ...]]) -> Stored | None:
        """The entry that was found. Raises ReleasedError; one that was emptied and that no release tells of is given as it is."""
        if not rows:
            return None
        stored = Stored(rows[0][0], _as_bytes(rows[0][1]), _as_bytes(rows[0][2]))
        for release in () if stored.body else self.releases():
            if any(first <= stored.seq <= last for first, last in release.spans):
                raise ReleasedError(stored.seq, release.file, release.seq)
        return stored

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(statement, values).fetchall()
        except sqlite3.Error as fault:
            raise _unreadable(fault) from fault


def _unreadable(fault: sqlite3.Error) -> StoreError:
    return StoreError("RECORD_UNREADABLE", fault=fault)


def _as_bytes(value: object) -> bytes:
    """A cell as it was written; one that was changed by hand may have become text."""
    return value if isinstance(value, bytes) else str(value).encode()


def _where(source: Source, wanted: Filter, bounds: Sequence[Bound]) -> tuple[str, list[object]]:
    terms = terms_of(wanted, source)
    terms += [(term.format(source.alias), [value]) for term, value in bounds]
    return " AND ".join(term for term, _ in terms), [value for _, values in terms for value in values]


def _with_rules(source: Source) -> str:
    return f"{source.table}, json_each({source.fields['rule']}) AS j"
