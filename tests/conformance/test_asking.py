"""Whatever is asked of the record, the index answers what looking through every entry would: pages, order and totals."""

import asyncio
import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.storage import index_reader, places
from adapters.storage.memory import MemoryStore
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_index import INDEX_FILE, RecordIndex
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from sidecar.decision_log.entry import LogReadEntry, OutcomeEntry
from sidecar.ports.records import TOTALS, Commit, Filter, RecordReader
from tests.conformance.samples import an_entry

COUNT = 150
START = datetime.fromisoformat("2026-01-05T10:00:00.000+08:00")
OFFICERS, POSTS, UNITS = ["o-1", "o-2", "o-3"], ["zjj.clerk", "zjj.head"], ["zjj", "scjgj"]
ITEMS, RULES, PARTIES = ["permit", "fine", "seal"], ["AL-SEP", "CS-1", "CS-2"], ["pty-" + c * 32 for c in "abc"]
SAID = [("建筑工程施工许可", "Building 100% done"), ("食品经营许可_变更", "food"), ("行政处罚", 'a "fine"'), ("许", "\\")]


def an_entry_at(n: int, chance: random.Random) -> Any:
    """An entry of a small office; now and then the clock is set back."""
    time = (START + timedelta(hours=n * 5 - 40 * (n % 37 == 0))).isoformat(timespec="milliseconds")
    if n % 11 == 0:
        return LogReadEntry(
            decision_id=f"r{n}",
            request_id="",
            time=time,
            time_source="test",
            caller="auditor",
            client_ip="",
            query={"what": "x"},
            person=chance.choice(["", *OFFICERS]),
        )
    subject = {
        "type": "officer",
        "person": chance.choice(OFFICERS),
        "acting_post": chance.choice(POSTS),
        "organ": chance.choice(UNITS),
        "level": "3",
    }
    item, caller = chance.choice(ITEMS), chance.choice(["portal", "proxy"])
    if n % 7 == 0:
        return OutcomeEntry(
            decision_id=f"d{n}", request_id="", time=time, time_source="test", caller=caller, subject=subject,
            action={"step": "accept"}, item=item, case_id="", case_version=0, result="failed",
            detail=chance.choice(["断电", "no power"]),
        )  # fmt: skip
    refused = chance.random() < 0.4
    name, english = chance.choice(SAID)
    rules = chance.sample(RULES, chance.randint(1, 3)) if refused else []
    return an_entry(
        f"d{n}",
        "",
        time=time,
        subject=subject,
        item=item,
        item_name=name,
        caller=caller,
        step=chance.choice(["accept", "review"]),
        party_token=chance.choice([*PARTIES, ""]),
        decision="deny" if refused else "allow",
        code=chance.choice(["NO_POWER", "SAME_PERSON"]) if refused else "ALLOWED",
        reason={"zh": f"{name}不得办理" if refused else "准许", "en": english},
        grounds=[{"rule": rule, "code": "X"} for rule in (*rules, *rules[:1])],
    )


class Office(NamedTuple):
    """The same log in memory, which is looked through, and on disk with an index that holds all, half, or nothing of it."""

    seen: RecordReader
    readers: dict[str, SqliteReader]


@pytest.fixture(scope="module", params=[1, 8], ids=["sets", "few"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    patch = pytest.MonkeyPatch()
    patch.setattr(places, "BLOCK", 16)
    patch.setattr(places, "FEW", request.param)
    if request.param == 1:  # the ways of many values and of blocks far apart, which a small office would not see
        patch.setattr(index_reader, "_FEW", 0)
        patch.setattr(index_reader, "_SPARSE", 1)
        patch.setattr(index_reader, "_STRETCH", 4)
    folder = tmp_path_factory.mktemp("office")
    chance, memory = random.Random(7), MemoryStore()
    entries = [an_entry_at(n, chance) for n in range(1, COUNT + 1)]

    async def write(store: Any, portion: list[Any]) -> None:
        for entry in portion:
            await store.commit(Commit(entry))
        await store.close()

    asyncio.run(write(memory, entries))
    asyncio.run(write(SqliteStore(folder / "whole"), entries[: COUNT // 2]))
    early = (folder / "whole" / INDEX_FILE).read_bytes()
    asyncio.run(write(SqliteStore(folder / "whole"), entries[COUNT // 2 :]))
    for name in ("half", "none"):
        shutil.copytree(folder / "whole", folder / name)
        (folder / name / INDEX_FILE).unlink()
    (folder / "half" / INDEX_FILE).write_bytes(early)
    readers = {name: SqliteReader(folder / name / RECORD_FILE) for name in ("whole", "half", "none")}
    yield Office(memory.reader, readers)
    for reader in readers.values():
        reader.close()
    patch.undo()


def one_of(*values: str) -> st.SearchStrategy[str]:
    """Mostly no restriction, so that searches of several fields find something."""
    return st.sampled_from(["", "", "", *values, "unknown"])


DAY = one_of(*((START + timedelta(days=n)).date().isoformat() for n in range(0, 32, 3)))
MOMENT = st.none() | st.integers(-1, COUNT * 5).map(lambda h: int((START + timedelta(hours=h)).timestamp() * 1000))
WANTED = st.builds(
    Filter,
    officer=one_of(*OFFICERS), item=one_of(*ITEMS), code=one_of("NO_POWER", "ALLOWED"), decision=one_of("allow", "deny"),
    kind=one_of("decision", "outcome", "log_read"), since_ms=MOMENT, until_ms=MOMENT, post=one_of(*POSTS), unit=one_of(*UNITS),
    step=one_of("accept"), caller=one_of("portal", "auditor"), party=one_of(*PARTIES), rule=one_of(*RULES),
    text=one_of("许", "许可", "施工许可", "FOOD", "100%", "_", '"', "\\", "断电", "power", "第7"), since_day=DAY, until_day=DAY,
    items=st.sampled_from([(), (), ("permit", "seal")]), units=st.sampled_from([(), (), ("zjj",), ("zjj", "scjgj")]),
)  # fmt: skip
NUMBER = st.none() | st.integers(1, COUNT + 1)


@given(wanted=WANTED, limit=st.integers(1, 40), edge=NUMBER)
@settings(max_examples=50, deadline=None)
def test_every_search_finds_what_looking_through_finds(office: Office, wanted: Filter, limit: int, edge: int | None) -> None:
    """Newest first and oldest first, from any place on, however far the index has come."""
    newest = office.seen.query(wanted, limit=limit, before=edge)
    oldest = office.seen.since(wanted, after=edge or 0, limit=limit)
    for reader in office.readers.values():
        assert reader.query(wanted, limit=limit, before=edge) == newest
        assert reader.since(wanted, after=edge or 0, limit=limit) == oldest


@given(wanted=WANTED, by=st.sampled_from(TOTALS))
@settings(max_examples=50, deadline=None)
def test_totals_are_what_counting_gives(office: Office, wanted: Filter, by: str) -> None:
    """From the counts that are kept or from intersecting: never one more or less."""
    counted = office.seen.totals(wanted, by)
    for reader in office.readers.values():
        assert reader.totals(wanted, by) == counted


@pytest.mark.parametrize("by", TOTALS)
@pytest.mark.parametrize("wanted", [Filter(), Filter(decision="deny"), Filter(since_day="2026-01-10", until_day="2026-01-20")])
def test_plain_totals_come_from_the_counts(office: Office, wanted: Filter, by: str) -> None:
    """By whatever is counted: no posting is read for a period, a decision, or everything."""
    reader = office.readers["whole"]
    asked: list[str] = []
    reader._connection().set_trace_callback(asked.append)
    found = reader.totals(wanted, by)
    reader._connection().set_trace_callback(None)
    assert found == office.seen.totals(wanted, by)
    assert sum(total.allowed + total.denied for total in found) > 0
    assert not [text for text in asked if "postings" in text]


def test_what_is_rare_is_read_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nearly every entry has is looked for only in the block that the rare thing is in."""
    monkeypatch.setattr(places, "BLOCK", 8)

    async def write() -> None:
        store = SqliteStore(tmp_path)
        for n in range(1, 41):
            await store.commit(Commit(an_entry(f"d{n}", "", person="o-9" if n == 20 else "o-1")))
        await store.close()

    asyncio.run(write())
    reader = SqliteReader(tmp_path / RECORD_FILE)
    asked: list[str] = []
    connection = reader._connection()
    often = connection.execute("SELECT id FROM idx.terms WHERE field = 'decision' AND value = 'allow'").fetchone()[0]
    connection.set_trace_callback(asked.append)
    assert [e.seq for e in reader.query(Filter(decision="allow", officer="o-9"), limit=50)] == [20]
    reader.close()
    read = [text for text in asked if f"json_each('[{often}]')" in text]
    assert [text[text.index("BETWEEN") :] for text in read] == ["BETWEEN 2 AND 2"]


def test_pages_do_not_shift_while_entries_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walking through the pages while the log grows gives each entry of the beginning once, in order."""
    monkeypatch.setattr(places, "BLOCK", 8)

    async def walk() -> list[int]:
        store = SqliteStore(tmp_path)
        for n in range(20):
            await store.commit(Commit(an_entry(f"d{n}", "", person=f"o-{n % 2}")))
        seen: list[int] = []
        while page := store.reader.query(Filter(officer="o-1"), limit=3, before=seen[-1] if seen else None):
            seen += [entry.seq for entry in page]
            await store.commit(Commit(an_entry(f"more-{seen[-1]}", "", person="o-1")))
            index = RecordIndex(tmp_path / RECORD_FILE)
            index.follow()
            index.close()
        await store.close()
        return seen

    assert asyncio.run(walk()) == list(range(20, 0, -2))
