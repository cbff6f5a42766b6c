"""Rows by what they demand: a hash of the equality columns, and within large buckets one of a role column.

Everything a bucket holds is in evaluation order, and what is gathered from several is put back into it.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from sidecar.decision.engine.rows import Row

SPLIT_ABOVE = 24  # rows; a smaller bucket is walked through, which is quicker than looking up every role

_number = itemgetter(-1)


class RowIndex(Protocol):
    """What an evaluator asks: the rows of a key. `columns` are the policy columns of the key, in its order; `split` is empty
    when no bucket has parts by role."""

    @property
    def columns(self) -> tuple[int, ...]: ...

    @property
    def split(self) -> Mapping[Any, Any]: ...

    def rows(self, key: Any, reached: frozenset[str] | None) -> Sequence[Row]: ...


class Index(NamedTuple):
    """Buckets by the values of `columns` (one value bare, several as a tuple); `split` those buckets that have parts by role."""

    columns: tuple[int, ...]
    buckets: Mapping[Any, Sequence[Row]]
    split: Mapping[Any, Mapping[str, Sequence[Row]]]

    def rows(self, key: Any, reached: frozenset[str] | None) -> Sequence[Row]:
        """The rows of a key; of a bucket with parts only those whose role is reached."""
        parts = self.split.get(key) if reached is not None and self.split else None
        if parts is None:
            return self.buckets.get(key, ())
        if len(reached or ()) < len(parts):
            found = [parts[role] for role in reached or () if role in parts]
        else:
            found = [rows for role, rows in parts.items() if role in (reached or ())]
        if len(found) == 1:
            return found[0]
        return sorted((row for rows in found for row in rows), key=_number)


def index_rows(rows: Iterable[Row], columns: tuple[int, ...], role_column: int | None) -> Index:
    """Index rows given in evaluation order. Without columns all rows are one bucket, under the key ()."""
    buckets: dict[Any, list[Row]] = {}
    key_of = itemgetter(*columns) if columns else lambda _: ()
    for row in rows:
        key = key_of(row)
        bucket = buckets.get(key)
        if bucket is None:
            buckets[key] = [row]
        else:
            bucket.append(row)
    split = {}
    if role_column is not None:
        split = {key: _parts(bucket, role_column) for key, bucket in buckets.items() if len(bucket) > SPLIT_ABOVE}
    return Index(columns, buckets, split)


def _parts(bucket: Iterable[Row], column: int) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {}
    for row in bucket:
        parts.setdefault(row[column], []).append(row)
    return parts
