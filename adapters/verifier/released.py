"""A file that entries were released to, held against the checkpoint in it: each entry is the one at its place of the log."""

from adapters.verifier.copies import RecordCopy
from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint
from sidecar.decision_log.findings import Kind, Report
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.merkle import ProofError, verify_inclusion
from sidecar.decision_log.notes import NoteError, signed_by
from sidecar.decision_log.reading import hash_of
from sidecar.decision_log.tiles import WIDTH, TiledTree, hashes_in
from sidecar.decision_log.verifier import Trust


def verify_released(file: RecordCopy, trust: Trust) -> Report:
    """Every entry of the file under its checkpoint. Without a key of the reader nothing tells who signed: the log they left does.
    Raises NoteError, HashUnavailableError, CopyError."""
    hash_ = hash_of(file)
    notes = file.checkpoints()
    if len(notes) != 1:
        raise NoteError(f"a file of released entries has one checkpoint, this one {len(notes)}")
    checkpoint, note = read_checkpoint(notes[0])
    report = Report(checkpoint.origin, hash_.name, 0, checkpoint.root, checkpoint.size)
    tiles = _ProvenTiles(file, hash_, checkpoint)
    for row in file.rows():
        report.size += 1
        try:
            known = tiles.leaf(row.seq - 1)
        except (ProofError, ValueError) as fault:
            report.found(Kind.CHANGED, row.seq, row.seq, f"nothing proves it to be the entry at its place of the log: {fault}")
            continue
        if hash_.leaf(row.body) != known:
            report.found(Kind.CHANGED, row.seq, row.seq, "it is not the entry at its place of the log")
    report.released = report.size
    signers = signed_by(note, trust.keys) if trust.crypto else []
    report.signers = [f"{key.name} {key.id.hex()}" for key in signers]
    if trust.keys and trust.crypto and not signers:
        report.found(Kind.WRONG_KEY, 0, 0, "none of the keys signed the checkpoint of this file")
    if not signers:
        report.notes.append("no key was given: who signed is not known; hold it against its log: --released FILE")
    return report


class _ProvenTiles:
    """Leaf hashes under the root of a checkpoint. The way from one leaf of a tile to the root is made of all others in it, so it
    proves them all."""

    def __init__(self, file: RecordCopy, hash_: TreeHash, checkpoint: Checkpoint) -> None:
        self._file, self._hash, self._checkpoint = file, hash_, checkpoint
        self._tree = TiledTree(hash_, checkpoint.size, self._tile)
        self._number, self._leaves = -1, list[bytes]()

    def leaf(self, index: int) -> bytes:
        """Raises ProofError or ValueError where the tiles do not prove it."""
        number, at = divmod(index, WIDTH)
        if number != self._number:
            leaves, size = self._tile(0, number), self._checkpoint.size
            path = self._tree.inclusion(index, size)
            verify_inclusion(self._hash, leaves[at] if at < len(leaves) else b"", index, size, self._checkpoint.root, path)
            self._number, self._leaves = number, leaves[: size - number * WIDTH]
        if at >= len(self._leaves):
            raise ProofError(f"the checkpoint covers {self._checkpoint.size} entries")
        return self._leaves[at]

    def _tile(self, level: int, number: int) -> list[bytes]:
        return hashes_in(self._file.tile(level, number) or b"")
