"""What `quanheng proxy` fulfils itself, as long as it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from adapters.enforcement.proxy.duties import Duties
from adapters.enforcement.proxy.duty_file import DutyFile
from adapters.enforcement.proxy.telling import Telling, over_http
from adapters.enforcement.routes import ProxyDuties
from sidecar.errors import SettingsError


class Fulfilling(NamedTuple):
    """What, the file for it, and where it is told."""

    ways: ProxyDuties
    file: DutyFile
    address: str | None


def fulfilling_of(ways: ProxyDuties, folder: Path | None, address: str | None) -> Fulfilling | None:
    """None where the route file declares nothing. Raises SettingsError where file and options do not fit."""
    if bool(ways.types) != (folder is not None):
        raise SettingsError("DUTIES_APART")
    if bool(ways.notify) != (address is not None):
        raise SettingsError("NOTIFY_APART")
    return None if folder is None else Fulfilling(ways, DutyFile(folder), address)


@asynccontextmanager
async def duties_of(fulfilling: Fulfilling | None) -> AsyncIterator[Duties | None]:
    """While it is open, what is to be told is told."""
    if fulfilling is None:
        yield None
        return
    ways, file, address = fulfilling
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as tasks:
            telling = Telling(file, over_http(client, address)) if address else None
            running = tasks.create_task(telling.run()) if telling else None
            try:
                yield Duties(ways, file, telling)
            finally:
                if running:
                    running.cancel()
    finally:
        file.close()
