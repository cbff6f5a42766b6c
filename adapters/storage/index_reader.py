"""Asks the sealed blocks of the index: which entries, newest or oldest first, and how many decisions.

Each thing a search names is a set of places in every block. Blocks in which one of them has no place are passed over; in the
others the sets are intersected, the page is taken from the front, and what lies behind is never read.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from adapters.storage.asked_fields import SINGLE, like
from adapters.storage.places import (
    base_of,
    block_of,
    counter_in,
    marks_between,
    marks_between_times,
    marks_of,
    marks_of_all,
    places_in,
)
from adapters.storage.record_index import ALL, PARTY_KEY
from sidecar.ports.records import Filter

_MANY = 64  # terms, from which on the blocks of each are not looked up one by one
Counts = dict[str, list[int]]  # value → allowed, denied


class _Asked(NamedTuple):
    """One thing a search names: the blocks it can be in, and its places in one of them."""

    blocks: set[int]
    marks: Callable[[int], int]


class SealedBlocks:
    """The sealed part of an index attached as `idx`. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def entries(self, wanted: Filter, *, after: int, before: int | None, newest: bool) -> Iterator[int]:
        """The numbers of the entries that fit, behind one and before another."""
        asked = self._asked(wanted)
        for block in sorted(self._blocks(asked, after, before), reverse=newest):
            base = base_of(block)
            low = max(1, after - base + 1)
            high = base_of(1) if before is None else min(base_of(1), before - base - 1)
            marks = _in_all(asked, block, marks_between(low, high))
            for place in places_in(marks, newest=newest):
                yield base + place

    def totals(self, wanted: Filter, by: str) -> Counts:
        """Decisions by the values of a field, allowed and denied."""
        if by == "decision":
            whole = self.totals(wanted, "day").values()
            both = {"allow": [sum(allowed for allowed, _ in whole), 0], "deny": [0, sum(denied for _, denied in whole)]}
            return {value: counts for value, counts in both.items() if any(counts)}
        plain = wanted._replace(decision="", kind="", since_day="", until_day="") == Filter()
        counts = self._counted(wanted, by) if plain else self._intersected(wanted, by)
        if wanted.decision:
            counts = {
                value: [allowed * (wanted.decision == "allow"), denied * (wanted.decision == "deny")]
                for value, (allowed, denied) in counts.items()
            }
        return {value: found for value, found in counts.items() if any(found)}

    def _counted(self, wanted: Filter, by: str) -> Counts:
        """From the counts that are kept for each day."""
        if wanted.kind not in ("", "decision"):
            return {}
        value, field = ("c.day", ALL) if by == "day" else ("t.value", by)
        bounds = [(sign, day) for sign, day in ((">=", wanted.since_day), ("<", wanted.until_day)) if day]
        where = "".join(f" AND c.day {sign} ?" for sign, _ in bounds)
        statement = (
            f"SELECT {value}, sum(c.allowed), sum(c.denied) FROM idx.terms AS t CROSS JOIN idx.counts AS c ON c.term = t.id "  # noqa: S608
            f"WHERE t.field = ?{where} GROUP BY 1"
        )
        rows = self._connection.execute(statement, (field, *(day for _, day in bounds)))
        return {value: [allowed, denied] for value, allowed, denied in rows}

    def _intersected(self, wanted: Filter, by: str) -> Counts:
        """From the postings: the sets of what is wanted, with that of each value."""
        asked = self._asked(wanted._replace(kind=wanted.kind or "decision"))
        allow, deny = (self._one_of("decision", (word,)) for word in ("allow", "deny"))
        blocks = self._blocks(asked, 0, None)
        whole = {block: marks for block in blocks if (marks := _in_all(asked, block, marks_of_all()))}
        allowed = {block: counter_in(marks & allow.marks(block)) for block, marks in whole.items()}
        denied = {block: counter_in(marks & deny.marks(block)) for block, marks in whole.items()}
        counts: Counts = {}
        select = "SELECT t.value, p.block, p.places FROM idx.terms AS t"
        statement = f"{select} CROSS JOIN idx.postings AS p ON p.term = t.id WHERE t.field = ?"
        for value, block, places in self._connection.execute(statement, (by,)):
            if block in whole:
                found = counts.setdefault(value, [0, 0])
                found[0] += allowed[block](places)
                found[1] += denied[block](places)
        return counts

    # -- what a search names -------------------------------------------------------------------------------------------

    def _asked(self, wanted: Filter) -> list[_Asked]:
        asked = [
            self._one_of(name, (getattr(wanted, name),))
            for name in SINGLE
            if name not in ("day", "party") and getattr(wanted, name)
        ]
        for name, values in (("item", wanted.items), ("unit", wanted.units), ("rule", (wanted.rule,) if wanted.rule else ())):
            if values:
                asked.append(self._one_of(name, values))
        if wanted.text:
            asked.append(self._terms("field = 'text' AND value LIKE ? ESCAPE '\\'", (like(wanted.text),)))
        if wanted.since_day or wanted.until_day:
            bounds = (wanted.since_day, wanted.until_day or "~")
            asked.append(self._terms("field = 'day' AND value >= ? AND value < ?", bounds))
        if wanted.party:
            asked.append(self._of_party(wanted.party))
        if wanted.since_ms is not None or wanted.until_ms is not None:
            asked.append(self._between(wanted.since_ms, wanted.until_ms))
        return asked

    def _blocks(self, asked: Sequence[_Asked], after: int, before: int | None) -> set[int]:
        first, last = block_of(after + 1), None if before is None else block_of(before - 1)
        if asked:
            found = set.intersection(*(one.blocks for one in asked))
        else:
            found = {row[0] for row in self._connection.execute("SELECT block FROM idx.blocks")}
        return {block for block in found if first <= block and (last is None or block <= last)}

    def _one_of(self, field: str, values: Sequence[str]) -> _Asked:
        return self._terms(f"field = ? AND value IN ({', '.join('?' * len(values))})", (field, *values))

    def _terms(self, where: str, values: Sequence[str]) -> _Asked:
        """Entries with any of the values that fit a condition."""
        ids = [row[0] for row in self._connection.execute(f"SELECT id FROM idx.terms WHERE {where}", values)]  # noqa: S608
        if len(ids) > _MANY:
            blocks = {row[0] for row in self._connection.execute("SELECT block FROM idx.blocks")}
        else:
            select = "SELECT block FROM idx.postings WHERE term = ?"
            blocks = {row[0] for term in ids for row in self._connection.execute(select, (term,))}

        def marks(block: int) -> int:
            found = 0
            for term in ids:
                select = "SELECT places FROM idx.postings WHERE term = ? AND block = ?"
                row = self._connection.execute(select, (term, block)).fetchone()
                found |= marks_of(row[0]) if row else 0
            return found

        return _Asked(blocks, marks)

    def _of_party(self, token: str) -> _Asked:
        """Entries of a party. In a bucket each is the beginning of its token and its place, one behind the other."""
        bucket, key = token[4:6], (token + "-" * PARTY_KEY)[4 : 4 + PARTY_KEY]
        statement = "SELECT block, places FROM idx.parties WHERE bucket = ? AND instr(places, ?)"
        step = PARTY_KEY + 1
        found = {}
        for block, text in self._connection.execute(statement, (bucket, key)):
            fitting = (text[at + PARTY_KEY] for at in range(0, len(text), step) if text.startswith(key, at))
            found[block] = marks_of("".join(fitting))
        return _Asked({block for block, marks in found.items() if marks}, found.__getitem__)

    def _between(self, since_ms: int | None, until_ms: int | None) -> _Asked:
        """Entries of a period. A clock may have been set back, so that of a block at its edge each time is looked at."""
        low, high = since_ms if since_ms is not None else -(2**62), until_ms if until_ms is not None else 2**62
        rows = self._connection.execute(
            "SELECT block, low_ms >= ? AND high_ms < ? FROM idx.blocks WHERE high_ms >= ? AND low_ms < ?", (low, high, low, high)
        )
        inside = {block: bool(whole) for block, whole in rows}

        def marks(block: int) -> int:
            if inside[block]:
                return marks_of_all()
            packed = self._connection.execute("SELECT times FROM idx.blocks WHERE block = ?", (block,)).fetchone()[0]
            return marks_between_times(zlib.decompress(packed), low, high)

        return _Asked(set(inside), marks)


def _in_all(asked: Sequence[_Asked], block: int, marks: int) -> int:
    """The places of a block that all of them have."""
    for one in asked:
        if not marks:
            return 0
        marks &= one.marks(block)
    return marks
