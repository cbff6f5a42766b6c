"""An office whose decisions are recorded by the real service and made again, for tests of replay."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.storage.kept import KeptGrounds
from adapters.storage.past import RecordedPast
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.engine import Engine
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import NotKeptError
from sidecar.personnel.registers import Personnel
from sidecar.ports.records import Filter
from sidecar.service.authorize import Standing
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay, Replayed
from tests.http_api.calling import Body, Sidecar
from tests.samples import EVERYONE, SNAPSHOT


class KnownGrounds:
    """Policies in memory, registers as they are kept in a data folder."""

    def __init__(self, data: Path, policies: Mapping[str, PolicySnapshot]) -> None:
        self._kept, self._policies = KeptGrounds(data), policies

    def policy(self, digest: str) -> PolicySnapshot:
        if digest not in self._policies:
            raise NotKeptError(f"no policies with the digest {digest} are kept")
        return self._policies[digest]

    def plain(self, digest: str) -> Engine:
        return self._kept.plain(digest)

    def personnel(self, digest: str) -> Personnel:
        return self._kept.personnel(digest)


class Office:
    """The service on a record of its own. `serve` puts policies and registers in force."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.data = folder / "data"
        self.store = SqliteStore(self.data)
        self.sidecar = Sidecar(self.store, **settings)
        self.served: dict[str, PolicySnapshot] = {}
        self.serve()

    def serve(self, policy: PolicySnapshot = SNAPSHOT, people: Personnel = EVERYONE) -> None:
        self.served[policy.digest] = policy
        self.sidecar.authorizer.swap(Standing(policy, people, 0, KeptGrounds(self.data).keep_personnel(people)))

    def allowed(self, *bodies: Body) -> list[str]:
        """The identifiers of decisions that must all be allowed."""
        return [answer["decision_id"] for answer in self.sidecar.allowed(*bodies)]

    def replay(self, other: PolicySnapshot | None = None, **wanted: Any) -> tuple[list[Replayed], LogReplay]:
        past = RecordedPast(self.data)
        try:
            run = LogReplay(past, Remaker(past, KnownGrounds(self.data, self.served)), other)
            return list(run.run(Filter(**wanted))), run
        finally:
            past.close()

    def close(self) -> None:
        asyncio.run(self.store.close())

    @property
    def record(self) -> Path:
        return self.data / RECORD_FILE
