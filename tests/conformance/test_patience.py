"""A patient commit shares the sync of the next, is durable before it is told, and is never forgotten."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from adapters.storage import sqlite, waiting
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from sidecar.errors import StoreError
from sidecar.ports.records import Commit, Committed, Filter
from tests.conformance.samples import act_on

FOR_EVER = 3600.0
BOUND = 30.0  # seconds; nothing here comes near


class Counting(SqliteStore):
    """Counts its syncs."""

    syncs = 0

    def _commit(self) -> None:
        self.syncs += 1
        super()._commit()


class Told(list[Any]):
    """Outcomes in the order in which they were told."""

    async def all(self, count: int) -> list[Any]:
        async with asyncio.timeout(BOUND):
            while len(self) < count:  # noqa: ASYNC110 - a list tells nobody that it grew
                await asyncio.sleep(0.001)
        return list(self)


def patient(case: str, version: int = 0) -> Commit:
    return act_on(case, version, f"patient-{case}", "accept")._replace(patient=True)


def prompt(case: str, version: int = 0) -> Commit:
    return act_on(case, version, f"prompt-{case}", "accept")


def run(work: Coroutine[Any, Any, Any]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(BOUND):
            await work

    asyncio.run(bounded())


@pytest.fixture
def for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only company or the end of the store makes it durable."""
    monkeypatch.setattr(waiting, "PATIENCE", FOR_EVER)


def test_alone_it_is_durable_when_its_patience_is_over(tmp_path: Path) -> None:
    """Nobody else comes: it is committed all the same, and told when it is."""

    async def work() -> None:
        store = SqliteStore(tmp_path)
        assert await store.commit(patient("c1")) == Committed(1)
        assert [entry.seq for entry in store.reader.since(Filter(), after=0, limit=9)] == [1]
        await store.close()

    run(work())


@pytest.mark.usefixtures("for_ever")
def test_it_shares_the_sync_of_the_next_and_stands_behind_it(tmp_path: Path) -> None:
    async def work() -> None:
        store, told = Counting(tmp_path), Told()
        for commit in (patient("c1"), patient("c2"), prompt("c3")):
            store.submit(commit, told.append)
        await told.all(3)
        assert sorted(told) == [Committed(1), Committed(2), Committed(3)]
        assert store.syncs == 1
        bodies = [entry.body for entry in store.reader.since(Filter(), after=0, limit=9)]
        assert [b"prompt" in body for body in bodies] == [True, False, False]
        await store.close()

    run(work())


@pytest.mark.usefixtures("for_ever")
def test_one_that_comes_during_a_sync_waits_for_the_next(tmp_path: Path) -> None:
    """It begins no batch of its own behind the one that is under way."""

    async def work() -> None:
        store, told = Counting(tmp_path), Told()

        def then(result: Any) -> None:
            told.append(result)
            store.submit(patient("c2"), told.append)

        store.submit(prompt("c1"), then)
        await told.all(1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert (len(told), store.syncs) == (1, 1)
        store.submit(prompt("c3"), told.append)
        await told.all(3)
        assert store.syncs == 2
        await store.close()

    run(work())


@pytest.mark.usefixtures("for_ever")
def test_a_case_that_moved_meanwhile_is_told(tmp_path: Path) -> None:
    """Both were made on the same version; the one that an officer waits for stands."""

    async def work() -> None:
        store, told = SqliteStore(tmp_path), Told()
        store.submit(patient("c1"), told.append)
        store.submit(prompt("c1"), told.append)
        first, second = await told.all(2)
        assert first == Committed(1)
        assert isinstance(second, StoreError)
        assert (await store.read_case("c1")).acts[0].decision_id == "prompt-c1"
        await store.close()

    run(work())


@pytest.mark.usefixtures("for_ever")
def test_a_store_that_closes_makes_it_durable_first(tmp_path: Path) -> None:
    async def work() -> None:
        store, told = SqliteStore(tmp_path), Told()
        store.submit(patient("c1"), told.append)
        await store.close()
        assert told == [Committed(1)]

    run(work())
    reader = SqliteReader(tmp_path / RECORD_FILE)
    assert reader.last_seq() == 1
    reader.close()


@pytest.mark.usefixtures("for_ever")
def test_it_is_not_forgotten_with_the_loop_that_counted_its_time(tmp_path: Path) -> None:
    """A loop that ended counts no more; the next one, and company there, take it along."""
    store, told = SqliteStore(tmp_path), Told()

    async def submit() -> None:
        store.submit(patient("c1"), told.append)

    async def work() -> None:
        store.submit(patient("c2"), told.append)
        await store.close()

    run(submit())
    run(work())
    assert told == [Committed(1), Committed(2)]


@pytest.mark.usefixtures("for_ever")
def test_a_record_that_fails_refuses_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        store, told = SqliteStore(tmp_path), Told()

        def fails() -> None:
            raise OSError("the disk is gone")

        monkeypatch.setattr(store, "_commit", fails)
        for commit in (patient("c1"), prompt("c2")):
            store.submit(commit, told.append)
        assert all(isinstance(result, StoreError) for result in await told.all(2))
        store.submit(patient("c3"), told.append)
        assert isinstance((await told.all(3))[2], StoreError)
        await store.close()

    run(work())


@pytest.mark.usefixtures("for_ever")
def test_patient_ones_count_among_those_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound whoever comes is told to come again, and those before are written."""
    monkeypatch.setattr(sqlite, "MAX_WAITING", 2)

    async def work() -> None:
        store, told = SqliteStore(tmp_path), Told()
        for case in ("c1", "c2", "c3"):
            store.submit(patient(case), told.append)
        assert "too many" in (await told.all(1))[0].message
        await store.close()
        assert told[1:] == [Committed(1), Committed(2)]

    run(work())
