"""What a replay reads: the log, what lies beside its entries, and what decisions rested on."""

from collections.abc import Sequence
from typing import Protocol

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
