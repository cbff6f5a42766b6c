"""Keys of subjects: whose personal data it is that an entry commits to. They lie outside the data folder, so that no copy of it
has them.

Promises:
  * A key that `allot` gives is durable before it returns, and was never given for another subject.
  * What is kept under a commitment is durable when `keep` returns.
  * After `destroy` no key of the slot is found, by whoever looks, and what is kept under it can be read by nobody.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec


class SubjectKey(NamedTuple):
    """A key and the slot it lies in; a subject may have several."""

    slot: int
    key: bytes


class SubjectKeys(Protocol):
    def allot(self, subject: str) -> SubjectKey:
        """The key of a subject, a fresh one where this process has none yet. Raises StoreError."""
        ...

    def key(self, slot: int) -> bytes | None:
        """None where it was destroyed, or never was."""
        ...

    def keep(self, commitment: str, sealed: bytes) -> None:
        """Keep what opens a commitment. Raises StoreError."""
        ...

    def kept(self, commitment: str) -> bytes | None: ...

    def destroy(self, slots: Iterable[int]) -> None:
        """Destroy keys for good; those that are gone already are no error. Raises StoreError."""
        ...

    def close(self) -> None: ...


class PersonalEvent(msgspec.Struct, frozen=True):
    """What a command did to personal data of the record, as its entry will tell it. `about` is the subject's token, or the
    decision that was opened; `entries` how many entries it concerns, `slots` which keys are destroyed."""

    event_id: str
    kind: Literal["erasure", "opening"]
    about: str
    basis: str
    actor: str
    entries: int = 0
    slots: tuple[int, ...] = ()


class PersonalEvents(Protocol):
    """What waits to be carried out and recorded. One that was begun MUST be found until it is recorded."""

    def waiting(self) -> Sequence[PersonalEvent]: ...

    def carry_out(self, event: PersonalEvent) -> None: ...

    def recorded(self, event: PersonalEvent) -> None: ...
