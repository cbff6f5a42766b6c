"""Who a log is, as its own entries tell: its origin, its hash, and the keys that signed it one after another."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from sidecar.decision_log.events import LOG_ID, KeyEntry, LogEntry, key_id
from sidecar.decision_log.notes import Key, NoteError, read_key

TRIAL = "trial.invalid/"  # of logs that `serve --insecure` makes by itself; .invalid is nobody's (RFC 2606)

Find = Callable[[str, str], tuple[int, bytes] | None]  # kind, identifier → number and bytes of an entry


class NamedKey(NamedTuple):
    """A key and the sequence number of the entry that names it."""

    seq: int
    key: Key


class Identity(NamedTuple):
    """`keys` from the first to the one in force."""

    origin: str
    hash: str
    created: str
    keys: Sequence[NamedKey]

    @property
    def key(self) -> Key:
        """The key in force."""
        return self.keys[-1].key

    @property
    def is_trial(self) -> bool:
        return self.origin.startswith(TRIAL)

    def signs(self, size: int) -> list[Key]:
        """Who signs a checkpoint of this size: the key in force there, and at its first checkpoint the one before it, too."""
        named = [n for n, (seq, _) in enumerate(self.keys) if seq <= size]
        if not named:
            return []
        last = named[-1]
        both = self.keys[last].seq == size and last > 0
        return [self.keys[last].key, *([self.keys[last - 1].key] if both else [])]


class IdentityError(ValueError):
    """Entries that should name the log or its keys and do not."""


def read_identity(find: Find) -> Identity | None:
    """None for a log of the earlier form, which has none. Raises IdentityError."""
    found = find("log", LOG_ID)
    if found is None:
        return None
    try:
        told = msgspec.json.decode(found[1], type=LogEntry)
        keys: list[NamedKey] = []
        while named := find("key", key_id(len(keys) + 1)):
            keys.append(NamedKey(named[0], read_key(msgspec.json.decode(named[1], type=KeyEntry).key)))
    except (msgspec.MsgspecError, NoteError) as fault:
        raise IdentityError(str(fault)) from None
    if not keys:
        raise IdentityError("the log names no key")
    return Identity(told.origin, told.hash, told.time, tuple(keys))
