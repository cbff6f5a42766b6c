"""What a witness does (C2SP tlog-witness): it cosigns a checkpoint that extends the one it cosigned last, and nothing else.

    old SIZE
    base64(hash)           the consistency proof from that size, at most 63 lines
                           an empty line
    the checkpoint

The size must be the one the witness remembers, or 409 and that size is answered. Of two requests at once only one can move the
witness on: remembering the new size and comparing the old one are a single step, done before the signature is given away.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sidecar.decision_log.checkpoint import Checkpoint, checkpoint_in, read_number
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.merkle import ProofError, verify_consistency
from sidecar.decision_log.notes import Key, Note, NoteError, read_note, signed_by, unbase64

MAX_PROOF = 63
OK, BAD, FORBIDDEN, UNKNOWN, CONFLICT, INCONSISTENT = 200, 400, 403, 404, 409, 422
SIZE_TYPE = "text/x.tlog.size"


class KnownLog(NamedTuple):
    """A log whose checkpoints are cosigned: its keys, and its hash (the protocol's own is SHA-256)."""

    keys: tuple[Key, ...]
    hash: TreeHash


class Seen(NamedTuple):
    """What a witness cosigned last of a log."""

    size: int
    root: bytes


class Refusal(NamedTuple):
    """An answer that is no signature; `size` is told where the asker is to prove from there."""

    status: int
    told: str
    size: int | None = None


class Asked(NamedTuple):
    """A request that was understood and is of a known log."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note
    log: KnownLog


def read_asked(body: bytes, logs: Mapping[str, KnownLog]) -> Asked | Refusal:
    """The request, if it is one, of a known log, signed by it."""
    try:
        head, parted, rest = body.decode().partition("\n\n")
        old, *lines = head.split("\n")
        if not parted or not old.startswith("old ") or len(lines) > MAX_PROOF:
            return Refusal(BAD, "a request is an `old` line, at most 63 hashes, an empty line and a checkpoint")
        size, proof = read_number(old.removeprefix("old ")), tuple(unbase64(line) for line in lines)
        note = read_note(rest.encode())
        checkpoint = checkpoint_in(note.text)
    except (NoteError, UnicodeDecodeError) as fault:
        return Refusal(BAD, str(fault))
    log = logs.get(checkpoint.origin)
    if log is None:
        return Refusal(UNKNOWN, f"the log {checkpoint.origin} is not known here")
    return _signed(Asked(size, proof, checkpoint, note, log))


def _signed(asked: Asked) -> Asked | Refusal:
    try:
        signers = signed_by(asked.note, asked.log.keys)
    except NoteError as fault:
        return Refusal(FORBIDDEN, str(fault))
    if not signers:
        return Refusal(FORBIDDEN, f"no known key of {asked.checkpoint.origin} signed the checkpoint")
    if asked.old > asked.checkpoint.size:
        return Refusal(BAD, "the old size is larger than the checkpoint's")
    return asked


def judge(asked: Asked, seen: Seen | None) -> Refusal | None:
    """None when the checkpoint may be cosigned, given what was cosigned last."""
    known = seen.size if seen else 0
    if asked.old != known:
        return Refusal(CONFLICT, f"{known}\n", known)
    if seen and asked.old == asked.checkpoint.size and seen.root != asked.checkpoint.root:
        return Refusal(CONFLICT, f"another root of {known} entries was cosigned\n")
    root = seen.root if seen else asked.log.hash.empty
    try:
        verify_consistency(asked.log.hash, known, asked.checkpoint.size, root, asked.checkpoint.root, asked.proof)
    except ProofError as fault:
        return Refusal(INCONSISTENT, f"the checkpoint does not extend the one of {known} entries: {fault}")
    if asked.checkpoint.size == 0 and asked.checkpoint.root != asked.log.hash.empty:
        return Refusal(INCONSISTENT, "the root of an empty log is not this")
    return None
