"""After the handshake of a WebSocket: bytes both ways, until one side ends, the time is over, or the right to it is.

The handshake was judged; what is said in the messages is not. So the route must be declared for it (`websocket: true`), and the
sidecar is asked again every `websocket_ask_seconds` whether the officer still may. When it refuses, when it gives no answer, and
after `websocket_seconds` in any case, both sides are sent a closing frame (1008, with the code) between two frames, and the
connection ends; the client may open it again, and the officer is judged anew. A side in the midst of a frame is given
`linger_seconds` to end it. One on which nothing is said for long ends without a frame.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.client import Client
from adapters.enforcement.proxy.flow import Flow, Gate
from adapters.enforcement.proxy.frames import Frames, close_frame
from adapters.enforcement.proxy.upstream import Connection
from adapters.enforcement.proxy.watch import NEVER, Watch

OVER = "TIME_IS_OVER"

Still = Callable[[], Awaitable[str]]


class _Idle:
    """Ends a tunnel on which nothing is said for too long."""

    def __init__(self, watch: Watch, seconds: float, ends: tuple[Flow, Flow]) -> None:
        self._now, self._seconds, self._ends = watch.loop.time, seconds, ends
        self.deadline = NEVER
        self.over = False
        self.touch()

    def touch(self) -> None:
        self.deadline = self._now() + self._seconds

    def overdue(self) -> None:
        self.over = True
        for flow in self._ends:
            flow.end()


class _Way:
    """One direction: from a flow to a transport."""

    def __init__(self, flow: Flow, transport: Any, gate: Gate, idle: _Idle) -> None:
        self.flow, self.transport, self._gate, self._idle = flow, transport, gate, idle
        self._frames = Frames()
        self._ending = self._said_all = False

    async def run(self) -> None:
        """Until the flow ends; once it is ending, until the frame that has begun ends."""
        while piece := await self.flow.piece():
            if self._idle.over or self.transport.is_closing():
                return
            self._idle.touch()
            self.transport.write(self._carried(piece))
            await self._gate.passed()
            if self._ending and self._frames.whole:
                return
        self._said_all = True
        if self._idle.over:
            self.transport.abort()
        elif not self.transport.is_closing() and self.transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self.transport.write_eof()

    def _carried(self, piece: bytes) -> bytes:
        if self._ending:
            return self._frames.rest(piece)
        self._frames.feed(piece)
        return piece

    def begin_to_end(self) -> bool:
        """Whether a frame is still under way."""
        self._ending = True
        return not self._frames.whole

    def say_why(self, reason: str, *, masked: bool) -> None:
        if self._frames.whole and not self._said_all and not self.transport.is_closing():
            self.transport.write(close_frame(reason, masked=masked))


async def carry(client: Client, upstream: Connection, watch: Watch, bounds: Bounds, still: Still | None = None) -> str:
    """Until both sides have ended, or the time or the right is over. Both connections are closed at the end. `still` gives the
    code of a refusal, empty where there is none; what it gave in the end is returned."""
    there, back = client.begin_tunnel(), upstream.tunnel
    if back is None:
        raise ValueError("the system behind has not switched")
    idle = _Idle(watch, bounds.websocket_idle_seconds, (there, back))
    ways = (_Way(there, upstream.transport, upstream.gate, idle), _Way(back, client.transport, client.gate, idle))
    tasks = [asyncio.create_task(way.run()) for way in ways]
    carried, over = asyncio.create_task(_carried(tasks)), asyncio.create_task(_over(still, watch.loop, bounds))
    watch.add(idle)
    reason = ""
    try:
        await asyncio.wait({carried, over}, return_when=asyncio.FIRST_COMPLETED)
        if carried.done():
            carried.result()
        else:
            reason = over.result()
            await _end(ways, tasks, reason, bounds.linger_seconds)
    finally:
        watch.discard(idle)
        for task in (carried, over, *tasks):
            task.cancel()
        await asyncio.wait({carried, over, *tasks})
        if reason:  # it may still take the frame
            upstream.deadline = watch.loop.time() + bounds.linger_seconds
            upstream.transport.close()
        else:
            upstream.end()
        client.transport.close()
    return reason


async def _carried(ways: "list[asyncio.Task[None]]") -> None:
    done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
    for way in done:
        way.result()


async def _over(still: Still | None, loop: asyncio.AbstractEventLoop, bounds: Bounds) -> str:
    """When the right to a tunnel is over: why."""
    last = loop.time() + bounds.websocket_seconds
    while (left := last - loop.time()) > 0:
        await asyncio.sleep(min(left, bounds.websocket_ask_seconds) if still else left)
        reason = await still() if still and loop.time() < last else ""
        if reason:
            return reason
    return OVER


async def _end(ways: tuple[_Way, _Way], tasks: "list[asyncio.Task[None]]", reason: str, seconds: float) -> None:
    busy = [task for way, task in zip(ways, tasks, strict=True) if way.begin_to_end() and not task.done()]
    if busy:
        await asyncio.wait(busy, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    there, back = ways
    there.say_why(reason, masked=True)
    back.say_why(reason, masked=False)
    with contextlib.suppress(TimeoutError):  # what the client still sends is dropped, lest a reset takes the frame from it
        async with asyncio.timeout(seconds):
            while await there.flow.piece():
                pass
