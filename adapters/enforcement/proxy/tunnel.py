"""After the handshake of a WebSocket: bytes both ways, until one side ends or the time is over.

The handshake was judged; what is said in the messages is not. So the route must be declared for it (`websocket: true`), and the
connection has a limit: after `websocket_seconds` it ends, the client opens it again, and the officer is judged anew. Nothing
tells the proxy earlier that an appointment has ended. The connection ends without a closing frame of the proxy's own, since it
does not know where a message ends.
"""

import asyncio
import contextlib
from typing import Any

from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.client import Client
from adapters.enforcement.proxy.flow import Flow, Gate
from adapters.enforcement.proxy.upstream import Connection
from adapters.enforcement.proxy.watch import NEVER, Watch


class _Life:
    """How long a tunnel may still live."""

    def __init__(self, watch: Watch, bounds: Bounds, ends: tuple[Flow, Flow]) -> None:
        self._now, self._idle, self._ends = watch.loop.time, bounds.websocket_idle_seconds, ends
        self._last = self._now() + bounds.websocket_seconds
        self.deadline = NEVER
        self.over = False
        self.touch()

    def touch(self) -> None:
        self.deadline = min(self._now() + self._idle, self._last)

    def overdue(self) -> None:
        self.over = True
        for flow in self._ends:
            flow.end()


async def carry(client: Client, upstream: Connection, watch: Watch, bounds: Bounds) -> None:
    """Until both sides have ended, or the time is over. Both connections are closed at the end."""
    there, back = client.begin_tunnel(), upstream.tunnel
    if back is None:
        raise ValueError("the system behind has not switched")
    life = _Life(watch, bounds, (there, back))
    watch.add(life)
    try:
        await asyncio.gather(
            _one_way(there, upstream.transport, upstream.gate, life), _one_way(back, client.transport, client.gate, life)
        )
    finally:
        watch.discard(life)
        upstream.end()
        client.transport.close()


async def _one_way(flow: Flow, transport: Any, gate: Gate, life: _Life) -> None:
    while piece := await flow.piece():
        if life.over or transport.is_closing():
            return
        life.touch()
        transport.write(piece)
        await gate.passed()
    if life.over:
        transport.abort()
    elif not transport.is_closing() and transport.can_write_eof():
        with contextlib.suppress(OSError, RuntimeError):
            transport.write_eof()
