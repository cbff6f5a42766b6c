"""What a replay reads: the log, what lies beside its entries, and what decisions rested on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sidecar.decision.engine import Engine
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Personnel
from sidecar.ports.records import Filter, Reads

Versions = Sequence[tuple[int, bytes]]


class Past(Reads, Protocol):
    """A log that is only read. Of cases and ledgers that many sidecars share, what all logs at hand hold."""

    def released(self, wanted: Filter) -> int:
        """How many decisions among what is wanted were kept long enough and are elsewhere."""
        ...

    def events_after(self, case_id: str, version: int, upto: int) -> Versions:
        """The events that made the versions of a case behind `version` and up to `upto`, each once."""
        ...

    def changes_after(self, ledger_id: str, version: int, upto: int) -> Versions:
        """The same of a ledger's changes."""
        ...

    def kept_answer(self, caller: str, request_id: str, seq: int) -> bytes | None:
        """What a retry of the request that entry `seq` recorded would be answered."""
        ...


class Grounds(Protocol):
    """Policies and registers by their digests. All raise NotKeptError."""

    def policy(self, digest: str) -> PolicySnapshot: ...

    def personnel(self, digest: str) -> Personnel: ...

    def plain(self, digest: str) -> Engine:
        """A plain Casbin policy."""
        ...


class Items(Protocol):
    """By what people call items. Both raise NotKeptError where a version of the policies cannot be read."""

    def items_of(self, power_class: str) -> set[str]:
        """The items that are, or ever were, of a class of power."""
        ...

    def items_called(self, name: str) -> set[str]:
        """The item of this id, else those that bear the name, or ever did."""
        ...


class Library(Grounds, Items, Protocol):
    """Policies and registers, and what is told of policies beside deciding by them."""

    def rules(self, digest: str) -> Mapping[str, dict[str, str]]:
        """The rules of the catalogue of policies, by id: name in both languages, and where the law says it; none where the
        policies are not kept."""
        ...


class Kept(NamedTuple):
    """The log that is being written, and what is kept beside it."""

    past: Past
    library: Library
