"""The index beside the record: it may lag, be lost, be damaged or belong to another record, and never changes an answer."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.storage import places
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_index import INDEX_FILE, RecordIndex
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from sidecar.ports.records import Commit, Filter
from tests.conformance.samples import an_act, an_entry

COUNT = 12
SEARCHES = [
    Filter(),
    Filter(officer="o-1"),
    Filter(officer="o-2", code="NO_POWER"),
    Filter(item="permit"),
    Filter(kind="decision"),
    Filter(decision="deny"),
    Filter(case_id="c3"),
    Filter(officer="o-2", since_ms=1, until_ms=2**50),
    Filter(until_ms=1),
]


def fill(folder: Path, start: int = 0, count: int = COUNT) -> None:
    async def write() -> None:
        store = SqliteStore(folder)
        for n in range(start, start + count):
            refused = {"decision": "deny", "code": "NO_POWER"} if n % 3 == 0 else {}
            entry = an_entry(f"d{n}", f"c{n}", person=f"o-{n % 4}", **refused)
            await store.commit(Commit(entry, f"c{n}", 0, None if refused else an_act(f"d{n}", "accept")))
        await store.close()

    asyncio.run(write())


def answers(folder: Path) -> list[list[int]]:
    """Every search, newest first, oldest first, and in pages of two."""
    reader = SqliteReader(folder / RECORD_FILE)
    found = []
    for wanted in SEARCHES:
        found.append([e.seq for e in reader.query(wanted, limit=100)])
        found.append([e.seq for e in reader.since(wanted, after=0, limit=100)][::-1])
        pages: list[int] = []
        while page := reader.query(wanted, limit=2, before=pages[-1] if pages else None):
            pages += [e.seq for e in page]
        found.append(pages)
    reader.close()
    return found


def taken_in(connection: sqlite3.Connection) -> int:
    """How many entries the index holds, sealed and not."""
    sealed = connection.execute("SELECT count(*) * ? FROM blocks", (places.BLOCK,)).fetchone()[0]
    found: int = connection.execute("SELECT count(*) + ? FROM recent", (sealed,)).fetchone()[0]
    return found


def lose(index: Path) -> None:
    for file in index.parent.glob(f"{INDEX_FILE}*"):
        file.unlink()


def damage(index: Path) -> None:
    lose(index)
    index.write_bytes(b"no database at all" * 100)


def lag(index: Path) -> None:
    """As it was when it had taken in the first entries."""
    early = index.parent.parent / "early"
    shutil.copytree(index.parent, early)
    lose(early / INDEX_FILE)
    with sqlite3.connect(early / RECORD_FILE) as connection:
        connection.execute("DELETE FROM entries WHERE seq > 6")
    connection.close()
    follower = RecordIndex(early / RECORD_FILE)
    follower.follow()
    follower.close()
    lose(index)
    shutil.copy(early / INDEX_FILE, index)


def from_another_record(index: Path) -> None:
    """Longer, with other officers, under the same numbers."""
    other = index.parent.parent / "other"
    fill(other, start=100, count=COUNT + 5)
    lose(index)
    shutil.copy(other / INDEX_FILE, index)


def of_another_version(index: Path) -> None:
    with sqlite3.connect(index) as connection:
        connection.execute("DROP TABLE recent")
        connection.execute("CREATE TABLE recent (seq INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.fixture(autouse=True, params=[5, places.BLOCK], ids=["sealed", "recent"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once most entries lie in sealed blocks, once none does."""
    monkeypatch.setattr(places, "BLOCK", request.param)


@pytest.mark.parametrize("change", [lose, damage, lag, from_another_record, of_another_version])
def test_no_answer_depends_on_the_index(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Whatever has become of the index, every search gives what it gave; and a new start makes the index whole again."""
    folder = tmp_path / "data"
    fill(folder)
    whole = answers(folder)
    assert whole[0] == list(range(COUNT, 0, -1))

    change(folder / INDEX_FILE)
    assert answers(folder) == whole

    fill(folder, start=COUNT, count=1)  # a start, one entry more, an orderly stop
    with sqlite3.connect(folder / INDEX_FILE) as connection:
        assert connection.execute("SELECT seq FROM reached").fetchone() == (COUNT + 1,)
        assert taken_in(connection) == COUNT + 1
    connection.close()
    longer = answers(folder)
    assert [page[-len(old) :] if old else [] for page, old in zip(longer, whole, strict=True)] == whole


def test_a_record_that_was_set_back_is_indexed_anew(tmp_path: Path) -> None:
    """After a backup is restored, the index that went further is not believed."""
    folder, backup = tmp_path / "data", tmp_path / "backup"
    fill(folder)
    shutil.copytree(folder, backup)
    fill(folder, start=COUNT, count=3)
    shutil.copy(backup / RECORD_FILE, folder / RECORD_FILE)
    assert answers(folder) == answers(backup)
    fill(folder, start=500, count=3)
    fill(backup, start=500, count=3)
    lose(backup / INDEX_FILE)
    assert answers(folder) == answers(backup)


def test_a_search_uses_the_index(tmp_path: Path) -> None:
    """For an officer the record is not looked through: its rows are found by number."""
    folder = tmp_path / "data"
    fill(folder)
    reader = SqliteReader(folder / RECORD_FILE)
    asked: list[str] = []
    connection = reader._connection()
    connection.set_trace_callback(asked.append)
    assert len(reader.query(Filter(officer="o-1"), limit=10)) == COUNT // 4
    connection.set_trace_callback(None)
    read = [text for text in asked if "main.entries" in text]
    plans = [connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall() for text in read]
    steps = [step[-1] for plan in plans for step in plan if step[-1].split()[1] == "e"]
    assert len(steps) >= 2
    assert all(step.startswith("SEARCH e USING INTEGER PRIMARY KEY") for step in steps)
    reader.close()


def test_entries_behind_the_index_are_found(tmp_path: Path) -> None:
    """While the sidecar runs, what was answered a moment ago is found by every search."""

    async def run() -> None:
        store = SqliteStore(tmp_path)
        for n in range(3):
            await store.commit(Commit(an_entry(f"d{n}", f"c{n}", person=f"o-{n}"), f"c{n}", 0, an_act(f"d{n}", "accept")))
            assert [e.seq for e in store.reader.query(Filter(officer=f"o-{n}"), limit=5)] == [n + 1]
        await store.close()

    asyncio.run(run())


def test_portions_are_taken_in_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long record is indexed portion by portion, each a transaction of its own."""
    fill(tmp_path)
    lose(tmp_path / INDEX_FILE)
    monkeypatch.setattr("adapters.storage.record_index.PORTION", 5)
    index = RecordIndex(tmp_path / RECORD_FILE)
    index.follow()
    index.close()
    with sqlite3.connect(tmp_path / INDEX_FILE) as connection:
        assert taken_in(connection) == COUNT
    connection.close()


def test_an_index_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Something that is no file lies in its place: decisions are recorded and found, and the log says what is wrong."""
    (tmp_path / INDEX_FILE).mkdir()
    fill(tmp_path)
    assert answers(tmp_path)[0] == list(range(COUNT, 0, -1))
