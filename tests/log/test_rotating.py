"""Another key is put in force while the log is written: what both sign, what the old one never signs, and what cuts it short."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.storage.head_file import HeadFile
from adapters.storage.key_folder import KeyFolder
from adapters.storage.log_making import actor, ask_to_rotate
from adapters.storage.log_opening import Places
from adapters.storage.notice_folder import NoticeFolder
from adapters.storage.tree_file import TreeFile
from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.events import KeyEntry, key_id
from sidecar.decision_log.identity import Identity
from sidecar.decision_log.notes import Key, signed_by
from sidecar.decision_log.verifier import Trust
from sidecar.ports.records import Filter
from tests.log.logs import Kept, a_kept_log, fill, keeping, opened, verified


def keys_in_folder(where: Places) -> int:
    return len(list(where.keys.glob("*.key")))


def rotated_while_it_runs(where: Places, use: Callable[[Kept, Key], Awaitable[None]]) -> Identity:
    """A keeper is told of another key, whatever `use` does with it then; the log's identity before."""
    before: list[Identity] = []

    async def whole(kept: Kept) -> None:
        before.append(kept.keeper.identity)
        await use(kept, ask_to_rotate(where))

    keeping(where, whole)
    return before[0]


def test_a_key_is_rotated_while_the_log_is_written(tmp_path: Path) -> None:
    """Between two checkpoints, while decisions come in: both sign the one whose last entry names it, the old one signs nothing
    behind that and is gone; who holds the old public key, or a receipt by it, needs nothing else."""
    where = a_kept_log(tmp_path)
    receipts: list[str] = []

    async def use(kept: Kept, key: Key) -> None:
        store = kept.log.store
        filling = asyncio.create_task(fill(store, 40, start=12))
        await asyncio.sleep(0)
        receipts.append(kept.keeper.receipt(store.reader.query(Filter(kind="decision"), limit=1)[0]))
        await kept.keeper.tick()
        receipts.append(kept.keeper.receipt(store.reader.query(Filter(kind="decision"), limit=1)[0]))
        await filling
        await kept.keeper.tick()
        assert kept.keeper.identity.key == key
        assert [str(signer.key) for signer in kept.keeper.signers] == [str(key)]

    old = rotated_while_it_runs(where, use).key
    log = opened(where)
    named, notes = log.identity.keys[-1], log.tree.checkpoints()
    log.close()
    for note in map(read_checkpoint, notes):
        by_old, by_new = (bool(signed_by(note[1], [key])) for key in (old, named.key))
        assert (by_old, by_new) == (note[0].size <= named.seq, note[0].size >= named.seq)
    assert named.seq in [read_checkpoint(note)[0].size for note in notes]
    assert keys_in_folder(where) == 1
    report = verified(where, Trust(keys=[old], held=[receipt.encode() for receipt in receipts]))
    assert (report.findings, report.size) == ([], 16 + 1 + 1 + 40 + 1)


@pytest.mark.parametrize("at", ["replace", "keep", "destroy"])
def test_a_rotation_that_fails_is_finished_in_the_next_turn(tmp_path: Path, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when both should sign, or the old key cannot be removed: the old one alone signs nothing any more."""
    where = a_kept_log(tmp_path)

    async def use(kept: Kept, key: Key) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError("no room")

        with monkeypatch.context() as broken:
            broken.setattr({"replace": HeadFile, "keep": TreeFile, "destroy": KeyFolder}[at], at, fail)
            for n in range(3):
                await kept.keeper.tick()
                await fill(kept.log.store, 1, start=12 + n)
        await kept.keeper.tick()
        assert (kept.keeper.identity.key, kept.keeper.warnings[:1]) == (key, [NOBODY_OUTSIDE])

    old = rotated_while_it_runs(where, use).key
    assert verified(where, Trust(keys=[old])).findings == []
    opened(where).close()
    assert keys_in_folder(where) == 1


NOBODY_OUTSIDE = "nobody outside keeps a head of the log: name witnesses, or anchor it on paper 日志无外部见证"


def test_a_rotation_that_the_sidecar_was_killed_in_is_finished_at_the_next_start(tmp_path: Path) -> None:
    """The entry stands, and nothing was signed since."""
    where = a_kept_log(tmp_path)

    async def use(kept: Kept, key: Key) -> None:
        told: dict[str, Any] = {"event": "rotated", "key": str(key), "previous": str(kept.keeper.identity.key)}
        await kept.keeper._commit(lambda common: KeyEntry(**{**common, **told, "event_id": key_id(2)}))
        kept.keeper._begun = False

    old = rotated_while_it_runs(where, use).key
    keeping(where, lambda kept: fill(kept.log.store, 2, start=12))
    assert verified(where, Trust(keys=[old])).findings == []
    assert keys_in_folder(where) == 1


def test_only_a_key_of_this_log_that_is_here_is_put_in_force(tmp_path: Path) -> None:
    """Whoever can write to the data folder alone cannot choose who signs; two wishes at once are two keys one after another."""
    where, elsewhere = a_kept_log(tmp_path), KeyFolder(tmp_path / "elsewhere")

    async def use(kept: Kept, key: Key) -> None:
        mine = kept.keeper.identity.key
        notices = NoticeFolder(where.data)
        for wrong in (
            str(elsewhere.create(mine.name).key),
            str(KeyFolder(where.keys).create("another.example").key),
            str(mine),
            "x",
        ):
            notices.leave({"event": "rotate", "size": "0", "root": "", "holder": wrong, "digest": "", "actor": "me"})
        second = ask_to_rotate(where)
        await kept.keeper.tick()
        assert {named.key for named in kept.keeper.identity.keys} == {mine, key, second}
        assert [told["actor"] for told in kept.entries("key")][1:] == [actor()] * 2

    old = rotated_while_it_runs(where, use).key
    assert verified(where, Trust(keys=[old])).findings == []
    assert keys_in_folder(where) == 2  # the one in force, and the one of another log
