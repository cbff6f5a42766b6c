"""Bytes from one connection to another without gathering them: who sends too fast is told to wait.

sending transport → data_received → Flow (at most HIGH_WATER and one read more) → write, Gate → receiving transport
"""

import asyncio
from collections import deque

from adapters.enforcement.proxy.bounds import HIGH_WATER


class Flow:
    """A body that is on its way. Fed by a parser, taken piece by piece by one coroutine."""

    __slots__ = ("_fault", "_pieces", "_size", "_source", "_waiter", "begun", "ended", "held")

    def __init__(self, source: asyncio.Transport | None) -> None:
        self._source = source
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self.held = False  # whether the sender has been told to wait
        self.begun = False  # whether anything of it came, or was asked for
        self._waiter: asyncio.Future[None] | None = None
        self._fault: Exception | None = None
        self.ended = False

    def feed(self, data: bytes) -> None:
        self.begun = True
        self._pieces.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER and not self.held and self._source:
            self.held = True
            self._source.pause_reading()
        self._wake()

    def end(self) -> None:
        self.begun = self.ended = True
        self._wake()

    def fail(self, fault: Exception) -> None:
        """What was fed may still be taken; then `fault` is raised. A flow that has ended cannot fail."""
        if not self.ended and self._fault is None:
            self._fault = fault
            self._wake()

    def gathered(self) -> bytes | None:
        """All of it, where it is all there; None where more is to come."""
        if not self.ended:
            return None
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._release()
        return data

    async def piece(self) -> bytes:
        """The next piece, empty at the end. Raises what `fail` was told."""
        while not self._pieces:
            if self._fault:
                raise self._fault
            if self.ended:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = self._pieces.popleft()
        self._size -= len(data)
        if not self._pieces:
            self._release()
        return data

    def _release(self) -> None:
        self._size = 0
        if self.held and self._source:
            self.held = False
            self._source.resume_reading()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Gate:
    """Whether a transport takes more. A closed connection takes everything, to nowhere, so that nobody waits for it."""

    __slots__ = ("_waiters", "shut")

    def __init__(self) -> None:
        self.shut = False
        self._waiters: list[asyncio.Future[None]] = []

    def close(self) -> None:
        self.shut = True

    def open(self) -> None:
        self.shut = False
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def passed(self) -> None:
        while self.shut:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
