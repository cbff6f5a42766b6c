"""The compiled policies as one buffer that is ready when it is read: nothing is parsed, whatever its size.

`policy.csv` and `manifest.json` are what people read and what a release is judged by. This form is made from them, proven by
their digests, and only ever a cache: a million rows open in milliseconds, and a new version stands beside the serving one
without a pause. What a decision needs is decoded when it is first asked for.

    magic, length of the head, head        JSON: digests, counts, where each part begins
    strings                                every text once: offsets, then UTF-8
    cells                                  four bytes a cell, rows of one key side by side, keys in the order of the policy
    sources                                file, line, rule, article and note of every row, as strings
    keys, documents                        open hash tables (BLAKE2b, 8 bytes): (item, step) → rows; name → JSON

The parts are read with `struct` at computed places. Whoever can write the cache can write the policies too; so the digest of
the whole guards against damage, not against an enemy.
"""

import hashlib
import json
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from sidecar.compiler.manifest import ItemFacts, Manifest, OrganFacts, RowSource
from sidecar.compiler.rows import ANY
from sidecar.decision.engine.rows import Row
from sidecar.errors import PolicyError
from sidecar.personnel.posts import PostFacts
from sidecar.power_list.control_kinds import FLAG
from sidecar.timekeeping.calendar import Calendar, CalendarYear

MAGIC = b"QHPREP03"
CACHED_STEPS = 65_536  # steps that are kept decoded; all of them are let go when the number is passed
CACHED_DOCUMENTS = 65_536

_HEAD = struct.Struct("<8sI32s")  # magic, length of the head, digest of all that follows
_SLOT = struct.Struct("<QQI")  # hash, first row or place of a document, number of rows or length
_SOURCE_FIELDS = len(RowSource.__struct_fields__)

_SUB, _ITEM, _STEP, _CTL = 1, 3, 4, 7  # columns of a p row, as in policies/model.conf
_KIND, _ARG = 3, 4  # and of a p2 row


Buffer = bytes | memoryview


class PreparedFrom(NamedTuple):
    """Digests of the files a prepared form was made from."""

    model: str
    policy: str
    manifest: str


def prepare(
    rows: Sequence[Row], duties: Sequence[Row], key_columns: tuple[int, ...], manifest: Manifest, made_from: PreparedFrom
) -> bytes:
    """Write the buffer. `rows` are the p rows in their order, `duties` the p2 rows."""
    texts = _Texts()
    grouped = _by_key(rows, key_columns)
    width = len(rows[0]) - 1
    cells, sources, keys = array("I"), array("I"), []
    for key, found in grouped:
        keys.append((_hash(key), len(cells) // width, len(found)))
        for row in found:
            cells.extend(map(texts.number, row[:-1]))
            sources.extend(map(texts.number, map(str, msgspec.structs.astuple(manifest.rows[row[0]]))))
    documents = _Documents()
    for name, item in manifest.items.items():
        documents.add(f"item {name}", item)
    for name, post in manifest.posts.items():
        documents.add(f"post {name}", post)
    for key, found in _by_key(duties, (1, 2)):
        owed = [[*row[:-1], manifest.rows[row[0]].basis] for row in found if row[_KIND] != FLAG]
        flags = [_flag(row, manifest.rows[row[0]]) for row in found if row[_KIND] == FLAG]
        documents.add(f"duties {key[0]} {key[1]}", [owed, flags])
    for holder, powers in _grants(rows).items():
        documents.add(f"grants {holder}", sorted(powers))
    documents.add("items", list(manifest.items))
    documents.add("posts", list(manifest.posts))
    documents.add("obligations", sorted({row[_KIND] for row in duties} - {FLAG}))
    documents.add("incompatible", manifest.incompatible)
    parts = {**texts.parts(), "cells": cells.tobytes(), "sources": sources.tobytes()}
    parts |= {"keys": _table(keys), "documents": _table(documents.slots), "texts": bytes(documents.data)}
    facts = {
        "made_from": made_from._asdict(),
        "digest": manifest.digest,
        "sources": manifest.sources,
        "calendar": msgspec.to_builtins(manifest.calendar),
        "organs": {name: msgspec.to_builtins(organ) for name, organ in manifest.organs.items()},
        "rows": len(rows),
        "width": width,
        "key_columns": key_columns,
    }
    return _assembled(facts, parts)


def _flag(row: Row, source: RowSource) -> list[str]:
    kind, _, arg = row[_ARG].partition(":")
    return [row[0], kind, arg, source.rule, source.basis, f"{source.file}:{source.line}", source.note]


def _grants(rows: Sequence[Row]) -> dict[str, set[tuple[str, str]]]:
    """The steps each post holds, for searches."""
    grants: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        if row[_SUB] != ANY:
            grants.setdefault(row[_SUB], set()).add((row[_ITEM], row[_STEP]))
    return grants


def _by_key(rows: Sequence[Row], columns: tuple[int, ...]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Rows by key, in the order in which keys first appear. The compiler writes them side by side already."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for key, found in groupby(rows, key=itemgetter(*columns)):
        groups.setdefault(key, []).extend(found)
    return list(groups.items())


def _hash(key: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(key).encode(), digest_size=8).digest(), "little")


class _Texts:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def parts(self) -> dict[str, bytes]:
        offsets, data = array("Q", [0]), bytearray()
        for text in self._numbers:
            data += text.encode()
            offsets.append(len(data))
        return {"offsets": offsets.tobytes(), "strings": bytes(data)}


class _Documents:
    def __init__(self) -> None:
        self.slots: list[tuple[int, int, int]] = []
        self.data = bytearray()

    def add(self, name: str, value: object) -> None:
        encoded = msgspec.json.encode([name, value])
        self.slots.append((_hash((name,)), len(self.data), len(encoded)))
        self.data += encoded


def _table(entries: Sequence[tuple[int, int, int]]) -> bytes:
    """An open hash table, at most half full; an empty slot has the number 0 at its end."""
    size = 2
    while size < 2 * len(entries):
        size *= 2
    slots: list[tuple[int, int, int]] = [(0, 0, 0)] * size
    for entry in entries:
        place = entry[0] % size
        while slots[place][2]:
            place = (place + 1) % size
        slots[place] = entry
    return b"".join(_SLOT.pack(*slot) for slot in slots)


def _assembled(facts: dict[str, Any], parts: Mapping[str, bytes]) -> bytes:
    body, places = bytearray(), {}
    for name, data in parts.items():
        body += b"\x00" * (-len(body) % 8)
        places[name] = [len(body), len(data)]
        body += data
    head = json.dumps({**facts, "parts": places}).encode()
    head += b" " * (-(len(head) + _HEAD.size) % 8)
    return _HEAD.pack(MAGIC, len(head), hashlib.sha256(head + body).digest()) + head + bytes(body)


class StepRows(NamedTuple):
    """The rows of one key, decoded: with where each comes from, and what an allow of the step brings with it.

    `duties` are id, item, step, kind, argument, article; `flags` id, kind, argument, rule, article, file:line, note; `controls`
    the kinds of controls among the rows."""

    rows: Sequence[Row]
    sources: Mapping[int, RowSource]
    duties: Sequence[Sequence[str]]
    controls: frozenset[str]
    flags: Sequence[Sequence[str]] = ()


NO_ROWS = StepRows((), {}, (), frozenset())


class Prepared:
    """A buffer, opened. Raises PolicyError when it is damaged; `prove` reads all of it once for that."""

    def __init__(self, buffer: Buffer, *, prove: bool = True) -> None:
        self.buffer = view = memoryview(buffer)
        try:
            magic, length, digest = _HEAD.unpack_from(view)
            sound = magic == MAGIC and (not prove or hashlib.sha256(view[_HEAD.size :]).digest() == digest)
            head = json.loads(bytes(view[_HEAD.size : _HEAD.size + length])) if sound else None
        except (struct.error, ValueError):
            head = None
        if head is None:
            raise PolicyError("PREPARED_DAMAGED")
        start = _HEAD.size + length
        self._parts = {name: view[start + at : start + at + size] for name, (at, size) in head["parts"].items()}
        self._offsets = self._parts["offsets"].cast("Q")
        self._strings, self._documents = self._parts["strings"], self._parts["texts"]
        self._cells, self._sources = self._parts["cells"].cast("I"), self._parts["sources"].cast("I")
        self._width = head["width"]
        self.made_from = PreparedFrom(**head["made_from"])
        self.digest: str = head["digest"]
        self.source_digests: Mapping[str, str] = head["sources"]
        self.row_count: int = head["rows"]
        self.key_columns = tuple(head["key_columns"])
        self.calendar = Calendar({int(year): CalendarYear(**facts) for year, facts in head["calendar"].items()})
        self.organs = {name: OrganFacts(**facts) for name, facts in head["organs"].items()}
        self.items = Facts(self, "item", "items", ItemFacts)
        self.posts = Facts(self, "post", "posts", PostFacts)
        self._steps: dict[tuple[str, ...], StepRows] = {}

    # -- rows ------------------------------------------------------------------------------------------------------

    def step(self, key: tuple[str, ...]) -> StepRows:
        """The rows of a key, decoded once. A key without rows is not remembered."""
        return self._steps.get(key) or self._decoded(key)

    def _decoded(self, key: tuple[str, ...]) -> StepRows:
        for start, count in self._found("keys", key):
            rows = list(self.rows_at(start, count))
            if tuple(rows[0][n] for n in self.key_columns) == key:
                if len(self._steps) >= CACHED_STEPS:
                    self._steps = {}
                sources = {row[-1]: self.source(row[-1]) for row in rows}
                duties, flags = self.document(f"duties {' '.join(key)}") or ((), ())
                controls = frozenset([row[_CTL] for row in rows])
                self._steps[key] = StepRows(rows, sources, duties, controls, flags)
                return self._steps[key]
        return NO_ROWS

    def rows_at(self, start: int, count: int) -> Iterator[Row]:
        """Decoded rows; the number behind the cells of each is its place."""
        width = self._width
        numbers = self._cells[start * width : (start + count) * width].tolist()
        text = {number: self._text(number) for number in set(numbers)}
        for n in range(count):
            yield (*[text[number] for number in numbers[n * width : (n + 1) * width]], start + n)

    def source(self, number: int) -> RowSource:
        """Where a row comes from."""
        at = number * _SOURCE_FIELDS
        file, line, rule, basis, note = (self._text(n) for n in self._sources[at : at + _SOURCE_FIELDS])
        return RowSource(file, int(line), rule, basis, note)

    def _text(self, number: int) -> str:
        return str(self._strings[self._offsets[number] : self._offsets[number + 1]], "utf-8")

    def forget(self, count: int) -> bool:
        """Let go of some of what is kept decoded; False when nothing was left."""
        kept = [table for table in (self._steps, self.items.known, self.posts.known) if table]
        for table in kept:
            for _ in range(min(count, len(table))):
                table.popitem()
        return bool(kept)

    # -- documents -------------------------------------------------------------------------------------------------

    def document(self, name: str) -> Any:
        """The value of a document, None when there is none."""
        for at, length in self._found("documents", (name,)):
            known, value = msgspec.json.decode(self._documents[at : at + length])
            if known == name:
                return value
        return None

    def _found(self, table: str, key: Sequence[str]) -> Iterator[tuple[int, int]]:
        slots = self._parts[table]
        size = len(slots) // _SLOT.size
        wanted = _hash(key)
        place = wanted % size
        while True:
            found, at, count = _SLOT.unpack_from(slots, place * _SLOT.size)
            if not count:
                return
            if found == wanted:
                yield at, count
            place = (place + 1) % size


T = TypeVar("T")


class Facts(Mapping[str, T], Generic[T]):
    """The facts of one kind by name, each decoded when it is first asked for."""

    def __init__(self, prepared: Prepared, kind: str, listing: str, form: Callable[..., T]) -> None:
        self._prepared, self._kind, self._listing, self._form = prepared, kind, listing, form
        self.known: dict[str, T] = {}
        self._names: list[str] | None = None

    def __getitem__(self, name: str) -> T:
        known = self.known.get(name)
        if known is not None:
            return known
        document = self._prepared.document(f"{self._kind} {name}")
        if document is None:
            raise KeyError(name)
        value: T = msgspec.convert(document, self._form)
        if len(self.known) >= CACHED_DOCUMENTS:
            self.known = {}
        self.known[name] = value
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As of any mapping, without an exception for what is known."""
        known = self.known.get(name)
        return known if known is not None else super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        if self._names is None:
            self._names = self._prepared.document(self._listing)
        return iter(self._names or ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class PreparedRows(Sequence[Row]):
    """All rows as a sequence, decoded while it is walked; for what must look at every row."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    def __len__(self) -> int:
        return self._prepared.row_count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        (row,) = self._prepared.rows_at(index if index >= 0 else len(self) + index, 1)
        return row

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), 4096):
            yield from self._prepared.rows_at(start, min(4096, len(self) - start))


class PreparedIndex(NamedTuple):
    """The index over prepared rows: what `engine.index.Index` is for rows in memory."""

    prepared: Prepared
    columns: tuple[int, ...]
    split: Mapping[Any, Any] = {}  # no step has so many rows that parts by role would pay

    def rows(self, key: Any, reached: frozenset[str] | None) -> Sequence[Row]:  # noqa: ARG002 - as in Index
        return self.prepared.step(key).rows
