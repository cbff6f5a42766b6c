"""One pass through a copy: every entry hashed, the tree built, and everything kept beside the entries held against them.

Nothing is judged here. The pass collects what a judgement needs: the leaf hashes of the entries as they are, those the tiles and
the column beside the entries tell, the roots at the sizes somebody signed, the keys the log names, and where things differ.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from sidecar.decision_log.hashing import DIGEST_SIZE, TreeHash
from sidecar.decision_log.notes import Key, NoteError, read_key
from sidecar.decision_log.reading import Copy, Fields, Row, columns_of, fields_of, hash_of, leaf_of
from sidecar.decision_log.released import KIND, Release, release_in
from sidecar.decision_log.tiles import HEIGHT, WIDTH, Tile, TileEdge

Progress = Callable[[int, int], None]
PROGRESS_EVERY = 20_000
_MASK = WIDTH - 1


@dataclass(slots=True)
class Leaves:
    """Leaf hashes in a row."""

    data: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.data) // DIGEST_SIZE

    def __getitem__(self, index: int) -> bytes:
        return bytes(self.data[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE])

    def __iter__(self) -> Iterator[bytes]:
        return (self[index] for index in range(len(self)))

    def root(self, hash_: TreeHash, size: int) -> bytes:
        edge = TileEdge(hash_)
        edge.extend([self[index] for index in range(size)])
        return edge.root()

    def differs(self, other: "Leaves", begin: int = 0) -> int | None:
        """The first index from `begin` on at which two rows of hashes differ, within the shorter of them."""
        low, high = begin, min(len(self), len(other))
        if low >= high or self._same(other, low, high):
            return None
        while high - low > 1:  # the first difference lies in [low, high)
            middle = (low + high) // 2
            low, high = (middle, high) if self._same(other, low, middle) else (low, middle)
        return low

    def _same(self, other: "Leaves", begin: int, end: int) -> bool:
        part = slice(begin * DIGEST_SIZE, end * DIGEST_SIZE)
        return self.data[part] == other.data[part]


@dataclass(slots=True)
class Pass:
    """What a pass found. Indices count from 0; `misplaced` is the first row whose number is not its place, `beside` the first
    whose columns are not those of its entry, with their names. `emptied` are the numbers of entries whose bodies are gone."""

    hash: TreeHash
    origin: str = ""
    actual: Leaves = field(default_factory=Leaves)
    tiled: Leaves = field(default_factory=Leaves)
    column: Leaves = field(default_factory=Leaves)
    roots: dict[int, bytes] = field(default_factory=dict)
    keys: list[tuple[int, Key]] = field(default_factory=list)  # sequence number of the entry that names it
    emptied: list[int] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    misplaced: int | None = None
    beside: tuple[int, str] | None = None
    broken_tiles: list[Tile] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.actual)


_NAMES = ("id", "kind", "time_ms", "officer", "item", "case_id", "code", "decision")


class _Passing:
    def __init__(self, copy: Copy, sizes: Collection[int], progress: Progress | None) -> None:
        self._copy, self._progress = copy, progress
        self._stops = sorted(sizes, reverse=True)
        self.found = Pass(hash_of(copy))
        self._edge = TileEdge(self.found.hash)
        self._waiting: list[bytes] = []
        self._tiles_end = False
        self._total = copy.count()

    def run(self) -> Pass:
        self._stop_here()
        for row in self._copy.rows():
            self._take(row)
        self._flush()
        self._stop_here()
        self._compare_tiles_left()
        found = self.found
        found.roots[found.size] = self._edge.root()
        if self._progress:
            self._progress(found.size, max(found.size, self._total))
        return found

    def _take(self, row: Row) -> None:
        found, at = self.found, self._edge.size + len(self._waiting)
        leaf = leaf_of(self._copy, found.hash, row, at)
        fields: Fields = fields_of(row.body) if row.body else {"seq": row.seq}
        if not row.body:
            found.emptied.append(at + 1)
        if found.misplaced is None and not (row.seq == fields.get("seq") == at + 1):
            found.misplaced = at
        found.column.data += row.leaf if row.leaf is not None and len(row.leaf) == DIGEST_SIZE else leaf
        if row.leaf is not None and len(row.leaf) != DIGEST_SIZE and found.beside is None:
            found.beside = at, "leaf"
        if row.columns is not None and row.body and found.beside is None and row.columns != (told := columns_of(fields)):
            pairs = zip(_NAMES, row.columns, told, strict=True)
            found.beside = at, ", ".join(name for name, stored, meant in pairs if stored != meant)
        if fields.get("kind") in ("log", "key"):
            self._learn(fields, at + 1)
        elif fields.get("kind") == KIND and (release := release_in(fields, at + 1)):
            found.releases.append(release)
        self._waiting.append(leaf)
        if len(self._waiting) == WIDTH - (self._edge.size & _MASK) or at + 1 == (self._stops[-1] if self._stops else 0):
            self._flush()
            self._stop_here()
        if self._progress and at % PROGRESS_EVERY == 0:
            self._progress(at, self._total)

    def _learn(self, fields: Fields, seq: int) -> None:
        if fields["kind"] == "log":
            self.found.origin = self.found.origin or str(fields.get("origin", ""))
            return
        try:
            self.found.keys.append((seq, read_key(str(fields.get("key", "")))))
        except NoteError:
            return  # an entry that names no key: what was done to it shows in its leaf

    def _flush(self) -> None:
        leaves, self._waiting = self._waiting, []
        if leaves:
            self.found.actual.data += b"".join(leaves)
            for tile, data in self._edge.extend(leaves).items():
                if tile.width == WIDTH:
                    self._compare(tile, data)

    def _stop_here(self) -> None:
        while self._stops and self._stops[-1] <= self._edge.size:
            size = self._stops.pop()
            if size == self._edge.size:
                self.found.roots[size] = self._edge.root()

    def _compare(self, tile: Tile, data: bytes) -> None:
        """Hold a full tile against what the copy keeps of it, and remember what the copy tells of the leaves."""
        stored = self._copy.tile(tile.level or 0, tile.number)
        if tile.level == 0:
            self._tell_leaves(stored)
        if stored is not None and stored != data and not (len(stored) < len(data) and data.startswith(stored)):
            self.found.broken_tiles.append(tile)

    def _tell_leaves(self, stored: bytes | None) -> None:
        if stored is None or self._tiles_end:
            self._tiles_end = True
            return
        usable = len(stored) // DIGEST_SIZE * DIGEST_SIZE
        self.found.tiled.data += stored[:usable]
        self._tiles_end = usable < WIDTH * DIGEST_SIZE

    def _compare_tiles_left(self) -> None:
        """The partial tiles at the right edge, which may lag behind the entries, or know of more than there are."""
        for level, data in enumerate(self._edge.partial() or [b""]):
            number = self._edge.size >> HEIGHT * (level + 1)
            stored = self._copy.tile(level, number)
            if level == 0:
                self._tell_leaves(stored)
                self._tell_more(number)
            if stored is not None and not stored.startswith(data) and not data.startswith(stored):
                self.found.broken_tiles.append(Tile(level, number, max(1, len(data) // DIGEST_SIZE)))

    def _tell_more(self, number: int) -> None:
        """Tiles behind the last entry: the entries they belong to are gone."""
        while not self._tiles_end:
            number += 1
            self._tell_leaves(self._copy.tile(0, number))


def pass_through(copy: Copy, sizes: Collection[int], progress: Progress | None = None) -> Pass:
    """Read a copy once; `sizes` are those whose roots are wanted. Raises HashUnavailableError."""
    return _Passing(copy, sizes, progress).run()
