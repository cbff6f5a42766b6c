"""The proxy on an event loop: clients in front, connections behind, and an end that loses no answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.client import Client
from adapters.enforcement.proxy.exchange import Exchanges
from adapters.enforcement.proxy.reverse_proxy import ReverseProxy
from adapters.enforcement.proxy.upstream import Connect, Pool
from adapters.enforcement.proxy.watch import Watch


class Serving:
    """To be made on the loop it runs on. `client` makes the protocol for one connection of a client."""

    def __init__(self, proxy: ReverseProxy, connect: Connect, authority: bytes, watch: Watch, bounds: Bounds) -> None:
        self._bounds, self._watch = bounds, watch
        self._pool = Pool(connect, watch, bounds, bounds.upstreams)
        self._clients: set[Client] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._exchanges = Exchanges(proxy, self._pool, authority, self._later)

    def client(self) -> Client:
        return Client(self._exchanges.serve, self._watch, self._bounds, self._clients)

    async def stop(self) -> None:
        """Let requests that are being served have their answers, for `stop_seconds`; then end whatever is left."""
        for client in tuple(self._clients):
            client.stop()
        serving = [client.task for client in self._clients if client.task]
        waited = {*serving, *self._tasks}
        if waited:
            await asyncio.wait(waited, timeout=self._bounds.stop_seconds)
        for client in tuple(self._clients):
            client.cut()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._bounds.stop_seconds)
        self._pool.close()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._watch.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
