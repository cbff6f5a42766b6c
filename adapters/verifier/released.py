"""A file that entries were released to, held against the checkpoint in it: each entry is the one at its place of the log."""

from adapters.verifier.copies import RecordCopy
from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.findings import Kind, Report
from sidecar.decision_log.merkle import ProofError, verify_inclusion
from sidecar.decision_log.notes import NoteError, signed_by
from sidecar.decision_log.reading import hash_of
from sidecar.decision_log.tiles import TiledTree, hashes_in
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
    tree = TiledTree(hash_, checkpoint.size, lambda level, number: hashes_in(file.tile(level, number) or b""))
    for row in file.rows():
        report.size += 1
        try:
            path = tree.inclusion(row.seq - 1, checkpoint.size)
            verify_inclusion(hash_, hash_.leaf(row.body), row.seq - 1, checkpoint.size, checkpoint.root, path)
        except (ProofError, ValueError) as fault:
            report.found(Kind.CHANGED, row.seq, row.seq, f"it is not the entry at its place of the log: {fault}")
    report.released = report.size
    signers = signed_by(note, trust.keys) if trust.crypto else []
    report.signers = [f"{key.name} {key.id.hex()}" for key in signers]
    if trust.keys and trust.crypto and not signers:
        report.found(Kind.WRONG_KEY, 0, 0, "none of the keys signed the checkpoint of this file")
    if not signers:
        report.notes.append("no key was given: who signed is not known; hold it against its log: --released FILE")
    return report
