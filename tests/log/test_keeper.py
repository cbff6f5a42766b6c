"""Keeping the log: what is signed, what is told, what makes the service unready, and what is refused to be signed."""

import asyncio
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.storage.log_making import actor
from adapters.storage.notice_folder import NoticeFolder
from adapters.storage.tree_file import TREE_FILE
from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import Cosigner, Key, Signature, read_note, signed_by
from sidecar.decision_log.proof import read_evidence
from sidecar.decision_log.receipt import read_receipt
from sidecar.decision_log.tiles import TiledTree
from sidecar.decision_log.verifier import Trust
from sidecar.errors import StoreError, WitnessError
from sidecar.ports.records import Filter
from sidecar.service.log_keeper import Keeping
from tests.log.logs import Kept, TestClock, a_kept_log, change, decided, fill, keeping, made, verified

SHA = tree_hash("sha256")


class OneWitness:
    """Cosigns, or says why not."""

    def __init__(self, name: str = "witness.example/audit") -> None:
        self._cosigner = Cosigner(name, name.encode()[:1] * 32)
        self.refusing = ""
        self.asked: list[int] = []

    @property
    def key(self) -> Key:
        return self._cosigner.key

    async def cosign(self, note: str, size: int, tree: TiledTree) -> Signature:
        self.asked.append(size)
        assert tree.root(size) == read_checkpoint(note.encode())[0].root
        if self.refusing:
            raise WitnessError(self.refusing)
        return self._cosigner.cosign(read_note(note.encode()).text, 1_800_000_000)


def test_the_life_of_a_service_is_told(tmp_path: Path) -> None:
    """Start and stop, and how the run before ended; each stop is under a checkpoint."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 3)

    keeping(where, use)
    keeping(where, use_nothing, end=False)  # killed
    keeping(where, use_nothing)
    told: list[Any] = []

    async def look(kept: Kept) -> None:
        told.extend((e["kind"], e.get("after", "")) for e in kept.entries() if e["kind"] in ("start", "stop"))

    keeping(where, look)
    assert told == [
        ("start", "nothing"), ("stop", ""), ("start", "stop"), ("start", "crash"), ("stop", ""), ("start", "stop"),
    ]  # fmt: skip
    report = verified(where)
    assert (report.sound, report.covered == report.size) == (True, True)


async def use_nothing(_: Kept) -> None:
    """Begin and end."""


def test_a_checkpoint_is_signed_when_there_is_something_new(tmp_path: Path) -> None:
    """An idle log signs nothing again; its head outside is the newest checkpoint."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        sizes = []
        for count in (0, 2, 0, 3):
            await fill(kept.log.store, count, start=kept.log.store.reader.last_seq() - 3)
            await kept.keeper.tick()
            assert kept.keeper.signed is not None
            sizes.append(kept.keeper.signed.size)
            assert where.head.read_bytes() == kept.keeper.signed.note
        assert sizes == [3, 5, 5, 8]

    keeping(where, use)


def test_other_policies_are_told_before_they_are_in_force(tmp_path: Path) -> None:
    """Digests before and after; the same ones again are no change; what cannot be told raises."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await kept.keeper.changed("policy", "sha256:a", "sha256:b")
        await kept.keeper.changed("personnel", "sha256:c", "sha256:c")
        (entry,) = kept.entries("policy")
        assert (entry["before"], entry["after"], entry["actor"]) == ("sha256:a", "sha256:b", "service")
        assert kept.entries("personnel") == []

    keeping(where, use)


def test_a_clock_that_was_set_back_is_told_once(tmp_path: Path) -> None:
    """An hour back: one entry, and no checkpoint with an earlier time; forward again, and back again: a second entry."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 2)
        await kept.keeper.tick()
        assert kept.keeper.signed is not None
        before = kept.keeper.signed.time_ms
        kept.clock.move(hours=-1)
        for n in range(3):
            await fill(kept.log.store, 1, start=2 + n)
            await kept.keeper.tick()
            assert kept.keeper.signed.time_ms >= before
        (entry,) = kept.entries("clock")
        assert entry["behind_ms"] == 3_600_000
        assert entry["before"] == "2026-01-05T09:00:00.000+08:00"
        kept.clock.move(hours=2)
        await kept.keeper.tick()
        kept.clock.move(minutes=-5)
        await kept.keeper.tick()
        assert len(kept.entries("clock")) == 2

    keeping(where, use)


def test_a_clock_that_is_behind_at_the_start_is_told(tmp_path: Path) -> None:
    """The machine came up with an older time than the log's last entry."""
    where = a_kept_log(tmp_path)
    late = TestClock()
    late.move(days=-3)

    async def use(kept: Kept) -> None:
        assert [entry["behind_ms"] for entry in kept.entries("clock")] == [3 * 86_400_000]

    keeping(where, use, clock=late)
    with sqlite3.connect(where.data / TREE_FILE) as connection:
        times = [row[0] for row in connection.execute("SELECT time_ms FROM checkpoints ORDER BY size")]
    assert times == sorted(times)


@pytest.mark.slow
def test_requests_that_went_unrecorded_become_a_gap(tmp_path: Path) -> None:
    """As soon as something can be recorded again: how many, from when to when."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        blocker = sqlite3.connect(where.data / "record.sqlite3", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        kept.unrecorded[0] = 7
        await kept.keeper.tick()
        assert any("tell gap" in told for told in kept.keeper.warnings)
        kept.clock.move(seconds=30)
        kept.unrecorded[0] = 9
        blocker.execute("ROLLBACK")
        blocker.close()
        await kept.keeper.tick()
        (entry,) = kept.entries("gap")
        assert (entry["refused"], entry["since"][11:19], entry["until"][11:19]) == (9, "09:00:00", "09:00:30")
        await kept.keeper.tick()
        assert len(kept.entries("gap")) == 1
        assert not any("tell gap" in told for told in kept.keeper.warnings)

    keeping(where, use)


def test_entries_that_vanish_under_a_running_service_are_losses(tmp_path: Path) -> None:
    """The one counter that must read zero; nothing is signed any more, and the service is not ready."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 10)
        await kept.keeper.tick()
        assert (kept.keeper.lost, kept.keeper.failure) == (0, "")
        signed = kept.keeper.signed
        await fill(kept.log.store, 2, start=10)
        change(where, "DELETE FROM entries WHERE seq > 11")
        await kept.keeper.tick()
        assert kept.keeper.lost == 2
        assert "12 to 13" in kept.keeper.failure
        assert kept.keeper.signed == signed

    keeping(where, use)


def test_nothing_is_signed_that_does_not_extend_the_head(tmp_path: Path) -> None:
    """Somebody rewrote the tiles below the head: the signer never sees the new root."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 300)
        await kept.keeper.tick()
        signed = kept.keeper.signed
        with sqlite3.connect(where.data / TREE_FILE) as connection:
            assert connection.execute("UPDATE tiles SET hashes = randomblob(32) WHERE place = 1").rowcount == 1  # level 1
        await fill(kept.log.store, 5, start=300)
        await kept.keeper.tick()
        assert "no longer begins with" in kept.keeper.failure
        assert kept.keeper.signed == signed

    keeping(where, use, end=False)


def test_a_head_that_cannot_be_written_is_a_checkpoint_that_is_not_given(tmp_path: Path) -> None:
    """The head comes first: without it no checkpoint is kept or served, and the next attempt repairs it."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        signed = kept.keeper.signed
        where.head.unlink()
        where.head.mkdir()
        await fill(kept.log.store, 3)
        await kept.keeper.tick()
        assert kept.keeper.signed == signed
        assert kept.keeper.warnings[0].startswith("checkpoint if grown")
        assert len(kept.log.tree.checkpoints()) == 2
        where.head.rmdir()
        await kept.keeper.tick()
        assert kept.keeper.signed is not None
        assert kept.keeper.signed.size == 6
        assert where.head.read_bytes() == kept.keeper.signed.note

    keeping(where, use)


def test_a_receipt_and_evidence_of_a_decision(tmp_path: Path) -> None:
    """At once the log's word; with the next checkpoint the proof. Both hold against the log later."""
    where = made(tmp_path)
    kept_by_caller: list[bytes] = []

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 5)
        stored = kept.log.store.reader.find("d3")
        assert stored is not None
        receipt, note = read_receipt(kept.keeper.receipt(stored).encode())
        assert (receipt.index, receipt.leaf) == (stored.seq - 1, stored.leaf)
        assert signed_by(note, [kept.log.identity.key])
        waiting = asyncio.create_task(kept.keeper.evidence(stored))
        await asyncio.sleep(0)
        assert not waiting.done()
        await kept.keeper.tick()
        evidence = await waiting
        evidence.verify(SHA)
        assert read_evidence(str(evidence).encode()) == evidence
        kept_by_caller.extend([str(note).encode(), str(evidence).encode()])

    keeping(where, use)
    keeping(where, lambda kept: fill(kept.log.store, 5, start=5))
    assert verified(where, Trust(held=kept_by_caller)).sound


def test_a_proof_that_never_comes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a checkpoint has an end."""
    monkeypatch.setattr("sidecar.service.log_keeper.WAIT_SECONDS", 0.01)
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 1)
        with pytest.raises(StoreError, match="no checkpoint covers"):
            await kept.keeper.covered(4)

    keeping(where, use)


# -- witnesses and anchors -------------------------------------------------------------------------------------------------------


def test_witnesses_cosign_what_is_signed(tmp_path: Path) -> None:
    """Two of two; that they do is told once, not with each checkpoint."""
    where, witnesses = made(tmp_path), [OneWitness("a.example"), OneWitness("b.example")]

    async def use(kept: Kept) -> None:
        for n in range(4):
            await fill(kept.log.store, 1, start=n)
            await kept.keeper.tick()
        assert kept.keeper.signed is not None
        note = read_note(kept.keeper.signed.note)
        assert len(signed_by(note, [witness.key for witness in witnesses])) == 2
        assert [entry["event"] for entry in kept.entries("anchor")] == ["witnessed"]
        assert kept.keeper.anchor_age == 0

    keeping(where, use, witnesses=witnesses, keeping=Keeping(quorum=2))
    report = verified(where, Trust(witnesses=[witness.key for witness in witnesses], quorum=2))
    assert (report.sound, len(report.witnesses)) == (True, 2)


def test_a_witness_that_stays_away_makes_the_service_unready_in_time(tmp_path: Path) -> None:
    """k of n: one of two may be away; both away is told, and after the limit the service is not ready, until they are back."""
    where, witnesses = made(tmp_path), [OneWitness("a.example"), OneWitness("b.example")]

    async def use(kept: Kept) -> None:
        witnesses[0].refusing = "away"
        await fill(kept.log.store, 1)
        await kept.keeper.tick()
        assert kept.keeper.anchor_age == 0
        witnesses[1].refusing = "away, too"
        await fill(kept.log.store, 1, start=1)
        await kept.keeper.tick()
        assert [entry["event"] for entry in kept.entries("anchor")] == ["witnessed", "unwitnessed"]
        kept.clock.move(seconds=59)
        assert kept.keeper.failure == ""
        kept.clock.move(seconds=2)
        assert "entries wait for an anchor" in kept.keeper.failure
        witnesses[1].refusing = ""
        await kept.keeper.tick()
        assert kept.keeper.failure == ""
        assert [entry["event"] for entry in kept.entries("anchor")] == ["witnessed", "unwitnessed", "witnessed"]

    keeping(where, use, witnesses=witnesses, keeping=Keeping(quorum=1, anchor_max_age=60))


def test_an_idle_log_needs_no_new_anchor(tmp_path: Path) -> None:
    """The age is that of entries nobody outside vouches for; without such entries there is none."""
    where, witness = made(tmp_path), OneWitness()

    async def use(kept: Kept) -> None:
        await kept.keeper.tick()
        await kept.keeper.tick()
        asked = len(witness.asked)
        kept.clock.move(days=2)
        await kept.keeper.tick()
        assert kept.keeper.failure == ""
        assert len(witness.asked) == asked

    keeping(where, use, witnesses=[witness], keeping=Keeping(anchor_max_age=60))


def test_an_anchor_on_paper_is_told_by_a_command(tmp_path: Path) -> None:
    """What somebody signed is left as a notice, becomes an entry, keeps its checkpoint, and counts as an anchor."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 5)
        await kept.keeper.tick()
        kept.clock.move(hours=5)
        assert "锚定" in kept.keeper.failure
        size = str(kept.log.store.reader.last_seq())
        notice = {"event": "printed", "size": size, "root": "sha256:ab", "holder": "archive", "digest": "", "actor": actor()}
        NoticeFolder(where.data).leave(notice)
        (where.data / "notices" / "junk.json").write_text("[]")
        await kept.keeper.tick()
        (entry,) = kept.entries("anchor")
        assert (entry["event"], entry["holder"], entry["actor"]) == ("printed", "archive", actor())
        assert kept.keeper.failure == ""
        assert list((where.data / "notices").iterdir()) == []

    keeping(where, use, keeping=Keeping(anchor_max_age=3600))


def test_a_retry_that_was_answered_before_gets_its_receipt_again(tmp_path: Path) -> None:
    """The receipt is of the entry, not of the answer."""
    where = made(tmp_path)

    async def use(kept: Kept) -> None:
        await kept.log.store.commit(decided(0))
        stored = kept.log.store.reader.query(Filter(kind="decision"), limit=1)[0]
        assert kept.keeper.receipt(stored) == kept.keeper.receipt(stored)

    keeping(where, use)


def test_observing_is_told_where_it_begins_and_where_it_ends_by_itself(tmp_path: Path) -> None:
    """Begun once, though the service starts again; ended when the last day is over, or when the settings say otherwise."""
    where, clock = made(tmp_path), TestClock()
    told: list[tuple[str, str, str]] = []

    async def observe(kept: Kept) -> None:
        kept.keeper.observed = {"portal": date(2026, 1, 6), "counter": date(2026, 1, 31), "past": date(2026, 1, 4)}
        await kept.keeper.tick()
        await kept.keeper.tick()

    async def again(kept: Kept) -> None:
        kept.keeper.observed = {"portal": date(2026, 1, 6), "counter": date(2026, 2, 28)}
        await kept.keeper.tick()
        clock.move(days=2)
        await kept.keeper.tick()
        told.extend((entry["event"], entry["caller"], entry["until"]) for entry in kept.entries("observe"))

    keeping(where, observe, clock=clock, begin=True, end=False)
    keeping(where, again, clock=clock, begin=False)
    assert told == [
        ("begun", "counter", "2026-01-31"), ("begun", "portal", "2026-01-06"),
        ("ended", "counter", "2026-01-31"), ("begun", "counter", "2026-02-28"), ("ended", "portal", "2026-01-06"),
    ]  # fmt: skip
    assert verified(where).sound
