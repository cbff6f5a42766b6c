"""A disk of a few megabytes fills up under load: allows are refused, nothing acknowledged is lost, and room makes it well."""

import asyncio
import contextlib
import itertools
from pathlib import Path

import msgspec
import pytest

from sidecar.decision_log.verifier import Trust
from sidecar.errors import StoreError
from sidecar.ports.records import Filter
from sidecar.service.log_keeper import Keeping
from tests.log.logs import Kept, keeping, lone, made, verified
from tests.log.small_disk import SmallDisk, small_disk

CLIENTS = 16


@pytest.mark.slow
@pytest.mark.parametrize("times", [3])
def test_a_disk_that_fills_up_under_load(tmp_path: Path, times: int) -> None:
    """Again and again: full, refused, room, recorded; a gap tells how many went unrecorded, and the log verifies."""
    with small_disk(tmp_path / "disk", megabytes=12) as disk:
        where = made(disk.folder)
        acknowledged: list[str] = []
        numbers = itertools.count()

        async def use(kept: Kept) -> None:
            for n in range(times):
                await _until_full(kept, disk, numbers, acknowledged)
                assert kept.log.store.failure == "", "a full disk is no failure for good"
                await kept.keeper.tick()  # may find no room either, and is tried again
                (disk.folder / "filler").unlink()
                await kept.log.store.commit(lone(next(numbers)))
                await kept.keeper.tick()
                assert len(kept.entries("gap")) == n + 1
                assert kept.keeper.lost == 0
                assert not any("tell gap" in told for told in kept.keeper.warnings)

        keeping(where, use, keeping=Keeping())
        report = verified(where, Trust(held=[where.head.read_bytes()]))
        assert report.sound, report.findings
        assert report.covered == report.size
        found: set[str] = set()

        async def look(kept: Kept) -> None:
            rows = kept.log.store.reader.since(Filter(kind="decision"), after=0, limit=100_000)
            found.update(msgspec.json.decode(row.body)["decision_id"] for row in rows)

        keeping(where, look)
        assert set(acknowledged) <= found


async def _until_full(kept: Kept, disk: SmallDisk, numbers: "itertools.count[int]", acknowledged: list[str]) -> None:
    """Clients write until the first is refused; then the last of the room is taken, and all of them are."""
    reasons: list[str] = []

    async def client(*, stop_when_refused: bool) -> None:
        for _ in range(2_000 if stop_when_refused else 5):
            commit = lone(next(numbers))
            try:
                await kept.log.store.commit(commit)
            except StoreError as fault:
                reasons.append(fault.message)
                if stop_when_refused:
                    return
            else:
                acknowledged.append(commit.entry.decision_id)

    disk.fill(leave=600_000)
    await asyncio.gather(*[client(stop_when_refused=True) for _ in range(CLIENTS)])
    assert reasons
    with contextlib.suppress(OSError), (disk.folder / "filler").open("ab", buffering=0) as stream:
        while True:
            stream.write(b"x" * 512)
    await asyncio.gather(*[client(stop_when_refused=False) for _ in range(CLIENTS)])
    assert len(reasons) >= CLIENTS
    assert all("full" in reason for reason in reasons), reasons
    kept.unrecorded[0] += len(reasons)
