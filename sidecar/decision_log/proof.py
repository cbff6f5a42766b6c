"""Evidence for one entry, in one file that can be verified without the log (C2SP tlog-proof): the entry, its place, the way from
it to the root, and a signed checkpoint of that root.

    c2sp.org/tlog-proof@v1
    extra base64(entry)       left out in a receipt, whose holder knows the leaf hash
    index N
    base64(hash)              one line each, from the leaf's sibling up
                              an empty line
    the checkpoint, with its signatures

`extra` is data the format leaves to the application: here the entry itself, whose leaf hash the proof is checked against.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.decision_log.checkpoint import Checkpoint, checkpoint_in, read_number
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.merkle import verify_inclusion
from sidecar.decision_log.notes import Note, NoteError, read_note, unbase64

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry with the proof that it is in the log at `index` (from 0); empty where only its leaf hash is known."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    note: Note

    @property
    def checkpoint(self) -> Checkpoint:
        return checkpoint_in(self.note.text)

    def __str__(self) -> str:
        extra = [f"extra {base64.b64encode(self.entry).decode()}"] if self.entry else []
        lines = [HEADER, *extra, f"index {self.index}", *_encoded(self.path)]
        return "\n".join(lines) + f"\n\n{self.note}"

    def verify(self, hash_: TreeHash, leaf: bytes | None = None) -> None:
        """That the entry stands at its place under the checkpoint's root, whoever signed that. Raises ProofError."""
        checkpoint = self.checkpoint
        known = leaf or hash_.leaf(self.entry)
        verify_inclusion(hash_, known, self.index, checkpoint.size, checkpoint.root, self.path)


def read_evidence(data: bytes) -> Evidence:
    """Raises NoteError for anything that is not exactly such a file."""
    try:
        head, parted, rest = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise NoteError("evidence is UTF-8") from None
    lines = head.split("\n")
    if not parted or lines[0] != HEADER:
        raise NoteError(f"evidence begins with the line {HEADER}")
    del lines[0]
    entry = unbase64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index "):
        raise NoteError("evidence has a line `index`")
    index, path = read_number(lines[0].removeprefix("index ")), lines[1:]
    if len(path) > MAX_PATH:
        raise NoteError("the path is longer than any tree is high")
    evidence = Evidence(entry, index, tuple(unbase64(line) for line in path), read_note(rest.encode()))
    checkpoint_in(evidence.note.text)
    return evidence


def _encoded(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(digest).decode() for digest in hashes]
