"""Naming a difference: which entry is the first that is wrong, and what was done to it.

Two rows of leaf hashes are held against each other: those of the entries as they are, and those that should be. What was done
shows in where they meet again. An entry whose number was rewritten to hide what was done is known again where it came from.

Where nothing tells what should be (everything beside the entries was made anew, too), the entries' own numbers are left, and the
chain in which each entry of a case names the one before it.
"""

from itertools import islice
from typing import NamedTuple

from sidecar.decision_log.findings import Kind
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.pass_through import Leaves
from sidecar.decision_log.reading import Copy, Row, at_place, case_of, fields_of, leaf_of


class Named(NamedTuple):
    """`first` and `last` are sequence numbers, from 1."""

    kind: Kind
    first: int
    last: int
    detail: str


def name_difference(copy: Copy, hash_: TreeHash, actual: Leaves, expected: Leaves, begin: int = 0) -> Named | None:
    """What was done to the entries from index `begin` on, if they are not the expected ones as far as both go."""
    at = actual.differs(expected, begin)
    if at is None:
        return None
    here, after = (*islice(copy.rows(at), 2), None, None)[:2]
    meets = _Meeting(hash_, actual, expected, at)
    return meets.named(here, after)


class _Meeting:
    """Where two rows of hashes that part at `at` meet again."""

    def __init__(self, hash_: TreeHash, actual: Leaves, expected: Leaves, at: int) -> None:
        self._hash, self._actual, self._expected, self._at = hash_, actual, expected, at
        self._places = {leaf: n for n, leaf in enumerate(expected) if n >= at}

    def named(self, here: Row | None, after: Row | None) -> Named:
        at, seq = self._at, self._at + 1
        came_from = self._came_from(here)
        back = self._found_later(after)
        if came_from is not None and back is not None:
            return Named(Kind.REORDERED, seq, seq, f"here stands what belongs at {came_from + 1}")
        if back is not None:
            return Named(Kind.INSERTED, seq, back, f"what belongs at {seq} stands at {back + 1}")
        if came_from is not None and came_from > at:
            return Named(Kind.MISSING, seq, came_from, f"at {seq} stands what belongs at {came_from + 1}")
        return Named(Kind.CHANGED, seq, seq, "its leaf hash is another")

    def _came_from(self, here: Row | None) -> int | None:
        """The index from which the entry at the difference comes, if it was recorded behind it."""
        known = self._places.get(self._actual[self._at])
        if known is None and here is not None and self._at + 1 < len(self._expected):
            moved = self._hash.leaf(at_place(here.body, self._at + 2))
            known = self._at + 1 if moved == self._expected[self._at + 1] else None
        return known

    def _found_later(self, after: Row | None) -> int | None:
        """The index behind the difference at which the entry that should be there stands."""
        wanted = self._expected[self._at]
        for index in range(self._at + 1, len(self._actual)):
            if self._actual[index] == wanted:
                return index
        if after is not None and self._hash.leaf(at_place(after.body, self._at + 1)) == wanted:
            return self._at + 1
        return None


def name_by_numbers(copy: Copy, at: int) -> Named:
    """What the entries' own numbers tell, from the first that is not at its place."""
    here, after = (*islice(copy.rows(at), 2), None, None)[:2]
    seq = at + 1
    own, following = _number(here), _number(after)
    if own is None:
        return Named(Kind.CHANGED, seq, seq, "it is no entry")
    if own > seq:
        if following == own + 1 or after is None:
            return Named(Kind.MISSING, seq, own - 1, f"at {seq} stands the entry that calls itself {own}")
        return Named(Kind.REORDERED, seq, seq, f"at {seq} stands the entry that calls itself {own}")
    if own < seq:
        kind = Kind.INSERTED if following == seq else Kind.REORDERED
        return Named(kind, seq, seq, f"at {seq} stands an entry that calls itself {own}")
    stored = here.seq if here else seq
    return Named(
        Kind.MISSING if stored > seq else Kind.CHANGED, seq, max(seq, stored - 1), f"it is kept under the number {stored}"
    )


def _number(row: Row | None) -> int | None:
    number = fields_of(row.body).get("seq") if row else None
    return number if isinstance(number, int) else None


def name_by_chain(copy: Copy, hash_: TreeHash, begin: int, end: int) -> tuple[Named | None, int]:
    """The first break in the chain of any case in rows [begin, end), and how many links were followed; `begin` is above 0 only
    where what lies before is proven. An entry whose body is gone names none before it, but those behind it may rest on it."""
    heads: dict[str, tuple[int, str]] = {}
    gone: set[str] = set()
    links = 0
    for index, row in enumerate(islice(copy.rows(), end)):
        fields = fields_of(row.body)
        case, named = case_of(row, fields), str(fields.get("prev_case", ""))
        if not row.body:
            gone.add(leaf_of(copy, hash_, row, index).hex())
        if not case:
            continue
        seq, leaf = heads.get(case, (0, ""))
        if index >= begin and row.body and named != leaf and named not in gone:
            first = seq or index + 1
            detail = f"entry {index + 1} of the case {case} does not rest on {f'entry {seq}' if seq else 'nothing'}"
            return Named(Kind.CHANGED if seq else Kind.MISSING, first if seq else 1, index + 1 if seq else index, detail), links
        heads[case] = index + 1, leaf_of(copy, hash_, row, index).hex()
        links += 1
    return None, links
