"""Who waits for a commit, and those that are patient: held until another commit comes, or for PATIENCE at most."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog

from adapters.storage.batch import Place
from sidecar.ports.records import Commit
from sidecar.ports.telling import Then

PATIENCE = 0.005  # seconds

log = structlog.get_logger("quanheng.record")


class Waiting(NamedTuple):
    commit: Commit
    then: Then[Any]
    place: Place | None = None

    def tell(self, result: object) -> None:
        """Whatever becomes of one answer, the others of its batch are told theirs."""
        try:
            self.then(result)
        except Exception as fault:  # noqa: BLE001 - the commit stands; who asked finds it again by its identifier
            log.error("an answer was lost", fault=type(fault).__name__)  # noqa: TRY400 - its message may quote a request


class Patient:
    """`over` is called on the loop where the first of them came, when its time is over."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self._held: list[Waiting] = []
        self._counted_by: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, waiting: Waiting, loop: asyncio.AbstractEventLoop) -> None:
        self._held.append(waiting)
        if self._counted_by is not loop:  # a loop that ended counts no more
            self._counted_by = loop
            loop.call_later(PATIENCE, self._end)

    def taken(self) -> list[Waiting]:
        """All of them; they wait apart no longer."""
        held, self._held = self._held, []
        return held

    def _end(self) -> None:
        self._counted_by = None
        self._over()
