"""The store is slow, silent, gone, wrong or badly set up: refusals within the deadline, never a commit that is not one, and when
it is well again everything goes on by itself."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from adapters.storage.redis.keys import case_keys
from adapters.storage.redis.store import RedisStore
from sidecar.errors import StoreError, VersionConflictError
from sidecar.ports.records import Committed, Replayed, RequestKey
from tests.conformance.loopback import Loopback
from tests.conformance.samples import act_on
from tests.conformance.shared import open_shared, until
from tests.redis_server import RedisServer

KEY = RequestKey("portal", "r1")
DEADLINE = 2.0
GRACE = 2.0  # seconds a busy machine may take on top


@pytest.fixture
def line(server: RedisServer) -> Iterator[Loopback]:
    line = Loopback(server.port)
    yield line
    line.close()


def run(folder: Path, url: str, use: Callable[[RedisStore], Awaitable[None]], **promises: Any) -> None:
    async def whole() -> None:
        store = open_shared(folder, url, **{"deadline": DEADLINE, "sweep_every": 0.2, **promises})
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(whole())


async def refused(store: RedisStore, case: str = "c9") -> str:
    """Refused in time, and why."""
    begun = time.monotonic()
    with pytest.raises(StoreError) as told:
        await store.commit(act_on(case, 0, f"x-{case}-{begun}", "accept"))
    assert time.monotonic() - begun < DEADLINE + GRACE
    return told.value.message


async def works(store: RedisStore, case: str, decision: str = "") -> bool:
    """Whether the store takes commits again; it recovers by itself, so it is asked until it does."""
    try:
        history = await store.read_case(case)
        await store.commit(act_on(case, history.version, decision or f"w-{time.monotonic_ns()}", "accept"))
    except StoreError:
        return False
    return True


TROUBLES: dict[str, dict[str, object]] = {
    "cut": {"cut": True},
    "silent": {"silent": True},
    "slow": {"delay": DEADLINE * 2},
    "garbage": {"garbage": b"!!! not a reply\r\n"},
    "another protocol": {"garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
    "an answer of another kind": {"garbage": b"+OK\r\n"},
    "endless": {"garbage": b"$1000000\r\nx"},
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_line_in_trouble_refuses_and_recovers(line: Loopback, tmp_path: Path, trouble: dict[str, object]) -> None:
    """S13: what was committed before stands, nothing is committed meanwhile, and afterwards it works without anybody's help."""

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        with line.trouble(**trouble):
            for _ in range(2):
                assert await refused(store)
            await until(lambda: _unready(store))
            assert await refused(store)
        await until(lambda: works(store, "c2"))
        assert store.failure == ""
        assert (await store.read_case("c1")).version == 1
        with pytest.raises(VersionConflictError):
            await store.commit(act_on("c1", 0, "d2", "accept"))

    run(tmp_path / "a", line.url, use)


async def _unready(store: RedisStore) -> bool:
    return bool(store.failure)


def test_a_lost_answer_is_found_again_under_its_identifier(line: Loopback, tmp_path: Path) -> None:
    """S6: the commit happened and nobody heard; the caller is refused, and its retry gets the act that stands, once."""
    first = act_on("c1", 0, "d1", "accept", key=KEY, answer=b"first")

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c0", 0, "d0", "accept"))
        with line.trouble(lose_after=b"decision:d1"), pytest.raises(StoreError):
            await store.commit(first)
        assert store.reader.find("d1") is None

        async def again() -> bool:
            try:
                return await store.commit(act_on("c1", 0, "d2", "accept", key=KEY)) == Replayed("act", b"first")
            except StoreError:
                return False

        await until(again)
        assert (store.reader.find("d1") is not None, store.reader.find("d2")) == (True, None)
        assert (await store.read_case("c1")).version == 1

    run(tmp_path / "a", line.url, use)


def test_a_server_that_hangs_refuses_and_recovers(server: RedisServer, tmp_path: Path) -> None:
    """It is stopped with a commit under way, which may or may not have happened; nothing is answered, nothing lost."""

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        server.hang()
        try:
            assert await refused(store, "c1")
            assert await refused(store)
        finally:
            server.go_on()
        await until(lambda: works(store, "c1"))
        history = await store.read_case("c1")
        ids = [act.decision_id for act in history.acts]
        assert ids[0] == "d1"
        assert len(ids) == len(set(ids))

        async def logged() -> bool:
            return all(store.reader.find(name) is not None for name in ids)

        await until(logged)

    run(tmp_path / "a", server.url, use)


def test_a_server_that_is_killed_loses_nothing_that_was_answered(server: RedisServer, tmp_path: Path) -> None:
    """kill -9 in the midst of commits, five times: what was acknowledged is there afterwards, and it goes on by itself."""

    async def use(store: RedisStore) -> None:
        kept: list[str] = []
        for turn in range(5):
            before = len(kept)

            async def write(n: int, turn: int = turn) -> None:
                case = f"c{turn}-{n}"
                for version in range(50):
                    await store.commit(act_on(case, version, f"d{case}-{version}", "accept"))
                    kept.append(f"{case} {version}")

            writers = asyncio.gather(*[write(n) for n in range(4)], return_exceptions=True)
            # Until there is load; a slow machine may have refused them all.
            while len(kept) < before + 10 and not writers.done():  # noqa: ASYNC110 - nothing rings a bell
                await asyncio.sleep(0)
            await asyncio.to_thread(server.kill)
            results = await writers
            assert all(isinstance(result, StoreError) for result in results), results
            await asyncio.to_thread(server.start)
            await until(lambda: works(store, "c-after"))
        assert len(kept) >= 10
        for one in kept:
            case, version = one.split()
            history = await store.read_case(case)
            assert history.version > int(version)
            assert store.reader.find(f"d{one.replace(' ', '-')}") is not None

    run(tmp_path / "a", server.url, use)


def test_a_script_that_keeps_the_server_busy_refuses(server: RedisServer, tmp_path: Path) -> None:
    """BUSY is an error like any other; killed by its operator, the server takes commits again."""

    def keep_busy() -> None:
        with server.client as client, pytest.raises(Exception, match=r"killed|SCRIPT KILL"):
            client.eval("while true do end", 0)

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        busy = threading.Thread(target=keep_busy, daemon=True)
        busy.start()
        try:
            await asyncio.sleep(0.3)
            assert await refused(store)
        finally:
            with server.client as client:
                client.script_kill()
            await asyncio.to_thread(busy.join)
        await until(lambda: works(store, "c2"))

    run(tmp_path / "a", server.url, use)


KINDS = {"state": "set", "events": "set", "void": "string", "open": "string"}


@pytest.mark.parametrize("name", KINDS)
def test_a_key_of_the_wrong_kind_refuses_and_changes_nothing(server: RedisServer, tmp_path: Path, name: str) -> None:
    """WRONGTYPE at any of the script's keys: no part of the commit is written, other cases go on."""
    keys = case_keys("c1")

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c0", 0, "d0", "accept"))
        with server.client as client:
            key = getattr(keys, name)
            client.set(key, "x") if KINDS[name] == "string" else client.sadd(key, "x")
            before = {one: client.dump(one) for one in client.scan_iter("*{c1}*")}
            assert "WRONGTYPE" in await refused(store, "c1")
            assert {one: client.dump(one) for one in client.scan_iter("*{c1}*")} == before
            assert isinstance(await store.commit(act_on("c2", 0, "d2", "accept")), Committed)
            client.delete(key)
        await until(lambda: works(store, "c1"))

    run(tmp_path / "a", server.url, use, sweep_every=3600.0)


def test_a_full_server_refuses_and_changes_nothing(server: RedisServer, tmp_path: Path) -> None:
    """OOM: refused before anything is written; with room again it goes on."""

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        with server.client as client:
            client.config_set("maxmemory", "1mb")
            try:
                assert "OutOfMemory" in await refused(store, "c3")
                assert list(client.scan_iter("*{c3}*")) == []
            finally:
                client.config_set("maxmemory", "0")
        await until(lambda: works(store, "c3"))

    run(tmp_path / "a", server.url, use)


def test_a_server_that_forgot_the_scripts_is_told_them_again(server: RedisServer, tmp_path: Path) -> None:
    """NOSCRIPT costs one more exchange and no refusal."""

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        with server.client as client:
            client.script_flush()
        assert isinstance(await store.commit(act_on("c1", 1, "d2", "review")), Committed)

    run(tmp_path / "a", server.url, use)


BAD_GROUND: dict[str, tuple[dict[str, str], str]] = {
    "no append-only file": ({"appendonly": "no"}, "appendonly yes"),
    "an eviction policy": ({"maxmemory-policy": "allkeys-lru"}, "maxmemory-policy noeviction"),
    "eviction of what expires": ({"maxmemory-policy": "volatile-ttl"}, "maxmemory-policy noeviction"),
}


@pytest.mark.parametrize(("settings", "told"), BAD_GROUND.values(), ids=BAD_GROUND)
def test_a_server_that_may_lose_cases_is_not_used(
    server: RedisServer, tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    """S12: said with what to set; set right, it is used without a restart of the sidecar."""

    async def use(store: RedisStore) -> None:
        with server.client as client:
            kept = {name: client.config_get(name)[name] for name in settings}
            for name, value in settings.items():
                client.config_set(name, value)
            try:
                assert told in await refused(store)
                assert told in store.failure
            finally:
                for name, value in kept.items():
                    client.config_set(name, value)
        await until(lambda: works(store, "c1"))

    run(tmp_path / "a", server.url, use)


@pytest.mark.parametrize(("sync", "told"), [("always", ""), ("everysec", "two seconds"), ("no", "30 s")])
def test_what_a_server_may_lose_is_said(server: RedisServer, tmp_path: Path, sync: str, told: str) -> None:
    """In the warnings of /readyz, for each way of syncing."""

    async def use(store: RedisStore) -> None:
        with server.client as client:
            client.config_set("appendfsync", sync)
            await store.start()
            client.config_set("appendfsync", "everysec")
        assert [told in warning for warning in store.warnings] == ([True] if told else [])

    run(tmp_path / "a", server.url, use)


def test_a_replica_is_not_written_to(server: RedisServer, tmp_path: Path) -> None:
    """READONLY, and said as what it is; a primary again, it is used again."""

    async def use(store: RedisStore) -> None:
        await store.commit(act_on("c1", 0, "d1", "accept"))
        with server.client as client:
            client.replicaof("127.0.0.1", 1)
            try:
                assert await refused(store)
                await until(lambda: _unready(store))
                assert "replica" in store.failure
            finally:
                client.replicaof("NO", "ONE")
        await until(lambda: works(store, "c1"))

    run(tmp_path / "a", server.url, use)


def test_a_wrong_password_is_said_without_it(server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither failure nor log shows what was in the address."""

    async def use(store: RedisStore) -> None:
        assert "AuthenticationError" in await refused(store)
        assert "geheim" not in store.failure

    run(tmp_path / "a", f"redis://somebody:geheim@127.0.0.1:{server.port}", use)
    said = capsys.readouterr()
    assert "geheim" not in said.out + said.err


@pytest.mark.slow
def test_a_member_of_a_cluster_takes_every_script(tmp_path: Path) -> None:
    """A server that counts slots refuses a script whose keys lie in several; where a slot is elsewhere, MOVED is a refusal."""
    server = RedisServer(tmp_path / "server", cluster_enabled="yes", cluster_config_file="nodes.conf").start()
    try:
        with server.client as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            end = time.monotonic() + 60
            while client.execute_command("CLUSTER INFO").get("cluster_state") != "ok":
                assert time.monotonic() < end, "the cluster does not form"
                time.sleep(0.05)

        async def use(store: RedisStore) -> None:
            for n in range(20):
                commit = act_on(f"c{n}", 0, f"d{n}", "accept", key=RequestKey("p", f"{n}"))
                assert isinstance(await store.commit(commit), Committed)
            with server.client as client:
                client.execute_command("CLUSTER DELSLOTSRANGE", 0, 16383)
            assert await refused(store)

        run(tmp_path / "a", server.url, use)
    finally:
        server.kill()


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer, Loopback]]:
    """A primary and its replica, with a line between them that can be cut."""
    primary = RedisServer(tmp_path / "primary", repl_ping_replica_period="1").start()
    link = Loopback(primary.port)
    replica = RedisServer(tmp_path / "replica", replicaof=f"127.0.0.1 {link.port}").start()
    try:
        primary.wait_for_replicas(1)
        yield primary, replica, link
    finally:
        link.close()
        replica.kill()
        primary.kill()


@pytest.mark.slow
def test_without_waiting_a_failover_loses_an_answered_act_and_that_is_noticed(
    replicated: tuple[RedisServer, RedisServer, Loopback], tmp_path: Path
) -> None:
    """S11: the replica that takes over lacks what the cut line kept from it. The sidecar that made the act refuses the case (409,
    or everything, by the count); what is not waited for is said beforehand."""
    primary, replica, link = replicated

    async def arrived() -> bool:
        return Redis(port=replica.port).llen(case_keys("c1").events) == 1

    async def loses(store: RedisStore) -> None:
        await store.start()
        assert any("replicas" in warning for warning in store.warnings)
        await store.commit(act_on("c1", 0, "d1", "accept"))
        await until(arrived)
        link.cut = True
        link.drop()
        assert isinstance(await store.commit(act_on("c1", 1, "d2", "review")), Committed)

    async def notices(store: RedisStore) -> None:
        assert "set back" in await refused(store, "c1")

    run(tmp_path / "a", primary.url, loses)
    primary.kill()
    with replica.client as client:
        client.replicaof("NO", "ONE")
    run(tmp_path / "a", replica.url, notices)


@pytest.mark.slow
def test_with_waiting_nothing_is_answered_that_a_failover_loses(
    replicated: tuple[RedisServer, RedisServer, Loopback], tmp_path: Path
) -> None:
    """WAIT: while the replica is cut off every commit is a refusal; asked again under the same identifier when it is back, it is
    answered once; after a failover everything answered is there."""
    primary, replica, link = replicated
    second = act_on("c1", 1, "d2", "review", key=KEY, answer=b"second")

    async def use(store: RedisStore) -> None:
        assert isinstance(await store.commit(act_on("c1", 0, "d1", "accept")), Committed)
        link.cut = True
        link.drop()
        with pytest.raises(StoreError, match="replicas"):
            await store.commit(second)
        assert store.reader.find("d2") is None
        with pytest.raises(StoreError):
            await store.commit(second)
        link.cut = False

        async def again() -> bool:
            try:
                return isinstance(await store.commit(second._replace(entry=second.entry)), Committed | Replayed)
            except StoreError:
                return False

        await until(again)
        assert store.reader.find("d2") is not None

    async def there(store: RedisStore) -> None:
        assert (await store.read_case("c1")).version == 2
        assert await store.commit(second) == Replayed("act", b"second")

    run(tmp_path / "a", primary.url, use, replicas=1)
    primary.kill()
    with replica.client as client:
        client.replicaof("NO", "ONE")
    run(tmp_path / "a", replica.url, there)


@pytest.mark.slow
def test_waiting_for_the_disk_needs_a_server_that_can(tmp_path: Path) -> None:
    """WAITAOF: Redis 7.0 is refused with words, Valkey waits, and a commit it did not sync in time is no commit yet."""
    for kind in ("redis", "valkey"):
        server = RedisServer(tmp_path / kind, kind, appendfsync="always").start()

        can_wait = kind == "valkey" or tuple(int(n) for n in _version(server).split(".")[:2]) >= (7, 2)

        async def use(store: RedisStore, *, can_wait: bool = can_wait) -> None:
            if not can_wait:
                assert "WAITAOF" in await refused(store)
            else:
                assert isinstance(await store.commit(act_on("c1", 0, "d1", "accept")), Committed)

        try:
            run(tmp_path / f"{kind}-log", server.url, use, on_disk=True)
        finally:
            server.kill()


def _version(server: RedisServer) -> str:
    with server.client as client:
        info: Any = client.info("server")
    return str(info["redis_version"])


def test_nothing_listens_where_the_store_should_be(tmp_path: Path) -> None:
    """The sidecar starts, says so, and refuses."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    async def use(store: RedisStore) -> None:
        await store.start()
        assert f"127.0.0.1:{port}" in await refused(store)

    run(tmp_path / "a", f"redis://127.0.0.1:{port}", use)
