"""Times that run out, looked at together twice a second: one timer for all connections instead of two for each request."""

import asyncio
import math
from typing import Protocol

NEVER = math.inf


class Watched(Protocol):
    """`deadline` is a time of the loop after which `overdue` is called, once, and the deadline is NEVER again."""

    deadline: float

    def overdue(self) -> None: ...


class Watch:
    """To be made on the loop it runs on."""

    def __init__(self, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._watched: set[Watched] = set()
        self._timer = self.loop.call_later(seconds, self._look)

    def add(self, watched: Watched) -> None:
        self._watched.add(watched)

    def discard(self, watched: Watched) -> None:
        self._watched.discard(watched)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self.loop.call_later(self._seconds, self._look)
        now = self.loop.time()
        for watched in [each for each in self._watched if each.deadline <= now]:
            watched.deadline = NEVER
            watched.overdue()
