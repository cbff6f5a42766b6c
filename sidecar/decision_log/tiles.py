"""The tree cut into tiles, as in C2SP tlog-tiles: up to 256 hashes beside one another, eight levels of the tree apart.

Tile n of level l holds the hashes of leaves [(256n + i)·256^l, (256n + i + 1)·256^l) for i from 0. A tile of 256 is full and
never changes again; its own root is one hash in the tile above. The rightmost tiles are partial and grow. Any hash of the tree is
made from the hashes of one tile, so a proof reads one or two tiles for each eight levels, however large the log is.

Entries are served in bundles of 256, each entry behind its length in two bytes; hence no entry is longer than 65,535 bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sidecar.decision_log.hashing import DIGEST_SIZE, TreeHash
from sidecar.decision_log.merkle import Range, bagged, consistency_ranges, inclusion_ranges, peaks

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63
ENTRIES = "entries"

_LENGTH_BYTES = 2


class Tile(NamedTuple):
    """One tile: its level (None for a bundle of entries), its number within the level, and how many hashes or entries it has."""

    level: int | None
    number: int
    width: int = WIDTH

    def path(self) -> str:
        """Where it is served: tile/1/x001/234, tile/0/017.p/5, tile/entries/000."""
        thousands = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            thousands.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{ENTRIES if self.level is None else self.level}/{'/'.join(thousands)}{partial}"


class TilePathError(ValueError):
    """A path that is not the one spelling of a tile."""


def tile_at(path: str) -> Tile:
    """The tile behind a path that begins with tile/. Raises TilePathError; every tile has exactly one path."""
    try:
        tile = _read_path(path)
    except (ValueError, IndexError):
        raise TilePathError(f"{path!r} is no path of a tile") from None
    if tile.path() != path:
        raise TilePathError(f"{path!r} is no path of a tile, {tile.path()} would be")
    return tile


def _read_path(path: str) -> Tile:
    _, level, *digits = path.split("/")
    width = WIDTH
    if len(digits) > 1 and digits[-2].endswith(".p"):
        width = _number(digits.pop())
        digits[-1] = digits[-1].removesuffix(".p")
    number = int("".join(str(_number(part.removeprefix("x"))).zfill(3) for part in digits))
    found = None if level == ENTRIES else _number(level)
    if not 0 < width <= WIDTH or (found or 0) > MAX_LEVEL or number > 2**55:
        raise ValueError(path)
    return Tile(found, number, width)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of this size, level by level; the last of a level may be partial, none is empty."""
    level, count = 0, size
    while count:
        full, partial = divmod(count, WIDTH)
        yield from (Tile(level, number) for number in range(full))
        if partial:
            yield Tile(level, full, partial)
        level, count = level + 1, full


def bundles_of(size: int) -> Iterator[Tile]:
    """Every bundle of entries of a log of this size."""
    full, partial = divmod(size, WIDTH)
    yield from (Tile(None, number) for number in range(full))
    if partial:
        yield Tile(None, full, partial)


def hashes_in(data: bytes) -> list[bytes]:
    return [data[n : n + DIGEST_SIZE] for n in range(0, len(data), DIGEST_SIZE)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as they are served. Raises ValueError for one that is too long."""
    parts = []
    for entry in entries:
        if len(entry) >= 1 << 8 * _LENGTH_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes has no place in a bundle")
        parts += [len(entry).to_bytes(_LENGTH_BYTES, "big"), entry]
    return b"".join(parts)


def entries_in(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError where it is cut short."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        begin = at + _LENGTH_BYTES
        end = begin + int.from_bytes(data[at:begin], "big")
        if begin > len(data) or end > len(data):
            raise ValueError(f"the bundle ends within its entry {len(found)}")
        found.append(data[begin:end])
        at = end
    return found


ReadTile = Callable[[int, int], list[bytes]]  # level, number → the hashes known of it


class TiledTree:
    """A tree whose hashes are looked up in tiles; `read` may give more hashes of a tile than the size has, never fewer."""

    def __init__(self, hash_: TreeHash, size: int, read: ReadTile) -> None:
        self._hash, self.size, self._read = hash_, size, read

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree as it was at `size`, now by default."""
        upto = self.size if size is None else size
        if upto > self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {upto}")
        return self.range_hash(0, upto)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that leaf `index` is in the tree of `size`. Raises ValueError."""
        self._within(size)
        return self._hashes(inclusion_ranges(index, size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `new` begins with that of `old`. Raises ValueError."""
        self._within(new)
        return self._hashes(consistency_ranges(old, new))

    def range_hash(self, begin: int, end: int) -> bytes:
        """The hash over a range that is a node of a tree, or the right edge of one."""
        return bagged(self._hash, [self._perfect(*peak) for peak in peaks(begin, end)])

    def _within(self, size: int) -> None:
        if size > self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")

    def _hashes(self, ranges: Iterable[Range]) -> list[bytes]:
        return [self.range_hash(*leaves) for leaves in ranges]

    def _perfect(self, begin: int, end: int) -> bytes:
        """A perfect subtree: one hash of a tile, or the root over a power of two of them."""
        height = (end - begin).bit_length() - 1
        level = height // HEIGHT
        number, first = divmod(begin >> HEIGHT * level, WIDTH)
        hashes = self._read(level, number)[first : first + (1 << height % HEIGHT)]
        if len(hashes) != 1 << height % HEIGHT:
            raise ValueError(f"{Tile(level, number).path()} holds too few hashes")
        while len(hashes) > 1:
            hashes = self._hash.pairs(hashes)
        return hashes[0]


class TileEdge:
    """The rightmost tile of each level, all that a growing tree must keep at hand; `edge` has their hashes from level 0 up."""

    def __init__(self, hash_: TreeHash, size: int = 0, edge: Iterable[list[bytes]] = ()) -> None:
        self._hash, self.size = hash_, size
        self._edge = [list(hashes) for hashes in edge]
        counts = [size >> HEIGHT * level & WIDTH - 1 for level in range(len(self._edge))]
        if [len(hashes) for hashes in self._edge] != counts or size >> HEIGHT * len(self._edge):
            raise ValueError("the edge is not that of a tree of this size")

    def extend(self, leaves: list[bytes]) -> dict[Tile, bytes]:
        """Add leaves; the tiles that are new or have grown, each as it is now."""
        grown: dict[tuple[int, int], list[bytes]] = {}
        at = 0
        while at < len(leaves):
            room = WIDTH - (self.size & WIDTH - 1)
            part = leaves[at : at + room]
            at += len(part)
            self._add(0, self.size >> HEIGHT, part, grown)
            self.size += len(part)
        return {Tile(level, number, len(hashes)): b"".join(hashes) for (level, number), hashes in grown.items()}

    def _add(self, level: int, number: int, part: list[bytes], grown: dict[tuple[int, int], list[bytes]]) -> None:
        if level == len(self._edge):
            self._edge.append([])
        hashes = self._edge[level]
        hashes += part
        grown[level, number] = hashes
        if len(hashes) == WIDTH:
            self._edge[level] = []
            above = hashes
            while len(above) > 1:
                above = self._hash.pairs(above)
            self._add(level + 1, number >> HEIGHT, above, grown)

    def partial(self) -> list[bytes]:
        """The rightmost tile of each level, from level 0 up; empty where the last one is full."""
        return [b"".join(hashes) for hashes in self._edge]

    def root(self) -> bytes:
        found: list[bytes] = []
        for hashes in reversed(self._edge):
            for begin, end in peaks(0, len(hashes)):
                subtree = hashes[begin:end]
                while len(subtree) > 1:
                    subtree = self._hash.pairs(subtree)
                found += subtree
        return bagged(self._hash, found)
