"""Whether the system behind is known to be down: a declared path of it is asked at an interval.

Down after two answers in a row that are no 2xx, or none; up again after one that is. While it is down nothing is decided for it:
what cannot be done must not enter a case. Before anything is known it counts as up. Each question has a connection of its own,
so that it proves more than a kept one does, and no full pool is taken for a system that is down.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from adapters.enforcement.proxy.upstream import LostError, NotConnectedError, Pool

FAILURES = 2  # in a row
SECONDS = 5.0  # for one answer
_WELL = range(200, 300)

log = structlog.get_logger("quanheng.proxy")


class Health:
    """Of the system at the end of a pool that nobody else uses. Asked `every` so many seconds, it answers within `seconds`."""

    def __init__(self, pool: Pool, authority: bytes, path: str, every: float, seconds: float = SECONDS) -> None:
        self._pool, self._every, self._seconds = pool, every, seconds
        self._request = b"GET %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n" % (path.encode(), authority)
        self._failures = 0
        self.known = self.down = False
        self.since = self.problem = ""

    @asynccontextmanager
    async def asked(self) -> AsyncIterator["Health"]:
        """While it is open the system is asked."""
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(self._run())
            try:
                yield self
            finally:
                asking.cancel()
        self._pool.close()

    @property
    def told(self) -> dict[str, str]:
        """For whoever asks whether the proxy is ready."""
        if self.down:
            return {"status": "down", "since": self.since, "problem": self.problem}
        return {"status": "up" if self.known else "unknown", **({"since": self.since} if self.since else {})}

    async def _run(self) -> None:
        while True:
            self._note(await self._problem())
            await asyncio.sleep(self._every)

    def _note(self, problem: str) -> None:
        self._failures = self._failures + 1 if problem else 0
        self.known, self.problem = self.known or not problem, problem
        down = self._failures >= FAILURES
        if down == self.down:
            return
        self.down, self.since = down, datetime.now(UTC).isoformat(timespec="seconds")
        if down:
            log.error("upstream is down", problem=problem)
        else:
            log.info("upstream is up")

    async def _problem(self) -> str:
        """What is wrong; empty where nothing is."""
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._status()
        except TimeoutError:
            return "no answer in time"
        except (LostError, NotConnectedError) as fault:
            return str(fault)
        return "" if status in _WELL else f"HTTP {status}"

    async def _status(self) -> int:
        connection = await self._pool.get()
        try:
            answer = await connection.begin(self._request, head_only=False, whole=True, seconds=self._seconds)
            while await answer.body.piece():
                pass
            return answer.status
        finally:
            connection.end()
