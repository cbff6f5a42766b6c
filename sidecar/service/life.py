"""The life of a service: what begins before the first answer and ends after the last, and is told in the log."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.ports.records import RecordStore
from sidecar.service.log_keeper import LogKeeper


class InForce(NamedTuple):
    """Digests of the policies and the personnel registers that serve."""

    policy: str
    personnel: str


@dataclass
class ServiceLife:
    """What begins with a service and ends with it, in the loop that serves and after it."""

    store: RecordStore
    keeper: LogKeeper
    in_force: Callable[[], InForce]
    warnings: Sequence[str] = ()
    _keeping: "asyncio.Task[None] | None" = None
    _ended: bool = False

    async def begin(self) -> None:
        """Before anything is answered."""
        await self.store.start()
        await self.keeper.begin(*self.in_force())
        self._keeping = asyncio.get_running_loop().create_task(self.keeper.run())

    async def end(self) -> None:
        """After everything is answered; a second time does nothing."""
        if self._ended:
            return
        self._ended = True
        if self._keeping is not None and not self._keeping.get_loop().is_closed():
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self.keeper.end(*self.in_force())
        await self.store.close()
