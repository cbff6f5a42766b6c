"""Sidecars' stores on one server, for tests."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from adapters.storage.redis.ground import Fingerprints
from adapters.storage.redis.server import SCRIPTS, Address, Server
from adapters.storage.redis.standing import Standing
from adapters.storage.redis.store import Promises, RedisStore
from adapters.storage.sqlite import SqliteStore

KEYS = Fingerprints("party", "state")
PATIENT: dict[str, Any] = {"deadline": 5.0, "patience": 0.2, "probe_every": 0.1, "sweep_every": 0.5}


async def until(reached: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for what happens beside the requests. Raises TimeoutError: a loop may swallow the signal that ends a test."""
    async with asyncio.timeout(seconds):
        while not await reached():  # noqa: ASYNC110 - nothing rings a bell
            await asyncio.sleep(0.02)


def open_shared(folder: Path, url: str, scripts: dict[str, str] = SCRIPTS, **promises: Any) -> RedisStore:
    """The store of one sidecar whose log lies in `folder`."""
    promised = Promises(**{**PATIENT, **promises})
    own_log = SqliteStore(folder)
    server = Server(Address(url, deadline=promised.deadline), scripts)
    standing = Standing(server, folder, own_log.reader, KEYS, promised.replicas, on_disk=promised.on_disk)
    return RedisStore(own_log, server, standing, promised)
