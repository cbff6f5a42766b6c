"""Asks the sealed blocks of the index: which entries, newest or oldest first, and how many decisions.

Each thing a search names is a set of places in every block. The blocks are gone through from the end the search begins at, few
at a time first and then more, so that a page that is full soon costs little and one that never fills costs few statements. Of
each such stretch the rarest thing is read first; only in blocks where it and what follows have places in common is the next
looked for. How rare each is, a few of its postings at that end tell.
"""

import json
import sqlite3
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from adapters.storage.asked_fields import SINGLE, like
from adapters.storage.places import (
    base_of,
    block_of,
    marks_between,
    marks_between_times,
    marks_of,
    marks_of_all,
    places_in,
    values_in,
)
from adapters.storage.record_index import ALL, COLUMNS, PARTY_KEY
from sidecar.ports.records import Filter

_STRETCH = 64  # blocks that are read together at most
_SPARSE = 8  # of so many blocks in a row one is wanted: each is looked up, instead of reading all of them
_FEW = 32  # up to so many values their postings are read sooner than what each place has
_TOLD_BY = 4  # postings, and terms, that tell how rare something is
Counts = dict[str, list[int]]  # value → allowed, denied
Marks = dict[int, int]  # block → its places


class _Asked(Protocol):
    """One thing a search names."""

    @property
    def blocks(self) -> Collection[int] | None:
        """The blocks it can be in, where that is known beforehand."""
        ...

    def rarity(self, first: int, *, newest: bool) -> float:
        """How many places of a block it has, about, where the search begins."""
        ...

    def marks(self, blocks: Sequence[int]) -> Marks:
        """Its places in some of these blocks, given in order; in others too perhaps."""
        ...


class SealedBlocks:
    """The sealed part of an index attached as `idx`. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def entries(self, wanted: Filter, *, after: int, before: int | None, newest: bool) -> Iterator[int]:
        """The numbers of the entries that fit, behind one and before another."""
        asked = self._asked(wanted)
        for block, marks in self._found(asked, after, before, newest=newest):
            base = base_of(block)
            low = max(1, after - base + 1)
            high = base_of(1) if before is None else min(base_of(1), before - base - 1)
            for place in places_in(marks & marks_between(low, high), newest=newest):
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
        """From what is wanted, block by block: which value each of its places has."""
        asked = self._asked(wanted._replace(kind=wanted.kind or "decision"))
        whole = dict(self._found(asked, 0, None, newest=False))
        if not whole:
            return {}
        allow, deny = (self._one_of("decision", (word,)).marks(list(whole)) for word in ("allow", "deny"))
        values = self._connection.execute("SELECT count(*) FROM idx.terms WHERE field = ?", (by,)).fetchone()[0]
        count = self._by_columns if by in COLUMNS and values > _FEW else self._by_postings
        counts: Counts = {}
        for n, marks in enumerate((allow, deny)):
            for value, found in count(by, {block: both for block in whole if (both := whole[block] & marks.get(block, 0))}):
                counts.setdefault(value, [0, 0])[n] += found
        return counts

    def _by_columns(self, by: str, whole: Marks) -> Iterator[tuple[str, int]]:
        """Of fields of which an entry has one value: from what each place has."""
        sums = Counter[int]()
        select = "SELECT terms, places FROM idx.columns WHERE field = ? AND block = ?"
        for block, marks in whole.items():
            row = self._connection.execute(select, (by, block)).fetchone()
            terms = array("I", row[0]) if row else array("I")
            found = values_in(row[1], len(terms), marks) if row else {}
            sums.update({terms[number - 1]: times for number, times in found.items() if number})
        select = "SELECT t.value, t.id FROM json_each(?) AS w CROSS JOIN idx.terms AS t ON t.id = w.value"
        for value, term in self._connection.execute(select, (json.dumps(list(sums)),)):
            yield value, sums[term]

    def _by_postings(self, by: str, whole: Marks) -> Iterator[tuple[str, int]]:
        """Of the others, and where there are few values: from the places of each."""
        select = "SELECT t.value, p.block, p.places FROM idx.terms AS t"
        statement = f"{select} CROSS JOIN idx.postings AS p ON p.term = t.id WHERE t.field = ?"
        for value, block, places in self._connection.execute(statement, (by,)):
            if block in whole:
                yield value, (whole[block] & marks_of(places)).bit_count()

    # -- what a search names -------------------------------------------------------------------------------------------

    def _found(self, asked: Sequence[_Asked], after: int, before: int | None, *, newest: bool) -> Iterator[tuple[int, int]]:
        """Blocks in order, and the places in each that all of what is asked has."""
        blocks = self._blocks(asked, after, before)
        if not blocks:
            return
        if newest:
            blocks.reverse()
        if len(asked) > 1:
            asked = sorted(asked, key=lambda one: one.rarity(blocks[0], newest=newest))
        for stretch in _stretches(blocks):
            found = dict.fromkeys(stretch, marks_of_all())
            for one in asked:
                marks = one.marks(list(found))
                found = {block: both for block in found if (both := found[block] & marks.get(block, 0))}
                if not found:
                    break
            yield from found.items()

    def _blocks(self, asked: Sequence[_Asked], after: int, before: int | None) -> list[int]:
        """The blocks in which something can be found, ascending."""
        lowest, highest = self._connection.execute("SELECT min(block), max(block) FROM idx.blocks").fetchone()
        if lowest is None:
            return []
        first = max(lowest, block_of(after + 1))
        last = highest if before is None else min(highest, block_of(before - 1))
        known = [set(one.blocks) for one in asked if one.blocks is not None]
        return [block for block in range(first, last + 1) if all(block in blocks for blocks in known)]

    def _asked(self, wanted: Filter) -> list[_Asked]:
        asked: list[_Asked] = [
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
            asked.append(self._of_days(wanted.since_day, wanted.until_day or "~"))
        if wanted.party:
            asked.append(self._of_party(wanted.party))
        if wanted.since_ms is not None or wanted.until_ms is not None:
            asked.append(self._between(wanted.since_ms, wanted.until_ms))
        return asked

    def _one_of(self, field: str, values: Sequence[str]) -> "_OfTerms":
        return self._terms(f"field = ? AND value IN ({', '.join('?' * len(values))})", (field, *values))

    def _terms(self, where: str, values: Sequence[str]) -> "_OfTerms":
        """Entries with any of the values that fit a condition."""
        ids = [row[0] for row in self._connection.execute(f"SELECT id FROM idx.terms WHERE {where}", values)]  # noqa: S608
        return _OfTerms(self._connection, ids, None if ids else ())

    def _of_days(self, since: str, until: str) -> "_OfTerms":
        """Entries of a period. A day is in few blocks, which are looked for beforehand."""
        days = self._terms("field = 'day' AND value >= ? AND value < ?", (since, until))
        select = "SELECT DISTINCT p.block FROM json_each(?) AS w CROSS JOIN idx.postings AS p ON p.term = w.value"
        blocks = {row[0] for row in self._connection.execute(select, (json.dumps(days.ids),))}
        return _OfTerms(self._connection, days.ids, blocks)

    def _of_party(self, token: str) -> "_Known":
        """Entries of a party. In a bucket each is the beginning of its token and its place, one behind the other."""
        bucket, key = token[4:6], (token + "-" * PARTY_KEY)[4 : 4 + PARTY_KEY]
        statement = "SELECT block, places FROM idx.parties WHERE bucket = ? AND instr(places, ?)"
        step = PARTY_KEY + 1
        found = {}
        for block, text in self._connection.execute(statement, (bucket, key)):
            fitting = (text[at + PARTY_KEY] for at in range(0, len(text), step) if text.startswith(key, at))
            found[block] = marks_of("".join(fitting))
        return _Known({block for block, marks in found.items() if marks}, found.__getitem__, 1)

    def _between(self, since_ms: int | None, until_ms: int | None) -> "_Known":
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

        return _Known(set(inside), marks, base_of(1))


class _OfTerms:
    """Entries with any of some values."""

    def __init__(self, connection: sqlite3.Connection, ids: Sequence[int], blocks: Collection[int] | None) -> None:
        self._connection, self.ids = connection, ids
        self.blocks: Collection[int] | None = blocks
        self._named = json.dumps(ids)

    def rarity(self, first: int, *, newest: bool) -> float:
        told = self.ids[:_TOLD_BY]
        return sum(self._rarity(term, first, newest=newest) for term in told) * len(self.ids) / max(1, len(told))

    def _rarity(self, term: int, first: int, *, newest: bool) -> float:
        sign, order = ("<=", "DESC") if newest else (">=", "ASC")
        select = f"SELECT block, places FROM idx.postings WHERE term = ? AND block {sign} ? ORDER BY block {order} LIMIT ?"  # noqa: S608
        rows = self._connection.execute(select, (term, first, _TOLD_BY)).fetchall()
        among = 1 + abs(first - rows[-1][0]) if rows else 1
        return sum(marks_of(places).bit_count() for _, places in rows) / among

    def marks(self, blocks: Sequence[int]) -> Marks:
        lowest, highest = min(blocks[0], blocks[-1]), max(blocks[0], blocks[-1])
        values: list[object]
        if len(blocks) * _SPARSE <= highest - lowest:
            listed, which, values = "CROSS JOIN json_each(?) AS b", "p.block = b.value", [json.dumps(blocks)]
        else:
            listed, which, values = "", "p.block BETWEEN ? AND ?", [lowest, highest]
        rows = self._connection.execute(
            f"SELECT p.block, p.places FROM json_each(?) AS w {listed} "  # noqa: S608 - the text is ours
            f"CROSS JOIN idx.postings AS p ON p.term = w.value AND {which}",
            [self._named, *values],
        )
        found: Marks = {}
        for block, places in rows:
            found[block] = found.get(block, 0) | marks_of(places)
        return found


class _Known(NamedTuple):
    """What is known, block by block, without asking for values."""

    blocks: Collection[int]
    marks_in: Callable[[int], int]
    places: int  # of a block, about

    def rarity(self, first: int, *, newest: bool) -> float:  # noqa: ARG002 - the same wherever it begins
        return self.places

    def marks(self, blocks: Sequence[int]) -> Marks:
        return {block: self.marks_in(block) for block in blocks}


def _stretches(blocks: Sequence[int]) -> Iterator[Sequence[int]]:
    """One block, two, four, and so on."""
    at, size = 0, 1
    while at < len(blocks):
        yield blocks[at : at + size]
        at, size = at + size, min(2 * size, _STRETCH)
