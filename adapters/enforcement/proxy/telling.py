"""Telling duties to an address: each line of the file of duties that is to be told, in order, until it is taken.

Taken is a 2xx. Anything else is tried again, later and later, for as long as it takes: a duty is never dropped, and none is told
before those that stand before it. After a crash, and where an answer was lost, one may be told twice; the header
`Idempotency-Key` is then the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import msgspec
import structlog

from adapters.enforcement.proxy.duty_file import DutyFile

SECONDS = 5.0  # to take one
LIMIT = 10_000  # that may wait before no more are taken on
_PAUSES = (1.0, 60.0)  # seconds between two attempts: the first, and the longest

log = structlog.get_logger("quanheng.proxy")

Tell = Callable[[bytes, str], Coroutine[Any, Any, None]]


class NotTakenError(Exception):
    """Whoever is told has not taken it."""


class Telling:
    """`tell` is given a line and its key, and raises NotTakenError."""

    def __init__(self, file: DutyFile, tell: Tell, limit: int = LIMIT, pauses: tuple[float, float] = _PAUSES) -> None:
        self._file, self._tell, self._limit = file, tell, limit
        self._pause, self._longest = pauses
        self._place, self.waiting = file.told, 0
        self._more = asyncio.Event()
        self._count()

    @property
    def full(self) -> bool:
        return self.waiting >= self._limit

    def more(self, count: int) -> None:
        """So many have been written that are to be told."""
        self.waiting += count
        self._more.set()

    async def run(self) -> None:
        """For as long as the proxy runs."""
        while True:
            self._more.clear()
            try:
                lines = await asyncio.to_thread(self._file.lines_from, self._place)
            except OSError as fault:
                log.error("duties cannot be read", problem=fault.strerror or str(fault))  # noqa: TRY400 - expected
                await asyncio.sleep(self._longest)
                continue
            for line in lines:
                await self._told(line)
                self._place += len(line)
            if lines:
                await self._keep()
            else:
                await self._more.wait()

    async def _told(self, line: bytes) -> None:
        key = _key_if_told(line)
        if key is None:
            return
        pause = self._pause
        while True:
            try:
                await self._tell(line, key)
                break
            except NotTakenError as fault:
                log.warning("duty not told", duty=key, problem=str(fault), waiting=self.waiting, again_in=pause)
            await self._keep()
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._longest)
        self.waiting -= 1

    async def _keep(self) -> None:
        try:
            await asyncio.to_thread(self._file.keep_told, self._place)
        except OSError as fault:  # then some are told twice
            log.warning("place of what was told not kept", problem=fault.strerror or str(fault))

    def _count(self) -> None:
        place = self._place
        while lines := self._file.lines_from(place):
            self.waiting += sum(_key_if_told(line) is not None for line in lines)
            place += sum(map(len, lines))


def _key_if_told(line: bytes) -> str | None:
    """None for a line that is only recorded, and for one that is none of ours."""
    try:
        said = msgspec.json.decode(line)
        key = f"{said['decision_id']}/{said['obligation']['id']}{'/failed' if said['failed'] else ''}"
        return key if said["notify"] is True else None
    except (msgspec.MsgspecError, LookupError, TypeError):
        return None


def over_http(client: httpx.AsyncClient, address: str) -> Tell:
    async def tell(line: bytes, key: str) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                headers = {"content-type": "application/json", "idempotency-key": key}
                answer = await client.post(address, content=line, headers=headers)
        except TimeoutError:
            raise NotTakenError("no answer in time") from None
        except httpx.HTTPError as fault:
            raise NotTakenError(str(fault) or type(fault).__name__) from fault
        if not answer.is_success:
            raise NotTakenError(f"HTTP {answer.status_code}")

    return tell
