"""A store that was flushed, restored, edited or mixed up is noticed, refused, and rebuilt from the logs."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.storage.redis.cases import read
from adapters.storage.redis.ground import Fingerprints
from adapters.storage.redis.keys import STORE, case_keys
from adapters.storage.redis.rebuilding import Logs, Problem, Rebuilder, Told
from adapters.storage.redis.server import Address, Server
from adapters.storage.redis.store import RedisStore
from adapters.storage.sqlite import SqliteStore
from sidecar.case_history.history import digest_after, encode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.decision_log.entry import DecisionEntry
from sidecar.errors import StateRolledBackError, StoreError, VersionConflictError
from sidecar.ports.records import Committed, Replayed, RequestKey
from tests.conformance.samples import act_on, an_amount
from tests.conformance.shared import KEYS, open_shared, until
from tests.redis_server import RedisServer

KEY = RequestKey("portal", "r1")


class Fleet:
    """Sidecars by name on one server, opened anew for each use."""

    def __init__(self, folder: Path, server: RedisServer) -> None:
        self.folder, self.server = folder, server

    def run(self, use: Callable[..., Awaitable[None]], *names: str) -> None:
        async def whole() -> None:
            stores = [open_shared(self.folder / name, self.server.url) for name in names]
            try:
                await use(*stores)
            finally:
                for store in stores:
                    await store.close()

        asyncio.run(whole())

    def act(self, name: str, case: str, version: int, decision: str, **how: Any) -> None:
        async def use(store: RedisStore) -> None:
            before = (await store.read_case(case)).digest
            commit = act_on(case, version, decision, "accept", **how)
            digest = digest_after(before, encode_event(commit.event))
            assert isinstance(commit.entry, DecisionEntry)
            await store.commit(commit._replace(entry=replace(commit.entry, case_version=version + 1, case_digest=digest)))

        self.run(use, name)

    def rebuild(self, *names: str, case: str = "", merge: bool = False) -> list[Problem]:
        async def whole() -> list[Problem]:
            logs, server = Logs([self.folder / name for name in names]), Server(Address(self.server.url))
            rebuilder = Rebuilder(server, KEYS, 10**9)
            told = [logs.tell(one, merge=merge) for one in ([case] if case else logs.case_ids())]
            problems = [await rebuilder.case(one) if isinstance(one, Told) else one for one in told]
            if not case:
                for ledger in logs.ledger_ids():
                    await rebuilder.ledger(ledger, *logs.changes(ledger))
                await rebuilder.mark(logs.store)
            logs.close()
            await server.close()
            return [problem for problem in problems if problem]

        return asyncio.run(whole())


@pytest.fixture
def fleet(server: RedisServer, tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, server)


@pytest.fixture
def worked(fleet: Fleet) -> Fleet:
    """Two sidecars have acted in turn on one case, and each on one of its own."""
    fleet.act("a", "c1", 0, "d1", key=KEY, answer=b"first")
    fleet.act("b", "c1", 1, "d2")
    fleet.act("a", "c1", 2, "d3", ledgers=(LedgerChange("l", 0, (an_amount("d3", "c1", 3),)),))
    fleet.act("a", "c2", 0, "d4")
    fleet.act("b", "c3", 0, "d5")
    return fleet


async def refused(store: RedisStore, case: str = "c9") -> str:
    """Why nothing at all may be committed."""
    with pytest.raises(StoreError) as told:
        await store.commit(act_on(case, 0, f"x-{case}", "accept"))
    return told.value.message


def test_a_flushed_store_is_used_by_nobody_until_it_is_rebuilt(worked: Fleet) -> None:
    """S10: sidecars that start and sidecars that run refuse everything, also cases they never saw; rebuilt from both logs, all is
    as it was: cases, chain, answers, totals."""

    async def running(a: RedisStore, b: RedisStore) -> None:
        for store in (a, b):
            assert (await store.read_case("c1")).version == 3
        with worked.server.client as client:
            client.flushall()
        for store in (a, b):
            await refused(store)
            await until(partial(_says, store, "does not know itself any more"))

    async def starting(a: RedisStore, b: RedisStore) -> None:
        for store in (a, b):
            assert "does not know itself any more" in await refused(store)

    async def again(a: RedisStore, b: RedisStore) -> None:
        assert (await b.read_case("c1")).version == 3
        assert (await a.read_ledger("l")).total() == 3
        assert await b.commit(act_on("c1", 3, "d6", "x", key=KEY)) == Replayed("act", b"first")
        assert isinstance(await b.commit(act_on("c1", 3, "d7", "issue")), Committed)
        with pytest.raises(VersionConflictError):
            await a.commit(act_on("c2", 0, "d8", "accept"))

    worked.run(running, "a", "b")
    worked.run(starting, "a", "b")
    assert worked.rebuild("a", "b") == []
    worked.run(again, "a", "b")
    told = Logs([worked.folder / name for name in ("a", "b")]).tell("c1")
    assert isinstance(told, Told)
    assert [item.commit for item in told.items] == ["decision:d1", "decision:d2", "decision:d3", "decision:d7"]
    entries = {entry.commit: json.loads(entry.body) for entry in told.entries}
    leaves = {entry.commit: entry.leaf.hex() for entry in told.entries}
    assert entries["decision:d7"]["prev_case"] == leaves["decision:d3"]


async def _says(store: RedisStore, words: str) -> bool:
    return words in store.failure


def test_a_restored_store_is_noticed_by_its_count(worked: Fleet, tmp_path: Path) -> None:
    """S10: a copy of the data from before the last acts; a sidecar none of whose own acts is lost notices as well."""
    server = worked.server
    server.kill()
    shutil.copytree(server.folder, tmp_path / "backup")
    server.start()
    worked.act("a", "c1", 3, "d6")

    async def seen(b: RedisStore) -> None:
        await b.start()

    worked.run(seen, "b")
    server.kill()
    shutil.rmtree(server.folder)
    shutil.copytree(tmp_path / "backup", server.folder)
    server.start()

    async def use(a: RedisStore, b: RedisStore) -> None:
        for store in (a, b):
            assert "set back" in await refused(store)

    worked.run(use, "a", "b")
    assert worked.rebuild("a", "b") == []

    async def again(b: RedisStore) -> None:
        assert (await b.read_case("c1")).version == 4

    worked.run(again, "b")


def lose_last(server: RedisServer, case: str) -> None:
    """As if the last act had never reached a replica that took over: everything else is as it was, the count, too."""
    keys = case_keys(case)
    with server.client as client:
        client.rpop(keys.events)
        last = client.lindex(keys.events, -1)
        assert isinstance(last, bytes)
        client.hset(keys.state, mapping={"version": client.llen(keys.events), "digest": last.split(b"\n")[1]})


def test_a_lost_act_is_noticed_by_the_log_that_has_it(worked: Fleet) -> None:
    """S11: after a failover the store lacks an act of this sidecar's log: 409 on this case only, until it is rebuilt."""
    lose_last(worked.server, "c1")

    async def use(a: RedisStore) -> None:
        with pytest.raises(VersionConflictError):  # it has not been read yet, and is read then
            await a.commit(act_on("c1", 0, "d6", "x"))
        with pytest.raises(StateRolledBackError, match="case c1: the store has version 2 without decision:d3"):
            await a.read_case("c1")
        assert isinstance(await a.commit(act_on("c2", 1, "d7", "issue")), Committed)
        assert a.counters["rolled back"] == 1

    async def again(a: RedisStore) -> None:
        assert (await a.read_case("c1")).version == 3
        assert isinstance(await a.commit(act_on("c1", 3, "d8", "issue")), Committed)

    worked.run(use, "a")
    assert worked.rebuild("a", "b", case="c1") == []
    worked.run(again, "a")


def test_a_lost_act_is_noticed_by_a_sidecar_that_has_read_it(worked: Fleet) -> None:
    """Its own log lacks it, but its memory has it."""

    async def use(b: RedisStore) -> None:
        history = await b.read_case("c1")
        lose_last(worked.server, "c1")
        with pytest.raises(StateRolledBackError):
            await b.commit(act_on("c1", 3, "d6", "issue")._replace(expected_digest=history.digest))
        with pytest.raises(StateRolledBackError, match="version 2"):
            await b.read_case("c1")

    worked.run(use, "b")


def test_two_acts_in_one_place_are_told_and_both_kept_on_request(worked: Fleet) -> None:
    """The store lost an answered act and took another in its place. Both happened: nobody chooses one; kept both, both persons
    have taken part, and both sidecars go on."""
    lose_last(worked.server, "c1")
    worked.act("b", "c1", 2, "e3", person="o-2")
    worked.act("b", "c1", 3, "e4", person="o-3")
    (problem,) = worked.rebuild("a", "b", case="c1")
    assert (problem.kind, "decision:e3" in problem.told) == ("fork", True)
    assert worked.rebuild("a", "b", case="c1", merge=True) == []

    async def use(a: RedisStore, b: RedisStore) -> None:
        for store in (a, b):
            history = await store.read_case("c1")
            assert [act.decision_id for act in history.acts] == ["d1", "d2", "d3", "e3", "e4"]
        await a.commit(act_on("c1", 5, "d6", "issue"))

    worked.run(use, "a", "b")
    assert worked.rebuild("a", "b", case="c1", merge=True) == []


def edit_digest(server: RedisServer) -> None:
    with server.client as client:
        client.hset(case_keys("c1").state, "digest", "0" * 64)


def edit_event(server: RedisServer) -> None:
    with server.client as client:
        item = client.lindex(case_keys("c1").events, 1)
        assert isinstance(item, bytes)
        client.lset(case_keys("c1").events, 1, item.replace(b"o-1", b"o-9"))


def edit_version(server: RedisServer) -> None:
    with server.client as client:
        client.hset(case_keys("c1").state, "version", 9)


def remove_event(server: RedisServer) -> None:
    with server.client as client:
        client.lrem(case_keys("c1").events, 1, client.lindex(case_keys("c1").events, 0))


EDITS = [edit_digest, edit_event, edit_version, remove_event]


@pytest.mark.parametrize(
    ("edit", "known"),
    # who has read an event remembers it, and decides on what it was
    [(edit, known) for edit in EDITS for known in (True, False) if not (known and edit is edit_event)],
)
def test_a_case_edited_by_hand_is_refused(worked: Fleet, edit: Callable[[RedisServer], None], *, known: bool) -> None:
    """S14: whether the sidecar had read the case before or not, nothing is decided on it, and nothing written."""

    async def use(b: RedisStore) -> None:
        digest = (await b.read_case("c1")).digest if known else ""
        edit(worked.server)
        last = b.reader.last_seq()
        for _ in range(2):
            try:
                await b.commit(act_on("c1", 3, "d6", "issue")._replace(expected_digest=digest))
            except StateRolledBackError:
                break
            except VersionConflictError:
                with pytest.raises(StateRolledBackError):
                    await b.read_case("c1")
                break
        else:
            pytest.fail("the edited case was acted on")
        assert b.reader.last_seq() == last

    worked.run(use, "b")


def test_a_case_that_is_to_expire_is_refused(worked: Fleet) -> None:
    """S12: a time to live on a case would make it a new one some day."""

    async def use(a: RedisStore) -> None:
        await a.read_case("c1")
        with worked.server.client as client:
            client.expire(case_keys("c1").events, 3600)
            with pytest.raises(StoreError, match="time to live"):
                await a.commit(act_on("c1", 3, "d6", "issue"))
            client.persist(case_keys("c1").events)
        assert isinstance(await a.commit(act_on("c1", 3, "d6", "issue")), Committed)

    worked.run(use, "a")


def test_a_missing_log_is_a_gap(worked: Fleet) -> None:
    """What only the other sidecar recorded cannot be told, and is not left out; the logs know who is missing."""
    (problem,) = worked.rebuild("a", case="c1")
    assert (problem.kind, "version 2" in problem.told) == ("gap", True)
    logs = Logs([worked.folder / "a"])
    assert len(logs.missing) == 1
    assert Logs([worked.folder / "a", worked.folder / "b"]).missing == frozenset()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE case_events SET event = replace(event, 'o-1', 'o-9') WHERE version = 3", "is not the one its entry names"),
        ("UPDATE entries SET body = replace(body, 'ALLOWED', 'REFUSED') WHERE id = 'd1'", "is not the entry that was recorded"),
    ],
)
def test_an_altered_log_rebuilds_nothing(worked: Fleet, statement: str, told: str) -> None:
    """An event beside its entry, or an entry beside its leaf, that is not what was recorded."""
    with sqlite3.connect(worked.folder / "a" / "record.sqlite3") as connection:
        connection.execute(statement)
    connection.close()
    found = worked.rebuild("a", "b", case="c1")
    assert told in found[0].told


def test_an_open_commit_that_no_log_has_is_not_overwritten_at_once(fleet: Fleet) -> None:
    """A sidecar may be between store and log: repairing waits for it."""

    async def dies(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))

        async def killed(*_: object) -> None:
            raise RuntimeError

        store._log.append = killed  # type: ignore[method-assign,assignment]
        with pytest.raises(RuntimeError):
            await store.commit(act_on("c1", 1, "d2", "review"))

    fleet.run(dies, "a")
    (problem,) = fleet.rebuild("a", case="c1")
    assert problem.kind == "open"


def test_a_log_that_served_alone_is_put_into_a_new_store(fleet: Fleet) -> None:
    """From one sidecar to many: its cases are no new cases; until they are in the store nothing is decided."""

    async def alone() -> None:
        store = SqliteStore(fleet.folder / "a")
        await store.commit(act_on("c1", 0, "d1", "accept"))
        await store.close()

    async def use(a: RedisStore) -> None:
        assert "has cases that the case store does not know" in await refused(a)

    async def again(a: RedisStore) -> None:
        with pytest.raises(VersionConflictError):
            await a.commit(act_on("c1", 0, "d2", "accept"))
        assert (await a.read_case("c1")).version == 1

    asyncio.run(alone())
    fleet.run(use, "a")
    assert fleet.rebuild("a") == []
    fleet.run(again, "a")


def test_another_store_is_not_taken_for_ours(worked: Fleet) -> None:
    """An address that leads to the store of others: their mark is another."""
    with worked.server.client as client:
        client.hset(STORE, "id", "f" * 32)

    async def use(a: RedisStore) -> None:
        assert "not the case store this sidecar's log belongs to" in await refused(a)

    worked.run(use, "a")


@pytest.mark.parametrize("which", ["party", "state"])
def test_sidecars_with_different_keys_do_not_share(worked: Fleet, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    """One party would be two, and no token would fit."""
    monkeypatch.setattr("tests.conformance.shared.KEYS", Fingerprints(**{**KEYS._asdict(), which: "another"}))

    async def use(b: RedisStore) -> None:
        assert f"another {which}_key" in await refused(b)

    worked.run(use, "b")


def test_what_was_read_is_what_the_store_has(worked: Fleet) -> None:
    """The reading for people shows items as they are."""

    async def use() -> None:
        server = Server(Address(worked.server.url))
        found = await read(server, "c1", 0)
        await server.close()
        assert (found.version, [item.commit for item in found.items]) == (3, ["decision:d1", "decision:d2", "decision:d3"])

    asyncio.run(use())
