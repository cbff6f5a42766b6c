"""Start-up proves the ground: what is missing, shortened, forked, foreign or torn stops it, with what was found and a remedy."""

import asyncio
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from adapters.storage.key_folder import KeyFolder
from adapters.storage.log_making import accept_head, create_log, open_for_trial, rotate_key
from adapters.storage.record_file import RECORD_FILE, unusable
from adapters.storage.sqlite import SqliteStore
from adapters.storage.tree_file import TREE_FILE, TreeFile
from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import read_note, signed_by
from sidecar.decision_log.verifier import Trust
from sidecar.errors import KeyFolderError, LogBrokenError, LogMissingError, SecondWriterError, SettingsError, StoreError
from sidecar.ports.log import Signed
from sidecar.ports.records import Commit
from tests.conformance.samples import an_entry
from tests.e2e.processes import run_quanheng
from tests.log.logs import (
    ORIGIN,
    TestClock,
    a_kept_log,
    change,
    copied,
    fill,
    keeping,
    made,
    opened,
    places_in,
    put_back,
    verified,
)
from tests.log.small_disk import small_disk


def refusal(where: object, kind: type[StoreError], **how: object) -> StoreError:
    """The start is refused with words and a remedy."""
    with pytest.raises(kind) as told:
        opened(where, **how).close()  # type: ignore[arg-type]
    assert told.value.hint
    return told.value


def test_a_log_is_made_and_opened(tmp_path: Path) -> None:
    """Its identity and key are its first entries, under its first checkpoint."""
    where = made(tmp_path)
    log = opened(where)
    assert (log.identity.origin, log.identity.hash, log.tree.size) == (ORIGIN, "sha256", 2)
    log.close()
    assert verified(where, Trust(keys=[log.identity.key])).sound


def test_an_sm3_log(tmp_path: Path) -> None:
    """Every leaf and node of it is SM3, from its first entry on, and after a restart, too."""
    where = a_kept_log(tmp_path, 300, hash_="sm3")
    report = verified(where)
    assert (report.hash, report.sound, report.size) == ("sm3", True, 304)
    keeping(where, lambda kept: fill(kept.log.store, 5, start=300))
    assert verified(where).covered == 311


def test_a_log_is_not_made_twice(tmp_path: Path) -> None:
    """Neither over a record nor beside a head."""
    where = a_kept_log(tmp_path)
    with pytest.raises(SettingsError, match="head of a log already"):
        create_log(where, "other.example", TestClock())
    where.head.unlink()
    with pytest.raises(SettingsError, match=f"holds the log {ORIGIN}"):
        create_log(where, "other.example", TestClock())
    with pytest.raises(SettingsError, match="origin"):
        create_log(places_in(tmp_path / "b"), "two words", TestClock())


def test_a_record_of_the_earlier_form_is_taken_over(tmp_path: Path) -> None:
    """Its entries become the first leaves; its identity follows them."""
    where = places_in(tmp_path)

    async def earlier() -> None:
        store = SqliteStore(where.data)
        await fill(store, 7)
        await store.close()

    asyncio.run(earlier())
    fault = refusal(where, LogMissingError)
    assert "7 entries of the earlier form" in fault.message
    assert "quanheng log create" in fault.hint
    with pytest.raises(SettingsError, match="cannot be changed to sm3"):
        create_log(where, ORIGIN, TestClock(), hash_="sm3")
    create_log(where, ORIGIN, TestClock())
    report = verified(where)
    assert (report.sound, report.covered, report.origin) == (True, 9, ORIGIN)
    opened(where).close()


def test_nothing_is_made_in_silence(tmp_path: Path) -> None:
    """An empty folder is told how to become a log; for trying out one is made, and said."""
    where = places_in(tmp_path)
    fault = refusal(where, LogMissingError, origin="record.example/a")
    assert fault.hint.startswith(f"run: quanheng log create --data {where.data} --origin record.example/a")
    assert not where.data.exists()
    log = open_for_trial(where, clock=TestClock())
    assert log.identity.is_trial
    assert "for trying out" in log.warnings[0]
    log.close()
    again = open_for_trial(where, clock=TestClock())
    assert again.warnings == []
    assert again.identity == log.identity
    again.close()


def test_a_trial_that_was_thrown_away_begins_again(tmp_path: Path) -> None:
    """Only a log that was made for trying out; a real one that is missing stops a trial, too."""
    where = places_in(tmp_path)
    open_for_trial(where, clock=TestClock()).close()
    shutil.rmtree(where.data)
    log = open_for_trial(where, clock=TestClock())
    assert log.warnings
    log.close()
    real = made(tmp_path / "real")
    shutil.rmtree(real.data)
    with pytest.raises(LogMissingError, match="its head is"):
        open_for_trial(real, clock=TestClock())


def test_a_missing_log(tmp_path: Path) -> None:
    """The head outside remembers it: deleting the folder does not make a fresh, valid, empty log."""
    where = a_kept_log(tmp_path)
    shutil.rmtree(where.data)
    fault = refusal(where, LogMissingError)
    assert f"{ORIGIN} at 16 entries" in fault.message
    where.data.mkdir()
    assert refusal(where, LogMissingError).message == fault.message


def test_a_rolled_back_folder(tmp_path: Path) -> None:
    """L5: an older copy of the whole data folder is behind the head outside."""
    where = a_kept_log(tmp_path / "a")
    backup = copied(where, tmp_path / "b")
    keeping(where, lambda kept: fill(kept.log.store, 5, start=12))
    put_back(backup.data, where.data)
    fault = refusal(where, LogBrokenError)
    assert isinstance(fault, LogBrokenError)
    assert (fault.first, fault.last) == (17, 23)
    assert "23 entries were signed, 16 are here" in fault.message


@pytest.mark.parametrize("tree", ["kept", "gone"])
def test_a_shortened_record(tmp_path: Path, tree: str) -> None:
    """Entries cut off its end."""
    where = a_kept_log(tmp_path)
    change(where, "DELETE FROM entries WHERE seq > 9")
    if tree == "gone":
        (where.data / TREE_FILE).unlink()
    fault = refusal(where, LogBrokenError)
    assert isinstance(fault, LogBrokenError)
    assert (fault.first, fault.last) == (10, 16)


def test_truncated_and_resumed(tmp_path: Path) -> None:
    """L6: cut off, the tree thrown away, written on by somebody with the lock: the head is of another history."""
    where = a_kept_log(tmp_path)
    change(where, "DELETE FROM entries WHERE seq > 9")
    change(where, "DELETE FROM case_events WHERE seq > 9")
    change(where, "DELETE FROM requests WHERE seq > 9")
    (where.data / TREE_FILE).unlink()

    async def resume() -> None:
        store = SqliteStore(where.data)
        for n in range(20):
            await store.commit(Commit(an_entry(f"x{n}", f"new-{n}"), f"new-{n}"))
        await store.close()

    asyncio.run(resume())
    assert "not those that were signed" in refusal(where, LogBrokenError).message


def test_a_changed_entry_under_the_head(tmp_path: Path) -> None:
    """Everything beside it made to fit: the root is another."""
    where = a_kept_log(tmp_path)
    body = sqlite3.connect(where.data / RECORD_FILE).execute("SELECT body FROM entries WHERE seq = 6").fetchone()[0]
    forged = body.replace(b'"ALLOWED"', b'"FORGED!"')
    assert forged != body
    change(where, "UPDATE entries SET body = ?, leaf = ? WHERE seq = 6", (forged, tree_hash("sha256").leaf(forged)))
    fault = refusal(where, LogBrokenError)
    assert isinstance(fault, LogBrokenError)
    assert fault.first == 6
    (where.data / TREE_FILE).unlink()
    assert "not those that were signed" in refusal(where, LogBrokenError).message


def test_a_foreign_log(tmp_path: Path) -> None:
    """Another log in the folder than the settings name, or than the head and the key are of."""
    where, other = a_kept_log(tmp_path / "a"), places_in(tmp_path / "b")
    create_log(other, "record.example/other", TestClock())
    assert (
        "holds the log record.example/binhe, not record.example/x"
        in refusal(where, LogMissingError, origin="record.example/x").message
    )
    shutil.rmtree(where.data)
    shutil.copytree(other.data, where.data)
    assert "not of record.example/other" in refusal(where, LogBrokenError).message


def test_a_wrong_or_missing_key(tmp_path: Path) -> None:
    """The log is signed by nobody else: neither by a key of its own name, nor by one that others may read."""
    where = a_kept_log(tmp_path)
    (path,) = where.keys.glob("*.key")
    whole = path.read_bytes()
    path.chmod(0o644)
    with pytest.raises(KeyFolderError, match="others than its owner"):
        opened(where)
    path.unlink()
    with pytest.raises(KeyFolderError, match="is not here"):
        opened(where)
    stranger = KeyFolder(tmp_path / "strangers").create(ORIGIN)
    shutil.copy2(KeyFolder(tmp_path / "strangers").path_of(stranger.key), path)
    with pytest.raises(KeyFolderError, match="another key"):
        opened(where)
    path.write_bytes(whole[:-9])
    path.chmod(0o600)
    with pytest.raises(KeyFolderError, match="is not a private key"):
        opened(where)
    path.write_bytes(whole)
    opened(where).close()


def test_a_lost_head_is_accepted_by_somebody(tmp_path: Path) -> None:
    """Gone, it stops the start; a command makes it again after looking at the log, and not when the log was cut."""
    where = a_kept_log(tmp_path)
    where.head.unlink()
    assert "log head" in refusal(where, LogBrokenError).hint
    assert accept_head(where).size == 16
    opened(where).close()
    where.head.unlink()
    change(where, "DELETE FROM entries WHERE seq > 9")
    with pytest.raises(LogBrokenError):
        accept_head(where)


@pytest.mark.parametrize("damage", [b"", b"garbage", b"record.example/binhe\n16\nAAAA\n\n"])
def test_a_damaged_head(tmp_path: Path, damage: bytes) -> None:
    """It is named; nothing is signed on top of it."""
    where = a_kept_log(tmp_path)
    where.head.write_bytes(damage)
    assert str(where.head) in refusal(where, LogBrokenError).message


def test_a_tree_that_was_lost_or_damaged_is_made_again(tmp_path: Path) -> None:
    """It is a view; the head outside vouches for what it is made of. A damaged one is put aside, for its checkpoints."""
    where = a_kept_log(tmp_path, 300)
    (where.data / TREE_FILE).unlink()
    log = opened(where)
    assert log.tree.size == 304
    log.close()
    for file in where.data.glob(f"{TREE_FILE}*"):
        file.unlink()
    (where.data / TREE_FILE).write_bytes(b"no database" * 1000)
    log = opened(where)
    assert any("damaged" in told for told in log.warnings)
    log.close()
    assert (where.data / "tree.damaged").read_bytes().startswith(b"no database")


def test_a_tree_of_another_log_is_not_believed(tmp_path: Path) -> None:
    """Files of two logs in one folder."""
    where, other = a_kept_log(tmp_path / "a"), a_kept_log(tmp_path / "b")
    shutil.copy2(other.data / TREE_FILE, where.data / TREE_FILE)
    assert "two logs" in refusal(where, LogBrokenError).message


def test_a_hole_in_the_record(tmp_path: Path) -> None:
    """An entry that was taken out behind the tree's back is named."""
    where = a_kept_log(tmp_path)
    change(where, "DELETE FROM entries WHERE seq = 5")
    (where.data / TREE_FILE).unlink()
    fault = refusal(where, LogBrokenError)
    assert isinstance(fault, LogBrokenError)
    assert (fault.first, fault.last) == (5, 5)


def test_a_torn_last_write_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Bytes behind the last commit in the write-ahead log, whatever they are, are passed over."""
    where = made(tmp_path)
    log = opened(where)

    async def use() -> None:
        await fill(log.store, 5)

    asyncio.run(use())
    torn = copied(where, tmp_path / "torn")
    wal = torn.data / f"{RECORD_FILE}-wal"
    log.close()
    for tail in (b"\x00" * 4120, os.urandom(4120), wal.read_bytes()[:2000]):
        with wal.open("ab") as stream:
            stream.write(tail)
        again = opened(torn)
        assert again.store.reader.last_seq() == 7
        again.close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """L7: several workers on one folder; who holds it is named."""
    where = made(tmp_path)
    log = opened(where)
    fault = refusal(where, SecondWriterError)
    assert str(os.getpid()) in fault.message
    log.close()
    opened(where).close()


@pytest.mark.slow
def test_a_read_only_record(tmp_path: Path) -> None:
    """It is said what was found, and what to do."""
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        where = made(disk.folder)
        disk.make_read_only()
        run = run_quanheng("log", "key", "rotate", "--data", str(where.data))
    assert run.returncode == 2
    assert "Read-only file system" in run.stderr
    assert "→" in run.stderr


def test_why_a_record_cannot_be_used_is_told_by_its_code() -> None:
    """Each kind of trouble has its own words and remedy."""

    def fault(code: int) -> sqlite3.Error:
        made_up = sqlite3.OperationalError("x")
        made_up.sqlite_errorcode = code
        return made_up

    told = {
        code: unusable(Path("r"), fault(code)) for code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOTADB)
    }
    assert ["read-only" in told[sqlite3.SQLITE_READONLY].message, "full" in told[sqlite3.SQLITE_FULL].message] == [True, True]
    assert len({each.hint for each in told.values()}) == 3


# -- keys ---------------------------------------------------------------------------------------------------------------------


def test_a_key_is_rotated(tmp_path: Path) -> None:
    """A new entry names it, both sign its checkpoint, the old one is destroyed; who has the old public key needs no other."""
    where = a_kept_log(tmp_path)
    old = opened(where)
    old.close()
    identity = rotate_key(where, TestClock())
    assert [named.seq for named in identity.keys] == [2, 17]
    assert [path.name for path in where.keys.glob("*.key")] == [KeyFolder(where.keys).path_of(identity.key).name]
    head = read_note(where.head.read_bytes())
    assert len(signed_by(head, [old.identity.key, identity.key])) == 2
    keeping(where, lambda kept: fill(kept.log.store, 4, start=12))
    report = verified(where, Trust(keys=[old.identity.key]))
    assert (report.sound, report.covered, report.size) == (True, 23, 23)


def test_a_rotation_that_was_cut_short_is_finished_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry stands, the checkpoint does not: both keys sign it when the log is opened."""
    where = a_kept_log(tmp_path)
    first = opened(where)
    first.close()
    monkeypatch.setattr("adapters.storage.log_making.finish_rotation", lambda *_: None)
    rotate_key(where, TestClock())
    assert read_checkpoint(where.head.read_bytes())[0].size == 16
    opened(where).close()
    checkpoint, note = read_checkpoint(where.head.read_bytes())
    assert checkpoint.size == 17
    assert len(note.signatures) == 2
    assert len(list(where.keys.glob("*.key"))) == 1
    assert verified(where, Trust(keys=[first.identity.key])).sound


def test_a_lost_key_is_replaced_by_somebody(tmp_path: Path) -> None:
    """It cannot sign its own end: who trusted it is not led to the new one."""
    where = a_kept_log(tmp_path)
    log = opened(where)
    log.close()
    for path in where.keys.glob("*.key"):
        path.unlink()
    identity = rotate_key(where, TestClock(), lost=True)
    opened(where).close()
    assert verified(where, Trust(keys=[identity.key])).sound
    assert not verified(where, Trust(keys=[log.identity.key])).sound


def test_an_sm2_key(tmp_path: Path) -> None:
    """The profile for sites under 密评: SM3 and SM2 throughout."""
    where = a_kept_log(tmp_path, hash_="sm3", sm2=True)
    report = verified(where)
    assert (report.sound, report.hash, report.covered) == (True, "sm3", 16)


def test_the_tree_keeps_few_checkpoints(tmp_path: Path) -> None:
    """All of the last hour, of those before the last of each hour, and those that stand outside."""
    where = made(tmp_path)
    log = opened(where)
    tree: TreeFile = log.tree
    hour = 3_600_000
    for n in range(100):
        tree.keep(Signed(1000 + n, 480_000 * hour + n * hour // 10, b"note"), for_ever=n == 3)
    kept = [row[0] for row in tree._connection.execute("SELECT size FROM checkpoints WHERE size >= 1000 ORDER BY size")]
    assert kept[:3] == [1003, 1009, 1019]
    assert kept[-10:] == list(range(1090, 1100))
    assert len(kept) <= 22
    log.close()
