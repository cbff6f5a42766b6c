"""A service for each test: one that forgets, one on the disk, and each of the two in turn."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.storage.sqlite import SqliteStore
from tests.http_api.calling import Sidecar


@pytest.fixture
def sidecar() -> Sidecar:
    return Sidecar()


_UNTOUCHED: list[Sidecar] = []


@pytest.fixture
def untouched() -> Sidecar:
    """For requests that are refused before anything is done. Building a service takes ten times as long as asking it, so it is
    used again until somebody leaves an entry behind."""
    if not _UNTOUCHED or _UNTOUCHED[-1].entries():
        _UNTOUCHED.append(Sidecar())
    return _UNTOUCHED[-1]


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Sidecar]:
    store = SqliteStore(tmp_path / "data")
    yield Sidecar(store)
    asyncio.run(store.close())


@pytest.fixture(params=["memory", "sqlite"])
def either(request: pytest.FixtureRequest) -> Sidecar:
    made: Sidecar = request.getfixturevalue("sidecar" if request.param == "memory" else "durable")
    return made
