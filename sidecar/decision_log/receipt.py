"""A receipt: the log's signed word, given with an answer, that this decision stands in it at this place.

    quanheng.receipt/v1
    origin
    index
    base64(leaf hash)
    time

A signed note like a checkpoint, told apart from one by its first line. It is given before the next checkpoint is signed. Whoever
keeps it can later hold the log to it: the proof for that index must lead from that very leaf, or the log has broken its word.
"""

import base64
from dataclasses import dataclass

from sidecar.decision_log.checkpoint import read_number
from sidecar.decision_log.hashing import DIGEST_SIZE
from sidecar.decision_log.notes import Note, NoteError, Signer, check_name, read_note, unbase64

HEADER = "quanheng.receipt/v1"
_LINES = 5


@dataclass(frozen=True, slots=True)
class Receipt:
    """`index` counts from 0; `time` is that of the entry, ISO 8601."""

    origin: str
    index: int
    leaf: bytes
    time: str

    def text(self) -> str:
        return f"{HEADER}\n{self.origin}\n{self.index}\n{base64.b64encode(self.leaf).decode()}\n{self.time}\n"

    def signed(self, signer: Signer) -> Note:
        return Note(self.text(), (signer.sign(self.text()),))


def read_receipt(data: bytes) -> tuple[Receipt, Note]:
    """A receipt, its signature not yet checked. Raises NoteError."""
    note = read_note(data)
    lines = note.text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != HEADER:
        raise NoteError(f"a receipt begins with the line {HEADER} and has {_LINES} lines")
    leaf = unbase64(lines[3])
    if len(leaf) != DIGEST_SIZE:
        raise NoteError(f"the leaf hash of a receipt has {DIGEST_SIZE} bytes")
    return Receipt(check_name(lines[1]), read_number(lines[2]), leaf, lines[4]), note
