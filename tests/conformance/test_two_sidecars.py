"""Two sidecars on one store, each with a log of its own, and what one of them leaves open when it dies."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.crc import key_slot

from adapters.storage.redis.keys import POLICIES, case_keys, ledger_keys, ledger_tag
from adapters.storage.redis.store import RedisStore
from adapters.storage.sqlite import SqliteStore
from sidecar.case_history.history import OutcomeReported
from sidecar.case_history.ledger import LedgerChange
from sidecar.decision_log.canonical import leaf_hash
from sidecar.errors import StalePolicyError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Filter, Replayed, RequestKey
from tests.conformance.samples import act_on, an_amount, an_entry
from tests.conformance.shared import open_shared, until
from tests.redis_server import RedisServer

Use = Callable[[RedisStore, RedisStore], Awaitable[None]]
KEY = RequestKey("portal", "r1")


class Pair:
    """Two stores on one server, opened anew for each use."""

    def __init__(self, folder: Path, server: RedisServer) -> None:
        self.folder, self.server = folder, server
        self.promises: dict[str, Any] = {}

    def run(self, use: Use) -> None:
        async def whole() -> None:
            stores = [open_shared(self.folder / name, self.server.url, **self.promises) for name in ("a", "b")]
            try:
                await use(*stores)
            finally:
                for store in stores:
                    await store.close()

        asyncio.run(whole())

    def entries(self) -> list[dict[str, Any]]:
        """All entries of both logs, each with its leaf."""
        return [entry for name in ("a", "b") for entry in self.log(name)]

    def log(self, name: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            store = SqliteStore(self.folder / name)
            found = store.reader.since(Filter(), after=0, limit=10_000)
            await store.close()
            return [{**msgspec.json.decode(one.body), "leaf": leaf_hash(one.body).hex()} for one in found]

        return asyncio.run(read())


@pytest.fixture
def pair(server: RedisServer, tmp_path: Path) -> Pair:
    return Pair(tmp_path, server)


@contextmanager
def dying(store: RedisStore, where: str) -> Iterator[None]:
    """The sidecar stops at one of the steps of a commit: before its log, or after it and before it says so."""

    async def dies(*_: object, **__: object) -> None:
        raise KilledError

    steps: dict[str, tuple[object, str]] = {
        "log": (store._log, "append"),
        "settle": (store, "_for_reports"),
        "ledger": (store._ledgers, "confirm"),
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(*steps[where], dies if where != "settle" else _raising)
        yield


class KilledError(Exception):
    """Stands for SIGKILL: whatever comes after it does not happen."""


def _raising(*_: object) -> None:
    raise KilledError


def test_what_one_commits_the_other_sees(pair: Pair) -> None:
    """The second act is decided on the first, whoever recorded it; an older version is refused on both."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        await a.commit(act_on("c1", 0, "d1", "accept"))
        with pytest.raises(VersionConflictError):
            await b.commit(act_on("c1", 0, "d2", "accept"))
        assert (await b.read_case("c1")).is_done("accept")
        await b.commit(act_on("c1", 1, "d3", "review"))
        with pytest.raises(VersionConflictError):
            await a.commit(act_on("c1", 1, "d4", "review"))
        assert (await a.read_case("c1")).version == 2

    pair.run(use)
    assert [[e["decision_id"] for e in pair.log(name)] for name in ("a", "b")] == [["d1"], ["d3"]]


def test_entries_of_a_case_are_chained_across_logs(pair: Pair) -> None:
    """Each entry names the leaf of the case's previous one, in whichever log that lies; a refusal is a link like any other."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        for n in range(6):
            store = (a, b, b)[n % 3]
            if n == 3:
                await store.commit(Commit(an_entry("d3", "c1", decision="deny", code="NO_POWER"), "c1", 3))
            else:
                await store.commit(act_on("c1", n if n < 3 else n - 1, f"d{n}", "accept"))

    pair.run(use)
    entries = sorted(pair.entries(), key=lambda entry: entry["decision_id"])
    assert [entry["prev_case"] for entry in entries] == ["", *[entry["leaf"] for entry in entries[:-1]]]


def test_a_request_identifier_is_known_to_both_and_after_a_restart(pair: Pair) -> None:
    """The first answer stands, another act under it is told apart, on this case and on any other."""
    first = act_on("c1", 0, "d1", "accept", key=KEY, act="a", answer=b"first")

    async def use(a: RedisStore, b: RedisStore) -> None:
        await a.commit(first)
        for store in (a, b):
            assert await store.commit(act_on("c1", 1, "d2", "accept", key=KEY, act="a", answer=b"2")) == Replayed("a", b"first")
            for other in (act_on("c1", 1, "d3", "accept", key=KEY, act="b"), act_on("c2", 0, "d4", "accept", key=KEY, act="b")):
                again = await store.commit(other)
                assert isinstance(again, Replayed)
                assert again.act == "a"

    async def later(a: RedisStore, b: RedisStore) -> None:
        for store in (b, a):
            assert await store.commit(act_on("c1", 1, "d5", "accept", key=KEY, act="a")) == Replayed("a", b"first")
            assert (await store.read_case("c1")).version == 1

    pair.run(use)
    pair.server.restart()
    pair.run(later)
    assert [entry["decision_id"] for entry in pair.entries()] == ["d1"]


def test_one_identifier_at_once_through_both_is_one_act(pair: Pair) -> None:
    """Forty requests, half through each: one entry, one answer."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        attempts = [(a, b)[n % 2].commit(act_on("c1", 0, f"d{n}", "accept", key=KEY, answer=b"%d" % n)) for n in range(40)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        done = [n for n, result in enumerate(results) if isinstance(result, Committed)]
        assert len(done) == 1
        told = {result.answer for result in results if isinstance(result, Replayed)}
        assert told <= {b"%d" % done[0]}
        assert all(isinstance(result, Committed | Replayed | VersionConflictError) for result in results), results

    pair.run(use)
    assert len(pair.entries()) == 1


def test_of_many_through_both_exactly_one_wins(pair: Pair) -> None:
    """S1, S2: whoever asks where, one version is made once."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        results = await asyncio.gather(
            *[(a, b)[n % 2].commit(act_on("c1", 0, f"d{n}", "accept")) for n in range(40)], return_exceptions=True
        )
        assert sum(isinstance(result, Committed) for result in results) == 1
        assert sum(isinstance(result, VersionConflictError) for result in results) == 39

    pair.run(use)
    assert len(pair.entries()) == 1


@pytest.mark.parametrize("where", ["log", "settle"])
def test_what_a_dead_sidecar_left_open_is_finished_by_whoever_meets_it(pair: Pair, where: str) -> None:
    """Before or after its own log: the other puts it into its log under the same id, and the case goes on; a retry of the
    request gets the answer that was never heard."""
    first = act_on("c1", 0, "d1", "accept", key=KEY, answer=b"first")

    async def dies(a: RedisStore, _: RedisStore) -> None:
        with dying(a, where), pytest.raises(KilledError):
            await a.commit(first)

    async def goes_on(_: RedisStore, b: RedisStore) -> None:
        history = await b.read_case("c1")
        assert history.version == 1
        await b.commit(act_on("c1", 1, "d2", "review"))
        assert await b.commit(first) == Replayed("act", b"first")

    pair.promises = {"sweep_every": 3600.0}
    pair.run(dies)
    pair.run(goes_on)
    assert [entry["decision_id"] for entry in pair.log("b")] == ["d1", "d2"]
    assert [entry["decision_id"] for entry in pair.log("a")] == (["d1"] if where == "settle" else [])
    first_there, second = pair.log("b")
    assert second["prev_case"] == first_there["leaf"]


@pytest.mark.parametrize("where", ["log", "settle"])
def test_a_retry_is_never_answered_before_its_entry_is_in_a_log(pair: Pair, where: str) -> None:
    """The answer lies in the store already; the sidecar that gives it records it first, once."""
    first = act_on("c1", 0, "d1", "accept", key=KEY, answer=b"first")

    async def use(a: RedisStore, b: RedisStore) -> None:
        with dying(a, where), pytest.raises(KilledError):
            await a.commit(first)
        assert await b.commit(first._replace(entry=an_entry("d2", "c1"))) == Replayed("act", b"first")
        assert b.reader.find("d1") is not None
        assert await a.commit(first._replace(entry=an_entry("d3", "c1"))) == Replayed("act", b"first")

    pair.promises = {"sweep_every": 3600.0}
    pair.run(use)
    assert {entry["decision_id"] for entry in pair.entries()} == {"d1"}


def test_the_sweep_finds_what_nobody_asks_for(pair: Pair) -> None:
    """A case no request comes for is finished all the same, by a sidecar that starts or one that runs."""

    async def dies(a: RedisStore, _: RedisStore) -> None:
        for n in range(3):
            with dying(a, "log"), pytest.raises(KilledError):
                await a.commit(act_on(f"c{n}", 0, f"d{n}", "accept"))

    async def waits(_: RedisStore, b: RedisStore) -> None:
        await b.start()
        await until(lambda: _true(b.reader.last_seq() == 3))

    pair.run(dies)
    pair.run(waits)
    assert sorted(entry["decision_id"] for entry in pair.entries()) == ["d0", "d1", "d2"]
    with pair.server.client as client:
        assert list(client.scan_iter("*:open")) == []


def test_a_slow_sidecar_is_left_in_peace(pair: Pair) -> None:
    """While it may still write its log, the other waits; then both go on, and nothing is in two logs."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        append = a._log.append

        async def slowly(*given: Any) -> Any:
            await asyncio.sleep(0.3)
            return await append(*given)

        a._log.append = slowly  # type: ignore[method-assign,assignment]
        first = asyncio.create_task(a.commit(act_on("c1", 0, "d1", "accept")))
        await asyncio.sleep(0.1)
        await b.read_case("c1")
        await b.commit(act_on("c1", 1, "d2", "review"))
        assert isinstance(await first, Committed)

    pair.promises = {"patience": 3.0}
    pair.run(use)
    assert [[e["decision_id"] for e in pair.log(name)] for name in ("a", "b")] == [["d1"], ["d2"]]


def test_a_sidecar_that_is_too_slow_writes_a_duplicate_that_is_known_as_one(pair: Pair) -> None:
    """Its commit was taken over; its own entry has the same id and place, and the case goes on behind the other's."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        append, taken = a._log.append, asyncio.Event()

        async def late(*given: Any) -> Any:
            await taken.wait()
            return await append(*given)

        a._log.append = late  # type: ignore[method-assign,assignment]
        first = asyncio.create_task(a.commit(act_on("c1", 0, "d1", "accept")))
        await asyncio.sleep(0.1)
        await b.read_case("c1")
        await b.commit(act_on("c1", 1, "d2", "review"))
        taken.set()
        assert isinstance(await first, Committed)
        await a.read_case("c1")
        await a.commit(act_on("c1", 2, "d3", "decide"))

    pair.promises = {"patience": 0.1}
    pair.run(use)
    entries = {(name, e["decision_id"]): e for name in ("a", "b") for e in pair.log(name)}
    assert sorted(entries) == [("a", "d1"), ("a", "d3"), ("b", "d1"), ("b", "d2")]
    assert entries["b", "d2"]["prev_case"] == entries["b", "d1"]["leaf"]
    assert entries["a", "d3"]["prev_case"] == entries["b", "d2"]["leaf"]
    assert entries["a", "d1"]["prev_case"] == entries["b", "d1"]["prev_case"] == ""


async def _true(held: bool) -> bool:
    return held


async def _total_is(store: RedisStore, total: int) -> bool:
    return (await store.read_ledger("a")).total() == total


def _counting(n: int, version: int, amount: int = 1) -> Commit:
    return act_on(f"c{n}", 0, f"d{n}", "accept", ledgers=(LedgerChange("a", version, (an_amount(f"d{n}", f"c{n}", amount),)),))


def test_a_total_cannot_be_raced_through_two_sidecars(pair: Pair) -> None:
    """Each adds what the limit still leaves, on different cases and sidecars at once: the limit holds."""
    limit = 5

    async def use(a: RedisStore, b: RedisStore) -> None:
        async def add(store: RedisStore, n: int) -> bool:
            while True:
                ledger = await store.read_ledger("a")
                if ledger.total() >= limit:
                    return False
                try:
                    await store.commit(_counting(n, ledger.version))
                except VersionConflictError:
                    continue
                return True

        added = await asyncio.gather(*[add((a, b)[n % 2], n) for n in range(20)])
        assert sum(added) == limit
        assert (await b.read_ledger("a")).total() == limit

    pair.run(use)
    assert len(pair.entries()) == limit


def test_a_reservation_counts_before_its_case_is_committed(pair: Pair) -> None:
    """A sidecar dies between the two: what it reserved counts until a sweep has made sure that the case never was, and never
    will be, committed."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        lost = _counting(1, 0, 7)
        await a.read_ledger("a")
        await a._ledgers.reserve(lost)
        assert (await b.read_ledger("a")).total() == 7
        with pytest.raises(VersionConflictError):
            await b.commit(_counting(2, 0))
        assert (await b.read_ledger("a")).total() == 7
        await until(lambda: _total_is(b, 0))
        with pytest.raises(StoreError, match="given up"):  # it comes late, and too late
            await a._attempted(await a._with_digest(lost), case_keys("c1"))
        assert (await a.read_case("c1")).version == 0
        await b.commit(_counting(3, (await b.read_ledger("a")).version))
        assert (await a.read_ledger("a")).total() == 1

    pair.run(use)


@pytest.mark.parametrize("where", ["log", "ledger"])
def test_a_change_whose_case_was_committed_stands(pair: Pair, where: str) -> None:
    """The sidecar dies after the case's commit: the change counts all the while, and is confirmed when the commit is finished."""

    async def dies(a: RedisStore, _: RedisStore) -> None:
        with dying(a, where), pytest.raises(KilledError):
            await a.commit(_counting(1, 0, 7))

    async def use(_: RedisStore, b: RedisStore) -> None:
        assert (await b.read_ledger("a")).total() == 7
        await b.start()
        with pair.server.client as client:
            held = ledger_keys(ledger_tag("a")).held
            await until(lambda: _true(not client.hlen(held)))
        assert (await b.read_ledger("a")).total() == 7
        assert (await b.read_case("c1")).version == 1

    pair.run(dies)
    pair.run(use)


def test_a_lost_race_on_the_case_gives_back_what_was_reserved(pair: Pair) -> None:
    """The total is as before, at a version nobody has decided on."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        await b.commit(act_on("c1", 0, "d0", "accept"))
        with pytest.raises(VersionConflictError):
            await a.commit(_counting(1, 0))
        ledger = await a.read_ledger("a")
        assert (ledger.total(), ledger.version > 0) == (0, True)

    pair.run(use)


def test_an_older_policy_does_not_act_after_a_newer_one(pair: Pair) -> None:
    """S9 in a fleet: once a case was decided by the newer policies, a sidecar that still serves the older ones is refused on it;
    on other cases, and after its own reload, it is not."""
    old, new = Epoch("sha256:old", 1), Epoch("sha256:new", 2)

    async def use(a: RedisStore, b: RedisStore) -> None:
        a.serve(old)
        b.serve(old)
        await a.commit(act_on("c1", 0, "d1", "accept")._replace(epoch=old))
        b.serve(new)
        await b.read_case("c1")
        await b.commit(act_on("c1", 1, "d2", "review")._replace(epoch=new))
        await a.read_case("c1")
        with pytest.raises(StalePolicyError):
            await a.commit(act_on("c1", 2, "d3", "decide")._replace(epoch=old))
        assert isinstance(await a.commit(act_on("c2", 0, "d4", "accept")._replace(epoch=old)), Committed)
        a.serve(new)
        assert isinstance(await a.commit(act_on("c1", 2, "d5", "decide")._replace(epoch=new)), Committed)

    pair.run(use)


def test_going_back_to_an_earlier_policy_is_a_newer_one(pair: Pair) -> None:
    """Who reloads what served before makes it the newest; a sidecar that serves it all the while learns that by itself."""
    first, second = Epoch("sha256:first", 1), Epoch("sha256:second", 2)

    async def use(a: RedisStore, b: RedisStore) -> None:
        for store in (a, b):
            store.serve(first)
        await a.commit(act_on("c1", 0, "d1", "accept")._replace(epoch=first))
        b.serve(second)
        await b.read_case("c1")
        await b.commit(act_on("c1", 1, "d2", "review")._replace(epoch=second))
        b.serve(first._replace(turn=3))
        await b.commit(act_on("c1", 2, "d3", "decide")._replace(epoch=first._replace(turn=3)))
        await a.read_case("c1")
        assert isinstance(await a.commit(act_on("c1", 3, "d4", "issue")._replace(epoch=first)), Committed)

    pair.run(use)
    with pair.server.client as client:
        assert client.hget(POLICIES, "newest") == b"3"


def test_an_outcome_may_be_reported_to_the_other_sidecar(pair: Pair) -> None:
    """The decision is found there with the leaf it was recorded under, and its failure is part of the case for both."""

    async def use(a: RedisStore, b: RedisStore) -> None:
        await a.commit(act_on("c1", 0, "d1", "accept"))
        own, there = a.reader.find("d1"), await b.find_decision("d1")
        assert own is not None
        assert there is not None
        assert (there.leaf, there.body) == (own.leaf, own.body)
        history = await b.read_case("c1")
        failed = OutcomeReported("d1", "failed", "2026-01-05T10:00:01.000+08:00")
        await b.commit(Commit(an_entry("d2", "c1"), "c1", history.version, failed))
        assert not (await a.read_case("c1")).is_done("accept")

    pair.run(use)


def test_keys_of_a_case_are_in_one_slot(pair: Pair) -> None:
    """As a Redis Cluster counts slots, whatever the case is called; so are those of a ledger."""
    cases = ["BH-2026-000318", "示范〔2026〕1号", "a{b}c", "{}", "x y", "c" * 300]

    async def use(a: RedisStore, _: RedisStore) -> None:
        for n, case in enumerate(cases):
            change = LedgerChange(f"split:{case}", 0, (an_amount(f"d{n}", case),))
            await a.commit(act_on(case, 0, f"d{n}", "accept", key=RequestKey("portal", f"r{n}"), ledgers=(change,)))
            assert (await a.read_case(case)).version == 1
            assert (await a.read_ledger(f"split:{case}")).total() == 1

    pair.run(use)
    with pair.server.client as client:
        slots: dict[bytes, set[int]] = {}
        for key in client.scan_iter("*"):
            slots.setdefault(key[: key.index(b"}")], set()).add(key_slot(key))
    assert len(slots) > 2 * len(cases)
    assert all(len(found) == 1 for found in slots.values()), slots
