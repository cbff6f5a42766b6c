"""The log as something that proves itself: its tree, its head outside, who signs it, who witnesses it.

Promises:
  * `follow` returns when the tree holds every entry that is durable; an entry that was answered for and is not there raises
    LogBrokenError.
  * A checkpoint MUST be in the head file before it is kept, served or sent anywhere; the head never goes back to a smaller size.
  * A signer signs what it is given. That it is an extension of what was signed before is for the keeper to prove, each time.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sidecar.decision_log.notes import Key, Signature, Signer
from sidecar.decision_log.tiles import TiledTree


class Signed(NamedTuple):
    """A signed checkpoint as it is kept; `time_ms` since the epoch, never before that of a smaller one."""

    size: int
    time_ms: int
    note: bytes


class LogTree(Protocol):
    """One thread at a time."""

    @property
    def size(self) -> int: ...

    def follow(self, upto: int | None = None) -> int: ...

    def root(self) -> bytes: ...

    def tree(self) -> TiledTree: ...

    def tile(self, level: int, number: int) -> bytes | None: ...

    def keep(self, signed: Signed, *, for_ever: bool = False) -> None: ...

    def keep_for_ever(self, size: int) -> None: ...

    def last(self) -> Signed | None: ...

    def covering(self, size: int) -> Signed | None: ...

    def checkpoints(self) -> Sequence[bytes]: ...

    def close(self) -> None: ...


class Head(Protocol):
    """Where the largest signed head stands, outside the data folder."""

    def read(self) -> bytes | None: ...

    def replace(self, note: bytes) -> None: ...


class Witness(Protocol):
    """Somebody outside who cosigns checkpoints that extend what they cosigned before."""

    @property
    def key(self) -> Key: ...

    async def cosign(self, note: str, size: int, tree: TiledTree) -> Signature:
        """Raises WitnessError when it cannot be reached or does not agree."""
        ...


class Keys(Protocol):
    """The private keys of this log."""

    def signer(self, key: Key) -> Signer:
        """Raises KeyFolderError where it is not here."""
        ...

    def destroy(self, key: Key) -> None:
        """Take a key away for good; one that is gone already is no error."""
        ...


class Notices(Protocol):
    """What commands of this machine tell the running service: that a checkpoint was anchored, that another key shall sign."""

    def take(self) -> Sequence[dict[str, str]]:
        """Every notice not taken yet; each is given once."""
        ...


__all__ = ["Head", "Keys", "LogTree", "Notices", "Signed", "Signer", "Witness"]
