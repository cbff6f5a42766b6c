"""Signing the log's checkpoints, on the tree's thread, and who signs next.

Nothing is given to a signer that is not shown to extend the last head, and the head outside the data folder is replaced before
anybody sees the checkpoint. A key is put in force by an entry that names it: the checkpoint of which that entry is the last is
signed by it and by the one before, which signs nothing behind it (docs/reference/log-format.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint, sign
from sidecar.decision_log.events import KeyEntry, key_id
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.identity import Identity, NamedKey
from sidecar.decision_log.merkle import ProofError, verify_consistency
from sidecar.decision_log.notes import NoteError, Signer, read_key
from sidecar.errors import KeyFolderError, LogBrokenError
from sidecar.ports.log import Head, Keys, LogTree, Signed
from sidecar.ports.records import RecordReader


class Signing(NamedTuple):
    """Signs checkpoints of one log. Its methods raise LogBrokenError where the record is not what was signed."""

    origin: str
    hash: TreeHash
    head: Head

    def newest(self, tree: LogTree, now_ms: int, last: Signed | None, signers: Sequence[Signer]) -> Signed | None:
        """Of all there is; None where that is signed already."""
        size = tree.follow(last.size if last else None)
        if last is not None and size == last.size:
            return None
        return self._signed(tree, Checkpoint(self.origin, size, tree.root()), now_ms, last, signers)

    def at(self, tree: LogTree, size: int, now_ms: int, last: Signed | None, signers: Sequence[Signer]) -> Signed:
        """Of the first `size` entries, more than were signed; kept for ever."""
        tree.follow(last.size if last else None)
        checkpoint = Checkpoint(self.origin, size, tree.tree().root(size))
        return self._signed(tree, checkpoint, now_ms, last, signers, for_ever=True)

    def _signed(
        self,
        tree: LogTree,
        new: Checkpoint,
        now_ms: int,
        last: Signed | None,
        signers: Sequence[Signer],
        *,
        for_ever: bool = False,
    ) -> Signed:
        if last is not None:
            self._prove_extension(tree, read_checkpoint(last.note)[0], new)
        note = str(sign(new, signers)).encode()
        signed = Signed(new.size, max(now_ms, last.time_ms if last else 0), note)  # never earlier than the one before
        self.head.replace(note)
        tree.keep(signed, for_ever=for_ever)
        return signed

    def _prove_extension(self, tree: LogTree, old: Checkpoint, new: Checkpoint) -> None:
        proof = tree.tree().consistency(old.size, new.size)
        try:
            verify_consistency(self.hash, old.size, new.size, old.root, new.root, proof)
        except ProofError as fault:
            raise LogBrokenError(1, old.size, "RECORD_BEGINS_OTHERWISE", size=old.size, fault=fault) from fault


def next_key(reader: RecordReader, identity: Identity) -> NamedKey | None:
    """The key that the log names behind those of an identity, if any."""
    stored = reader.event("key", key_id(len(identity.keys) + 1))
    return stored and NamedKey(stored.seq, read_key(msgspec.json.decode(stored.body, type=KeyEntry).key))


def why_not_next(text: str, identity: Identity, keys: Keys | None) -> str:
    """Why a key cannot be the next of a log: its private half is not here, for one. Empty where it can."""
    try:
        key = read_key(text)
        if keys is not None:
            keys.signer(key)
    except (NoteError, KeyFolderError) as fault:
        return str(fault)
    is_ours = key.name == identity.origin and key not in [named.key for named in identity.keys]
    return "" if is_ours else "it is of another log, or has signed this one before"
