"""A checkpoint: which log, how many entries, which root (C2SP tlog-checkpoint); signed by the log and by its witnesses.

    origin
    size
    base64(root)

Whoever keeps one signed checkpoint can later hold the log to it: a log that changes, loses or inserts anything before that size
can no longer show a consistency proof from it.
"""

import base64
import re
from collections.abc import Iterable
from typing import NamedTuple

from sidecar.decision_log.hashing import DIGEST_SIZE
from sidecar.decision_log.merkle import MAX_SIZE
from sidecar.decision_log.notes import Key, Note, NoteError, Signer, check_name, read_note, signed_by, unbase64

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def __str__(self) -> str:
        return f"{self.origin} at {self.size} entries"


def sign(checkpoint: Checkpoint, signers: Iterable[Signer]) -> Note:
    """The checkpoint as a signed note."""
    text = checkpoint.text()
    return Note(text, tuple(signer.sign(text) for signer in signers))


def read_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    """A signed checkpoint, its signatures not yet checked. Raises NoteError."""
    note = read_note(data)
    return checkpoint_in(note.text), note


def checkpoint_in(text: str) -> Checkpoint:
    """Raises NoteError. Lines behind the third are refused: this log writes none, and nobody audits them."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines, each ended
        raise NoteError("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[0], read_number(lines[1]), unbase64(lines[2])
    if len(root) != DIGEST_SIZE:
        raise NoteError(f"the root of a checkpoint has {DIGEST_SIZE} bytes")
    return Checkpoint(check_name(origin), size, root)


def open_checkpoint(data: bytes, origin: str, keys: Iterable[Key]) -> tuple[Checkpoint, Note, list[Key]]:
    """A checkpoint of that log, signed by at least one of the keys; which of them is told. Raises NoteError."""
    checkpoint, note = read_checkpoint(data)
    if checkpoint.origin != origin:
        raise NoteError(f"the checkpoint is of the log {checkpoint.origin}, not of {origin}")
    signers = signed_by(note, keys)
    if not signers:
        raise NoteError(f"none of the known keys signed the checkpoint of {checkpoint}")
    return checkpoint, note, signers


def read_number(text: str) -> int:
    """A whole number in its one spelling. Raises NoteError."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise NoteError(f"{text[:30]!r} is not a number in its one spelling")
    return int(text)
