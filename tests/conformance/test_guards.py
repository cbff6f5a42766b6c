"""Each guard of the scripts is there for something: taken away, one of these scenarios goes wrong; with it, all go right."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.storage.redis.keys import POLICIES, case_keys, ledger_keys, ledger_tag
from adapters.storage.redis.server import SCRIPTS, Address, Server, script
from adapters.storage.redis.store import RedisStore
from sidecar.case_history.ledger import LedgerChange
from sidecar.errors import OutsideWindowError, QuanhengError, StalePolicyError, StoreError
from sidecar.ports.records import Commit, Epoch, Replayed, RequestKey, Window
from tests.conformance.samples import act_on, an_amount
from tests.conformance.shared import open_shared
from tests.redis_server import RedisServer

KEY = RequestKey("portal", "r1")
HOUR = 3_600_000
C1 = case_keys("c1")
LEDGER = ledger_keys(ledger_tag("l"))


class Bench(NamedTuple):
    """Two sidecars whose scripts may lack a guard, a bare connection with the same scripts, and the server itself."""

    a: RedisStore
    b: RedisStore
    bare: Server
    redis: RedisServer

    async def answer(self, name: str, keys: Any, *arguments: Any) -> Any:
        return (await self.bare.run(script(name, keys, *arguments)))[0]


async def leave_open(bench: Bench, commit: Commit) -> None:
    """Commit it, and stop before it is in a log."""

    class StoppedError(Exception):
        """Stands for a kill."""

    async def stopped(*_: object) -> None:
        raise StoppedError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bench.a._log, "append", stopped)
        with pytest.raises(StoppedError):
            await bench.a.commit(commit)


async def fails(commit: Awaitable[Any], how: type[Exception] = QuanhengError) -> None:
    """It must be refused."""
    try:
        done = await commit
    except how:
        return
    raise AssertionError(f"was let through: {done}")


async def a_retry_is_one_act(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept", key=KEY, answer=b"1"))
    again = await bench.b.commit(act_on("c1", 1, "d2", "accept", key=KEY, answer=b"2"))
    assert again == Replayed("act", b"1")


async def an_answer_is_given_after_it_is_in_a_log(bench: Bench) -> None:
    first = act_on("c1", 0, "d1", "accept", key=KEY, answer=b"1")
    await leave_open(bench, first)
    assert await bench.b.commit(first) == Replayed("act", b"1")
    assert bench.b.reader.find("d1") is not None


async def an_open_commit_is_put_into_a_log_before_the_next(bench: Bench) -> None:
    await leave_open(bench, act_on("c1", 0, "d1", "accept"))
    await bench.b.read_case("c1")
    await bench.b.commit(act_on("c1", 1, "d2", "review"))
    assert bench.b.reader.find("d1") is not None


async def a_case_that_will_expire_takes_no_act(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept"))
    for key in (C1.state, C1.events):
        with bench.redis.client as client:
            client.expire(key, 600)
        await fails(bench.a.commit(act_on("c1", 1, "d2", "review")), StoreError)
        with bench.redis.client as client:
            client.persist(key)


async def what_was_given_up_never_happens(bench: Bench) -> None:
    assert await bench.answer("fence", (C1.state, C1.events, C1.void), "decision:d1", HOUR) == [b"VOID"]
    await fails(bench.a.commit(act_on("c1", 0, "d1", "accept")), StoreError)


async def events_that_do_not_match_the_version_stop(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept"))
    with bench.redis.client as client:
        client.rpush(C1.events, "a b c")
    await fails(bench.a.commit(act_on("c1", 1, "d2", "review")))


async def one_version_is_made_once(bench: Bench) -> None:
    await bench.b.commit(act_on("c1", 0, "d1", "accept"))
    await fails(bench.a.commit(act_on("c1", 0, "d2", "accept")))


async def another_history_of_the_same_length_stops(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept"))
    await fails(bench.b.commit(act_on("c1", 1, "d2", "review")._replace(expected_digest="0" * 64)))


async def older_policies_stop(bench: Bench) -> None:
    old, new = Epoch("sha256:old", 1), Epoch("sha256:new", 1)
    bench.a.serve(old)
    await bench.a.commit(act_on("c0", 0, "d0", "accept")._replace(epoch=old))
    bench.b.serve(new)
    await bench.b.commit(act_on("c1", 0, "d1", "accept")._replace(epoch=new))
    await bench.a.read_case("c1")
    await fails(bench.a.commit(act_on("c1", 1, "d2", "review")._replace(epoch=old)), StalePolicyError)


async def the_stores_clock_decides(bench: Bench) -> None:
    now = int(bench.a._ground._now_ms())
    for n, window in enumerate((Window(now - HOUR, now - 1), Window(now + HOUR, now + 2 * HOUR))):
        await fails(bench.a.commit(act_on(f"c{n}", 0, f"d{n}", "accept")._replace(window=window)), OutsideWindowError)


async def only_the_old_is_taken_over(bench: Bench) -> None:
    await leave_open(bench, act_on("c1", 0, "d1", "accept"))
    assert await bench.answer("take", (C1.state,), "decision:d1", "somebody", HOUR) == [b"BUSY"]


async def only_what_is_open_is_taken_over(bench: Bench) -> None:
    await leave_open(bench, act_on("c1", 0, "d1", "accept"))
    assert await bench.answer("take", (C1.state,), "decision:d0", "somebody", 0) == [b"GONE"]


async def only_its_own_commit_is_settled(bench: Bench) -> None:
    await leave_open(bench, act_on("c1", 0, "d1", "accept"))
    assert await bench.answer("settle", (C1.state, C1.open), "decision:d0", "f" * 64, "c1") == [b"GONE"]
    with bench.redis.client as client:
        assert client.hget(C1.state, "open") == b"decision:d1"


async def what_is_under_way_is_not_given_up(bench: Bench) -> None:
    denial = act_on("c1", 0, "d1", "accept")._replace(event=None)
    await leave_open(bench, denial)
    assert await bench.answer("fence", (C1.state, C1.events, C1.void), "decision:d1", HOUR) == [b"OPEN"]


async def what_has_happened_is_not_given_up(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept"))
    assert await bench.answer("fence", (C1.state, C1.events, C1.void), "decision:d1", HOUR) == [b"HAPPENED"]


def _reserve(bench: Bench, commit: str, version: int, limit: int = 100) -> Awaitable[Any]:
    return bench.answer("reserve", LEDGER[1:], commit, version, b"{}", LEDGER.tag, limit)


async def one_version_of_a_ledger_is_made_once(bench: Bench) -> None:
    change = LedgerChange("l", 0, (an_amount("d1", "c1"),))
    await bench.a.commit(act_on("c1", 0, "d1", "accept", ledgers=(change,)))
    await fails(bench.b.commit(act_on("c2", 0, "d2", "accept", ledgers=(change,))))


async def a_reservation_is_made_once(bench: Bench) -> None:
    for _ in range(2):
        assert await _reserve(bench, "decision:d1", 0) == [b"HELD"]
    with bench.redis.client as client:
        assert client.hget(LEDGER.state, "version") == b"1"


async def a_ledger_that_will_expire_takes_no_change(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept", ledgers=(LedgerChange("l", 0, (an_amount("d1", "c1"),)),)))
    await _reserve(bench, "decision:d9", 1)
    for key in (LEDGER.state, LEDGER.changes, LEDGER.held):
        with bench.redis.client as client:
            client.expire(key, 600)
        change = LedgerChange("l", 2, (an_amount("d2", "c2"),))
        await fails(bench.a.commit(act_on("c2", 0, "d2", "accept", ledgers=(change,))), StoreError)
        with bench.redis.client as client:
            client.persist(key)


async def a_ledger_has_an_end(bench: Bench) -> None:
    assert await _reserve(bench, "decision:d1", 0, limit=1) == [b"HELD"]
    assert await _reserve(bench, "decision:d2", 1, limit=1) == [b"FULL"]


async def a_proof_of_a_version_changes_nothing(bench: Bench) -> None:
    await bench.a.commit(act_on("c1", 0, "d1", "accept", ledgers=(LedgerChange("l", 0),)))
    with bench.redis.client as client:
        assert (client.exists(LEDGER.state), client.exists(LEDGER.held)) == (0, 0)


async def a_reservation_is_resolved_once(bench: Bench) -> None:
    await _reserve(bench, "decision:d1", 0)
    for answer in (b"RESOLVED", b"GONE"):
        assert await bench.answer("resolve", LEDGER[1:], "decision:d1", b"{}", LEDGER.tag) == [answer]
    with bench.redis.client as client:
        assert client.llen(LEDGER.changes) == 1


async def a_commit_under_way_is_not_rebuilt_over(bench: Bench) -> None:
    await leave_open(bench, act_on("c1", 0, "d1", "accept"))
    answer = await bench.answer("rebuild", (C1.state, C1.events, C1.open), "c1", "", "", "decision:d0\n", HOUR)
    assert answer == [b"OPEN", b"decision:d1"]


async def a_policy_keeps_its_number(bench: Bench) -> None:
    numbers = [await bench.answer("announce", (POLICIES,), name, "0") for name in ("p1", "p2", "p1")]
    assert numbers == [[b"NUMBER", 1], [b"NUMBER", 2], [b"NUMBER", 1]]
    assert await bench.answer("announce", (POLICIES,), "p1", "1") == [b"NUMBER", 3]
    assert await bench.answer("announce", (POLICIES,), "p1", "1") == [b"NUMBER", 3]


Scenario = Callable[[Bench], Awaitable[None]]

# script, condition that is taken away, what goes wrong then
GUARDS: list[tuple[str, str, Scenario]] = [
    ("commit", "ARGV[12] ~= '' and answer[1] and answer[1] ~= state[4]", a_retry_is_one_act),
    ("commit", "state[4]", an_open_commit_is_put_into_a_log_before_the_next),
    ("commit", "redis.call('PTTL', KEYS[1]) >= 0 or redis.call('PTTL', KEYS[2]) >= 0", a_case_that_will_expire_takes_no_act),
    ("commit", "void == 1", what_was_given_up_never_happens),
    ("commit", "events ~= version", events_that_do_not_match_the_version_stop),
    ("commit", "version ~= tonumber(ARGV[3])", one_version_is_made_once),
    ("commit", "ARGV[4] ~= '' and ARGV[4] ~= state[2]", another_history_of_the_same_length_stops),
    ("commit", "tonumber(ARGV[5]) > 0 and tonumber(ARGV[5]) < tonumber(state[8] or '0')", older_policies_stop),
    ("commit", "tonumber(ARGV[5]) > tonumber(state[8] or '0')", older_policies_stop),
    ("commit", "ARGV[6] ~= '' and (now < tonumber(ARGV[6]) or now >= tonumber(ARGV[7]))", the_stores_clock_decides),
    ("take", "state[1] ~= ARGV[1]", only_what_is_open_is_taken_over),
    ("take", "state[5] ~= ARGV[2] and now - tonumber(state[3]) < tonumber(ARGV[3])", only_the_old_is_taken_over),
    ("settle", "redis.call('HGET', KEYS[1], 'open') ~= ARGV[1]", only_its_own_commit_is_settled),
    ("fence", "redis.call('HGET', KEYS[1], 'open') == ARGV[1]", what_is_under_way_is_not_given_up),
    ("fence", "string.sub(item, 1, #begins) == begins", what_has_happened_is_not_given_up),
    ("reserve", "redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1", a_reservation_is_made_once),
    (
        "reserve",
        "redis.call('PTTL', KEYS[1]) >= 0 or redis.call('PTTL', KEYS[2]) >= 0 or redis.call('PTTL', KEYS[3]) >= 0",
        a_ledger_that_will_expire_takes_no_change,
    ),
    ("reserve", "version ~= tonumber(ARGV[2])", one_version_of_a_ledger_is_made_once),
    ("reserve", "ARGV[3] == ''", a_proof_of_a_version_changes_nothing),
    ("reserve", "version >= tonumber(ARGV[5])", a_ledger_has_an_end),
    ("resolve", "redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0", a_reservation_is_resolved_once),
    (
        "rebuild",
        "open[1] and not logged and now - tonumber(open[2] or now) < tonumber(ARGV[5])",
        a_commit_under_way_is_not_rebuilt_over,
    ),
    ("announce", "known[1] and (ARGV[2] ~= '1' or known[1] == known[2])", a_policy_keeps_its_number),
]
# parts of a condition, and lines that are no condition: script, text, what stands in its place, what goes wrong then
PARTS: list[tuple[str, str, str, Scenario]] = [
    ("commit", " and answer[1] ~= state[4]", "", an_answer_is_given_after_it_is_in_a_log),
    ("commit", "redis.call('PTTL', KEYS[1]) >= 0 or ", "", a_case_that_will_expire_takes_no_act),
    ("commit", " or redis.call('PTTL', KEYS[2]) >= 0", "", a_case_that_will_expire_takes_no_act),
    ("commit", "now < tonumber(ARGV[6]) or ", "", the_stores_clock_decides),
    ("commit", " or now >= tonumber(ARGV[7])", "", the_stores_clock_decides),
    ("commit", "'open', ARGV[2], 'record'", "'record'", an_open_commit_is_put_into_a_log_before_the_next),
    ("announce", "ARGV[2] ~= '1' or ", "", a_policy_keeps_its_number),
    ("announce", " or known[1] == known[2]", "", a_policy_keeps_its_number),
]


def mutated(name: str, text: str, instead: str) -> dict[str, str]:
    assert SCRIPTS[name].count(text) == 1, f"{name}.lua has {text!r} {SCRIPTS[name].count(text)} times"
    return {**SCRIPTS, name: SCRIPTS[name].replace(text, instead)}


def play(scenario: Scenario, folder: Path, redis: RedisServer, scripts: dict[str, str]) -> None:
    async def whole() -> None:
        promises = {"sweep_every": 3600.0, "patience": 0.05, "deadline": 3.0}
        stores = [open_shared(folder / name, redis.url, scripts, **promises) for name in ("a", "b")]
        bare = Server(Address(redis.url), scripts)
        try:
            await scenario(Bench(stores[0], stores[1], bare, redis))
        finally:
            for store in stores:
                await store.close()
            await bare.close()

    with redis.client as client:
        client.flushall()
    asyncio.run(whole())


SCENARIOS: dict[str, Scenario] = {getattr(s, "__name__", ""): s for s in [*(g[-1] for g in GUARDS), *(p[-1] for p in PARTS)]}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_with_every_guard_all_is_well(server: RedisServer, tmp_path: Path, scenario: Scenario) -> None:
    """The scenarios themselves are right."""
    play(scenario, tmp_path, server, SCRIPTS)


MUTANTS = [
    *[(name, f"if {condition} then", "if false then", scenario) for name, condition, scenario in GUARDS],
    *PARTS,
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "text", "instead", "scenario"), MUTANTS, ids=[f"{m[0]}: {m[1]}" for m in MUTANTS])
def test_without_a_guard_it_is_noticed(
    server: RedisServer, tmp_path: Path, name: str, text: str, instead: str, scenario: Scenario
) -> None:
    """The mutation check: no guard can be lost without a test that fails."""
    with pytest.raises((AssertionError, QuanhengError)):
        play(scenario, tmp_path, server, mutated(name, text, instead))


def test_every_condition_of_the_scripts_is_in_the_table() -> None:
    """A new guard needs a scenario."""
    shapes = {("commit", "ARGV[8] ~= ''"), ("commit", "ARGV[12] ~= ''"), ("resolve", "ARGV[2] ~= ''"), ("rebuild", "open[3]")}
    tidying = {("resolve", "redis.call('HLEN', KEYS[3]) == 0")}
    known = {(name, condition) for name, condition, _ in GUARDS} | shapes | tidying
    for name, text in SCRIPTS.items():
        for line in text.splitlines():
            if line.strip().startswith("if "):
                condition = line.strip().removeprefix("if ").removesuffix(" then")
                assert (name, condition) in known, f"{name}.lua: {condition}"
