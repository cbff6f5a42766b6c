"""The shared suite against each store, and what only one of them can do."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from adapters.storage.memory import MemoryStore
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import TEND_EVERY, SqliteStore
from sidecar.case_history.ledger import LedgerChange
from sidecar.errors import SecondWriterError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Filter, RecordStore
from tests.conformance.record_store import RecordStoreSuite
from tests.conformance.samples import an_act, an_amount, an_entry


class TestMemoryStore(RecordStoreSuite):
    def open_store(self) -> RecordStore:
        return MemoryStore()


class TestSqliteStore(RecordStoreSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "record"

    def open_store(self) -> RecordStore:
        return SqliteStore(self.folder)

    def _commit_one(self, decision: str = "d1", case: str = "c1") -> None:
        async def use(store: RecordStore) -> None:
            await store.commit(Commit(an_entry(decision, case), case, 0, an_act(decision, "accept")))

        self.run(use)

    def test_a_second_writer_is_refused_and_names_the_first(self) -> None:
        """Another process, or another store in this one, cannot open the same folder for writing."""

        async def use(_: RecordStore) -> None:
            with pytest.raises(SecondWriterError, match="already written by process"):
                SqliteStore(self.folder)
            code = "import sys, pathlib, adapters.storage.sqlite as s; s.SqliteStore(pathlib.Path(sys.argv[1]))"
            run = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", code, str(self.folder)], capture_output=True, text=True, check=False
            )
            assert "SecondWriterError" in run.stderr

        self.run(use)
        self.run(_nothing)  # once the first has closed, the folder can be opened again

    def test_what_was_committed_survives_a_restart(self) -> None:
        """A new store on the same folder continues the sequence and knows the cases."""
        self._commit_one()
        change = LedgerChange("a", 0, (an_amount("d1", "c2"),))
        self.run(lambda store: _commit(store, Commit(an_entry("d0", "c2"), "c2", 0, an_act("d0", "accept"), ledgers=(change,))))

        async def use(store: RecordStore) -> None:
            assert (await store.read_case("c1")).version == 1
            assert (await store.read_ledger("a")).entries == change.add
            with pytest.raises(VersionConflictError):
                await store.commit(Commit(an_entry("d3", "c1"), "c1", 1, ledgers=(LedgerChange("a", 0),)))
            assert (await store.commit(Commit(an_entry("d2", "c1"), "c1", 1, an_act("d2", "review")))) == (3,)

        self.run(use)

    def test_a_changed_last_entry_stops_the_start(self) -> None:
        """A last entry that is not the one its leaf hash names is not built upon."""
        self._commit_one()
        with sqlite3.connect(self.folder / RECORD_FILE) as connection:
            connection.execute("UPDATE entries SET body = replace(body, 'ALLOWED', 'REFUSED')")
        connection.close()
        with pytest.raises(StoreError, match="entry 1 is not the one"):
            SqliteStore(self.folder)

    def test_a_file_that_is_no_record_stops_the_start(self) -> None:
        """Garbage in place of the record is named, not overwritten."""
        self.folder.mkdir(parents=True)
        (self.folder / RECORD_FILE).write_bytes(b"not a database, but somebody's only copy of something" * 100)
        with pytest.raises(StoreError, match="cannot be used"):
            SqliteStore(self.folder)
        assert (self.folder / RECORD_FILE).read_bytes().startswith(b"not a database")

    @pytest.mark.slow
    def test_a_locked_record_refuses_and_recovers(self) -> None:
        """While another program holds the write lock commits are refused; afterwards they work again."""

        async def use(store: RecordStore) -> None:
            blocker = sqlite3.connect(self.folder / RECORD_FILE, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="cannot be written"):
                await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))
            blocker.execute("ROLLBACK")
            blocker.close()
            assert store.failure == ""
            assert await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept"))) == (1,)

        self.run(use)

    def test_after_a_failed_commit_nothing_is_acknowledged_any_more(self) -> None:
        """A commit that fails for the disk's sake is final; the store says why and refuses from then on."""

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))

            def fail() -> None:
                raise sqlite3.OperationalError("disk I/O error")

            store._commit = fail  # type: ignore[method-assign]
            with pytest.raises(StoreError, match="disk I/O error"):
                await _commit_many(store, 4)
            assert "could not be made durable" in store.failure
            with pytest.raises(StoreError):
                await store.commit(Commit(an_entry("last", "c9999"), "c9999", 0, an_act("last", "accept")))

        self.run(use)

        async def again(store: RecordStore) -> None:
            entries = store.reader.since(Filter(), after=0, limit=1000)
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))

        self.run(again)

    def test_a_full_disk_refuses_and_recovers_when_there_is_room(self) -> None:
        """Nothing of a refused batch is there, cases and retries are as before, and the next commit that fits is kept."""

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            await store.commit(_act_on(0))
            store._connection.execute("PRAGMA max_page_count=1")  # no page can be added, as on a full disk
            with pytest.raises(StoreError, match="full"):
                await _commit_steps(store, 400)
            refused = store.reader.last_seq()
            assert refused > 1
            assert store.failure == ""
            with pytest.raises(StoreError, match="full"):
                await asyncio.gather(*[store.commit(_act_on(n)) for n in range(1000, 1100)])
            last = store.reader.last_seq()
            assert last == refused
            store._connection.execute("PRAGMA max_page_count=1000000")
            entry = an_entry(f"d{refused}", "c0")
            assert await store.commit(Commit(entry, "c0", refused, an_act(f"d{refused}", "accept"))) == (last + 1,)
            assert [e.seq for e in store.reader.since(Filter(), after=0, limit=1000)] == list(range(1, last + 2))

        with capture_logs() as lines:
            self.run(use)
        told = [(line["log_level"], line["event"]) for line in lines]
        assert told == [("error", "record failed"), ("info", "record works again")]

    @pytest.mark.slow
    def test_a_failing_record_is_one_line_in_the_log_and_so_is_its_recovery(self) -> None:
        """The operators learn it without asking /readyz, once, and no entry is quoted."""

        async def use(store: RecordStore) -> None:
            blocker = sqlite3.connect(self.folder / RECORD_FILE, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            for _ in range(2):
                with pytest.raises(StoreError):
                    await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))
            blocker.execute("ROLLBACK")
            blocker.close()
            for n in range(2):
                await store.commit(Commit(an_entry(f"d{n}", f"c{n}"), f"c{n}", 0, an_act(f"d{n}", "accept")))

        with capture_logs() as lines:
            self.run(use)
        assert [(line["log_level"], line["event"]) for line in lines] == [
            ("error", "record failed"),
            ("info", "record works again"),
        ]
        assert lines[0]["trouble"] == "the record cannot be written: database is locked"

    def test_a_record_that_failed_for_good_is_one_line_in_the_log(self) -> None:
        """Said with what to do, however many requests follow, and without what the fault may quote of a request."""

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            store._find_heads = lambda: int("张三?")  # type: ignore[method-assign,assignment]
            for _ in range(2):
                with pytest.raises(StoreError):
                    await store.commit(Commit(an_entry("o-1 张三", "c1"), "c1", 0, an_act("d1", "accept")))

        with capture_logs() as lines:
            self.run(use)
        assert [(line["log_level"], line["event"], line["trouble"]) for line in lines] == [
            ("error", "record failed", "the record could not be made durable: ValueError")
        ]
        assert "restart" in lines[0]["remedy"]

    def test_a_log_that_fails_too_stops_no_decision(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A log on the same full disk: requests are still answered."""

        def full(*_: object, **__: object) -> None:
            raise OSError("no space left")

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            store._connection.execute("PRAGMA max_page_count=1")
            monkeypatch.setattr("adapters.storage.sqlite.log.error", full)
            with pytest.raises(StoreError, match="full"):
                await _commit_many(store, 400)
            assert store.failure == ""

        self.run(use)

    def test_heads_that_are_not_kept_are_found_for_a_whole_batch(self) -> None:
        """New cases, cases with acts and cases with questions alone, asked for at once: each entry names the one before it, and
        a stale version is refused."""
        acted, asked, new = [f"案〔2026〕{n}号" for n in range(4)], [f"q{n}" for n in range(3)], ["n0", "n1"]

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            for n, case_id in enumerate([*acted, *asked, *acted]):
                event = an_act(f"d{n}", "accept") if case_id in acted else None
                await store.commit(Commit(an_entry(f"d{n}", case_id), case_id, (n > 6) * 1, event))
            before = {case_id: store.reader.query(Filter(case_id=case_id), limit=1) for case_id in [*acted, *asked, *new]}
            store._heads.clear()
            versions = {**dict.fromkeys(acted, 2), **dict.fromkeys([*asked, *new], 0), acted[0]: 1}
            commits = [Commit(an_entry(f"e {case}", case), case, version) for case, version in versions.items()]
            results = await asyncio.gather(*[store.commit(commit) for commit in commits], return_exceptions=True)
            assert [isinstance(result, VersionConflictError) for result in results] == [True, *[False] * 8]
            for case_id in list(versions)[1:]:
                (last,) = store.reader.query(Filter(case_id=case_id), limit=1)
                previous = "".join(entry.leaf.hex() for entry in before[case_id])
                assert msgspec.json.decode(last.body)["prev_case"] == previous

        self.run(use)

    def test_commits_that_wait_together_share_a_transaction(self) -> None:
        """Group commit: a hundred commits at once need far fewer transactions than a hundred."""
        transactions: list[str] = []

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            store._connection.set_trace_callback(
                lambda statement: transactions.append(statement) if statement == "COMMIT" else None
            )
            commits = [
                store.commit(Commit(an_entry(f"d{n}", f"c{n}"), f"c{n}", 0, an_act(f"d{n}", "accept"))) for n in range(100)
            ]
            await asyncio.gather(*commits)

        self.run(use)
        assert 1 <= len(transactions) < 50

    def test_the_write_ahead_log_begins_again(self) -> None:
        """Once it has been copied back it is written from its front, so that it does not grow with the record."""
        log = self.folder / f"{RECORD_FILE}-wal"
        portions = 10
        first: list[int] = []

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)

            async def write(numbers: range) -> None:
                for n in numbers:
                    async with asyncio.timeout(60):
                        while store._tending and store._untended > TEND_EVERY // 2:  # noqa: ASYNC110 - a busy machine tends late
                            await asyncio.sleep(0)
                    await store.commit(_act_on(n))
                    if n == TEND_EVERY - 1:
                        first.append(log.stat().st_size)

            writers = 10  # without a pause, so that there is always something that was not copied yet
            await asyncio.gather(*[write(range(k, portions * TEND_EVERY, writers)) for k in range(writers)])
            assert log.stat().st_size < portions * first[0] * 0.8

        self.run(use)

    def test_a_lone_commit_on_a_quick_disk_waits_for_no_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a slow disk it goes to the thread, so that the loop answers others meanwhile; durable it is either way."""

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            handed: list[object] = []
            hand_over = store._on_disk

            def counted(work: Any, then: Any) -> None:
                handed.append(work)
                hand_over(work, then)

            monkeypatch.setattr(store, "_on_disk", counted)
            for n, (quick, threads) in enumerate([(0.0, 1), (3600.0, 1), (3600.0, 0), (0.0, 0), (0.0, 1)]):
                handed.clear()
                monkeypatch.setattr("adapters.storage.sqlite.QUICK_SYNC", quick)
                assert await store.commit(_act_on(n)) == (n + 1,)
                assert len(handed) == threads, n
            monkeypatch.setattr("adapters.storage.sqlite.QUICK_SYNC", 3600.0)
            await store.commit(_act_on(5))
            handed.clear()
            await asyncio.gather(*[store.commit(_act_on(n)) for n in range(6, 9)])
            assert len(handed) == 1
            assert store.reader.last_seq() == 9

        self.run(use)

    def test_commits_are_synced_before_they_return(self) -> None:
        """The journal is a WAL and every commit is a full sync."""

        async def use(store: RecordStore) -> None:
            assert isinstance(store, SqliteStore)
            assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)

        self.run(use)

    def test_a_caller_that_goes_away_does_not_undo_a_commit(self) -> None:
        """Cancelling the waiting request leaves the record and the cached case consistent."""

        async def use(store: RecordStore) -> None:
            task = asyncio.create_task(store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept"))))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            second = Commit(an_entry("d2", "c1"), "c1", 1, an_act("d2", "review"))
            assert await store.commit(second) == (2,)
            assert store.reader.find("d1") is not None

        self.run(use)

    def test_a_reader_beside_the_writer_sees_only_what_is_durable(self) -> None:
        """The command line reads while the sidecar writes."""

        async def use(store: RecordStore) -> None:
            reader = SqliteReader(self.folder / RECORD_FILE)
            assert reader.last_seq() == 0
            await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))
            assert reader.last_seq() == 1
            reader.close()

        self.run(use)

    def test_a_reader_of_nothing_says_so(self, tmp_path: Path) -> None:
        """A wrong folder is named with what to do."""
        with pytest.raises(StoreError, match="does not exist"):
            SqliteReader(tmp_path / "nowhere" / RECORD_FILE)

    def test_the_record_is_for_its_owner_only(self) -> None:
        """Folder and file cannot be read by other users of the machine."""
        self._commit_one()
        assert self.folder.stat().st_mode & 0o077 == 0
        assert (self.folder / RECORD_FILE).stat().st_mode & 0o077 == 0

    def test_closing_makes_pending_commits_durable(self) -> None:
        """What was accepted before close is there after it, and the writer thread ends."""

        async def whole() -> None:
            store = SqliteStore(self.folder)
            tasks = [
                asyncio.ensure_future(store.commit(Commit(an_entry(f"d{n}", f"c{n}"), f"c{n}", 0, an_act(f"d{n}", "accept"))))
                for n in range(20)
            ]
            await asyncio.sleep(0)
            await store.close()
            assert {type(result).__name__ for result in await asyncio.gather(*tasks)} == {"Committed"}
            assert store._disk._shutdown

        asyncio.run(whole())

    def test_a_record_that_was_removed_takes_no_more(self) -> None:
        """A file that nobody will find again is no record: it is refused, and said, until somebody looks."""

        async def whole() -> str:
            store = SqliteStore(self.folder)
            (self.folder / RECORD_FILE).unlink()
            with pytest.raises(StoreError, match="gone"):
                await store.commit(Commit(an_entry("d1", "c1"), "c1", 0, an_act("d1", "accept")))
            failure = store.failure
            await store.close()
            return failure

        assert "gone" in asyncio.run(whole())


def _act_on(n: int) -> Commit:
    return Commit(an_entry(f"d{n}", f"c{n}"), f"c{n}", 0, an_act(f"d{n}", "accept"))


async def _nothing(_: RecordStore) -> None:
    """Open and close."""


async def _commit(store: RecordStore, commit: Commit) -> None:
    await store.commit(commit)


async def _commit_steps(store: RecordStore, count: int) -> None:
    """One act after another in one case."""
    for n in range(1, count):
        await store.commit(Commit(an_entry(f"d{n}", "c0"), "c0", n, an_act(f"d{n}", "accept")))


async def _commit_many(store: RecordStore, count: int) -> None:
    for n in range(2, count):
        await store.commit(Commit(an_entry(f"d{n}", f"c{n}"), f"c{n}", 0, an_act(f"d{n}", "accept")))
