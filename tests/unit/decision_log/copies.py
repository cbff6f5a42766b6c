"""Logs in memory for the verifier: whole and signed, then changed by whoever holds the files, the tiles, or even the key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sidecar.decision_log.checkpoint import Checkpoint, sign
from sidecar.decision_log.entry import Entry, entry_bytes
from sidecar.decision_log.events import KeyEntry, LogEntry
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import Ed25519Signer
from sidecar.decision_log.reading import Row, columns_of, fields_of
from sidecar.decision_log.tiles import TileEdge
from tests.conformance.samples import an_entry

ORIGIN = "record.example/binhe"
OLD_KEY = Ed25519Signer(ORIGIN, bytes(range(32)))
NEW_KEY = Ed25519Signer(ORIGIN, bytes(range(1, 33)))
TIME = "2026-01-05T10:00:00.000+08:00"
ROTATED_AT = 7  # the sequence number of the entry that names the new key


@dataclass
class MemoryCopy:
    """A copy whose every part can be changed on its own."""

    stored: list[Row] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    notes: list[bytes] = field(default_factory=list)
    hash: str = "sha256"

    def rows(self, skip: int = 0) -> Iterator[Row]:
        return iter(self.stored[skip:])

    def count(self) -> int:
        return len(self.stored)

    def tile(self, level: int, number: int) -> bytes | None:
        return self.tiles.get((level, number))

    def checkpoints(self) -> Sequence[bytes]:
        return self.notes

    # -- what somebody does to it ----------------------------------------------------------------------------------

    def with_bodies(self, bodies: Sequence[bytes]) -> "MemoryCopy":
        """Other entries, numbered anew, with the leaf hashes and columns beside them made to fit; tiles and checkpoints as they
        were."""
        leaf = tree_hash(self.hash).leaf
        rows = [Row(n, body, leaf(body), columns_of(fields_of(body))) for n, body in enumerate(bodies, 1)]
        return replace(self, stored=rows)

    def with_tiles_made_anew(self) -> "MemoryCopy":
        """Tiles that fit the entries as they are now."""
        edge = TileEdge(tree_hash(self.hash))
        grown = edge.extend([tree_hash(self.hash).leaf(row.body) for row in self.stored])
        return replace(self, tiles={(tile.level or 0, tile.number): data for tile, data in grown.items()})

    def signed(self, *sizes: int) -> "MemoryCopy":
        """Checkpoints by whoever holds the keys, beside those that are there."""
        return replace(self, notes=[*self.notes, *(self.head(size) for size in sizes)])

    def head(self, size: int) -> bytes:
        """A signed checkpoint of the first `size` entries: by the key in force, by both where the new one begins."""
        edge = TileEdge(tree_hash(self.hash))
        edge.extend([tree_hash(self.hash).leaf(row.body) for row in self.stored[:size]])
        signers = [OLD_KEY] if size < ROTATED_AT else [NEW_KEY, OLD_KEY] if size == ROTATED_AT else [NEW_KEY]
        return str(sign(Checkpoint(ORIGIN, size, edge.root()), signers)).encode()

    @property
    def bodies(self) -> list[bytes]:
        return [row.body for row in self.stored]


def entries_of(count: int, hash_: str = "sha256", word: str = "") -> list[bytes]:
    """A log of decisions on five cases, with its identity and its keys; `word` makes another history of it from entry 9 on."""
    told: list[Entry] = [
        LogEntry(event_id="log", time=TIME, time_source="test", actor="uid 0", event="created", origin=ORIGIN, hash=hash_),
        KeyEntry(
            event_id="key-1", time=TIME, time_source="test", actor="uid 0", event="created", key=str(OLD_KEY.key), previous=""
        ),
        *(an_entry(f"d{n}", f"c{n % 5}", code=f"ALLOWED{word if n >= 9 else ''}") for n in range(3, ROTATED_AT)),
        KeyEntry(
            event_id="key-2", time=TIME, time_source="test", actor="uid 0", event="rotated", key=str(NEW_KEY.key),
            previous=str(OLD_KEY.key),
        ),
        *(an_entry(f"d{n}", f"c{n % 5}", code=f"ALLOWED{word if n >= 9 else ''}") for n in range(ROTATED_AT + 1, count + 1)),
    ]  # fmt: skip
    heads: dict[str, str] = {}
    bodies = []
    for seq, entry in enumerate(told[:count], 1):
        case = getattr(entry, "case_id", "")
        bodies.append(entry_bytes(entry, seq, heads.get(case, "") if case else ""))
        heads[case] = tree_hash(hash_).leaf(bodies[-1]).hex()
    return bodies


def a_log(count: int = 16, hash_: str = "sha256", *, sizes: Sequence[int] = (4, ROTATED_AT, 12)) -> MemoryCopy:
    """A whole log, signed at some sizes and at its end."""
    copy = MemoryCopy(hash=hash_).with_bodies(entries_of(count, hash_)).with_tiles_made_anew()
    return copy.signed(*(size for size in sizes if size < count), count)
