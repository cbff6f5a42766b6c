"""Logs on the disk for tests: made, filled, kept by a keeper whose clock stands, copied, tampered with."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.storage.key_folder import KeyFolder
from adapters.storage.log_making import create_log
from adapters.storage.log_opening import OpenLog, Places, open_log
from adapters.storage.notice_folder import NoticeFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.verifier.copies import RecordCopy
from sidecar.decision_log.findings import Report
from sidecar.decision_log.verifier import Trust, verify
from sidecar.ports.log import Witness
from sidecar.ports.records import Commit, Filter, RecordStore
from sidecar.service.log_keeper import Keeping, LogKeeper
from tests.conformance.samples import an_act, an_entry

ORIGIN = "record.example/binhe"
NINE = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass
class TestClock:
    moment: datetime = NINE
    source: str = "test"

    __test__ = False

    def now(self) -> datetime:
        return self.moment

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


def places_in(folder: Path) -> Places:
    return Places.of(folder / "data")


def made(folder: Path, **how: Any) -> Places:
    """A log that was created and never opened."""
    where = places_in(folder)
    create_log(where, ORIGIN, TestClock(), **how)
    return where


def opened(where: Places, clock: TestClock | None = None, **how: Any) -> OpenLog:
    return open_log(where, clock=clock or TestClock(), **how)


def decided(n: int) -> Commit:
    return Commit(an_entry(f"d{n}", f"c{n % 5}"), f"c{n % 5}", n // 5, an_act(f"d{n}", "accept"))


def lone(n: int) -> Commit:
    """A decision on a case of its own."""
    return Commit(an_entry(f"l{n}", f"lone-{n}"), f"lone-{n}", 0, an_act(f"l{n}", "accept"))


async def fill(store: RecordStore, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        await store.commit(decided(n))


@dataclass
class Kept:
    """A keeper and what it keeps."""

    log: OpenLog
    clock: TestClock
    keeper: LogKeeper
    unrecorded: list[int] = field(default_factory=lambda: [0])

    def entries(self, kind: str = "") -> list[dict[str, Any]]:
        found = self.log.store.reader.since(Filter(kind=kind), after=0, limit=10_000)
        return [msgspec.json.decode(stored.body) for stored in found]


def keeping(
    where: Places,
    use: Callable[[Kept], Awaitable[None]],
    *,
    witnesses: Sequence[Witness] = (),
    keeping: Keeping = Keeping(),  # noqa: B008 - it is frozen
    clock: TestClock | None = None,
    begin: bool = True,
    end: bool = True,
) -> None:
    """Open a log, keep it, use it, and end it in order."""

    async def whole() -> None:
        at = clock or TestClock()
        log = await asyncio.to_thread(opened, where, at)
        unrecorded = [0]
        keeper = LogKeeper(
            store=log.store,
            tree=log.tree,
            head=log.head,
            identity=log.identity,
            hash=log.store.hash,
            signers=log.signers,
            clock=at,
            witnesses=witnesses,
            keeping=keeping,
            notices=NoticeFolder(where.data),
            unrecorded=lambda: unrecorded[0],
            keys=KeyFolder(where.keys),
        )
        try:
            if begin:
                await keeper.begin("sha256:policy", "sha256:people")
            await use(Kept(log, at, keeper, unrecorded))
        finally:
            keeper._begun = keeper._begun and end
            await keeper.end("sha256:policy", "sha256:people")
            await log.store.close()

    asyncio.run(whole())


def a_kept_log(folder: Path, count: int = 12, **how: Any) -> Places:
    """A log with some decisions, stopped in order."""
    where = made(folder, **how)
    keeping(where, lambda kept: fill(kept.log.store, count))
    return where


def verified(where: Places, trust: Trust = Trust(), *, chains: bool = True) -> Report:  # noqa: B008 - it is frozen
    return verify(RecordCopy(where.data / RECORD_FILE), trust, chains=chains)


def copied(where: Places, folder: Path) -> Places:
    """A backup of everything, in another place."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = places_in(folder)
    shutil.copytree(where.data, copy.data)
    shutil.copytree(where.keys, copy.keys)
    shutil.copy2(where.head, copy.head)
    return copy


def put_back(copy: Path, into: Path) -> None:
    shutil.rmtree(into)
    shutil.copytree(copy, into)


def change(where: Places, statement: str, values: tuple[object, ...] = ()) -> int:
    """Do something to the record behind its back."""
    connection = sqlite3.connect(where.data / RECORD_FILE, isolation_level=None)
    try:
        return connection.execute(statement, values).rowcount
    finally:
        connection.close()
