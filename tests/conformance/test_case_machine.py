"""Whatever officers try, in whatever order, through whichever sidecar, however often repeated and wherever a crash falls: the
real service on each store agrees with a small model of the rules, and the logs alone prove it afterwards.

Nothing that is drawn depends on what happened: where a crash falls within a request, the clock has a say in.

The model knows four rules, as a clerk would tell them, and nothing of the program: steps have an order and are done once; who did
one of two separated steps does not do the other; a site inspection needs two officers with a card, each counted once; whatever
was answered "yes" stands for ever.
"""

import asyncio
import itertools
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from adapters.storage.memory import MemoryStore
from adapters.storage.redis.store import RedisStore
from adapters.storage.sqlite import SqliteStore
from sidecar.errors import StoreError
from sidecar.ports.records import Filter, RecordStore
from sidecar.ports.telling import outcome
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import evaluation_of
from sidecar.service.authorize import Answer, Authorizer
from sidecar.service.state_token import StateTokens
from tests.conformance.shared import open_shared
from tests.http_api.calling import PARTY_TOKEN, FixedClock, asking
from tests.redis_server import RedisServer
from tests.samples import EVERYONE, SNAPSHOT

PEOPLE = ("clerk", "checker", "head", "deputy", "reviewer", "all", "stranger")
HOLDS = {
    "accept": {"clerk", "all"},
    "review": {"reviewer", "all"},
    "site": {"checker", "head", "all"},
    "decide": {"deputy", "head", "all"},
    "issue": {"clerk", "all"},
}
BEFORE = {"accept": (), "review": ("accept",), "site": ("accept",), "decide": ("review",), "issue": ("decide",)}
APART = {frozenset({"review", "decide"}), frozenset({"accept", "decide"}), frozenset({"site", "decide"})}
CASES = ("x", "y")

# mostly people at their own steps, so that cases go on; now and then anybody at anything
_fit = st.sampled_from([(person, step) for step, people in HOLDS.items() for person in sorted(people)])
attempts = st.one_of(_fit, _fit, st.tuples(st.sampled_from(PEOPLE), st.sampled_from(tuple(HOLDS))))


class KilledError(Exception):
    """Stands for SIGKILL: nothing after it happens."""


class Deed(NamedTuple):
    kind: str
    step: str
    person: str


class Model:
    """A case as a clerk remembers it."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    def done(self, step: str) -> bool:
        return any(deed.kind == "performed" and deed.step == step for deed in self.deeds)

    def took_part(self, step: str) -> set[str]:
        return {deed.person for deed in self.deeds if deed.step == step}

    def signers(self) -> set[str]:
        return {deed.person for deed in self.deeds if deed.kind == "co_signed"}

    def allows(self, deed: Deed) -> bool:
        step, person = deed.step, deed.person
        fit = person in HOLDS[step] and not self.done(step) and all(self.done(earlier) for earlier in BEFORE[step])
        apart = not any(person in self.took_part(other) for pair in APART if step in pair for other in pair - {step})
        if deed.kind == "co_signed":
            return fit and apart and person not in self.signers()
        enough = step != "site" or len(self.signers() | {person}) >= 2
        return fit and apart and enough


class Sidecar:
    """One running sidecar: the service on a store."""

    def __init__(self, store: RecordStore) -> None:
        self.store = store
        self.authorizer = Authorizer(SNAPSHOT, EVERYONE, store, FixedClock(), PARTY_TOKEN, tokens=StateTokens(b"s" * 32))

    async def answer(self, identifier: str, body: "Body") -> bytes:
        wire = evaluation_of(msgspec.json.decode(msgspec.json.encode(body)))
        answer: Answer = await outcome(partial(self.authorizer.begin, wire, CallerFacts("portal", "", identifier)))
        return answer.body


Body = dict[str, Any]


class CaseMachine(RuleBasedStateMachine):
    """Subclasses open stores; `crash` runs an act in which the sidecar dies."""

    sidecars = 1

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.numbers = itertools.count()
        self.models = {case: Model() for case in CASES}
        self.tokens: dict[str, str] = {}
        self.answered: list[tuple[str, Body, bytes]] = []  # identifier, request, answer
        self.unheard: list[tuple[str, Body]] = []  # requests whose answer nobody heard
        self.prefix = f"{type(self).__name__}-{id(self):x}-{next(_RUNS)}"
        self.running = [Sidecar(self.open(n)) for n in range(self.sidecars)]

    def open(self, n: int) -> RecordStore:
        raise NotImplementedError

    def teardown(self) -> None:
        try:
            self._hear_all()
            self._prove_from_logs()
        finally:
            for sidecar in self.running:
                self.runner.run(sidecar.store.close())
            self.runner.close()
            self.folder.cleanup()

    # -- what happens ------------------------------------------------------------------------------------------------

    @rule(
        attempt=attempts,
        case=st.sampled_from(CASES),
        sign=st.booleans(),
        token=st.booleans(),
        which=st.integers(0, 1),
    )
    def act(self, attempt: tuple[str, str], case: str, which: int, *, sign: bool, token: bool) -> None:
        """Somebody tries something; the answer is what the model says."""
        deed, body = self._asked(*attempt, case, sign=sign)
        if token and case in self.tokens:
            body["context"]["state_token"] = self.tokens[case]
        identifier = f"{self.prefix}-{next(self.numbers)}"
        self._catch_up()
        self._heard(case, deed, identifier, body, self._ask(which, identifier, body))

    @rule(one=st.integers(0, 1000), which=st.integers(0, 1))
    def again(self, one: int, which: int) -> None:
        """The same request under the same identifier gets the very bytes of its first answer."""
        if self.answered:
            identifier, body, answer = self.answered[one % len(self.answered)]
            assert self._ask(which, identifier, body) == answer

    @rule(
        attempt=attempts,
        case=st.sampled_from(CASES),
        sign=st.booleans(),
        which=st.integers(0, 1),
        where=st.integers(0, 7),
        after=st.booleans(),
    )
    def crash(self, attempt: tuple[str, str], case: str, which: int, where: int, *, sign: bool, after: bool) -> None:
        """The sidecar dies at some step of the request; another one takes its place."""
        _, body = self._asked(*attempt, case, sign=sign)
        identifier, n = f"{self.prefix}-{next(self.numbers)}", which % len(self.running)
        sidecar = self.running[n]
        with pytest.MonkeyPatch.context() as patched:
            self.arm(sidecar.store, patched, where, after=after)
            try:
                answer = self.runner.run(sidecar.answer(identifier, body))
            except KilledError:
                answer = b""
        self.runner.run(sidecar.store.close())
        self.running[n] = Sidecar(self.open(n))
        self.unheard.append((identifier, body))
        if answer and not _is_lost(answer):
            self._hear_all(n, {identifier: answer})

    def arm(self, store: RecordStore, patched: pytest.MonkeyPatch, where: int, *, after: bool) -> None:
        """Let the store die at a step."""

    @rule(which=st.integers(0, 1))
    def ask_again(self, which: int) -> None:
        """Callers repeat what nobody answered."""
        self._hear_all(which)

    @invariant()
    def nothing_answered_has_vanished(self) -> None:
        if self.unheard:
            return  # what they asked for may or may not be there
        for case, model in self.models.items():
            history = self.runner.run(self.running[-1].store.read_case(self._name(case)))
            assert [Deed(act.kind, act.step, act.person) for act in history.acts] == model.deeds

    # -- asking ------------------------------------------------------------------------------------------------------

    def _name(self, case: str) -> str:
        return f"{self.prefix}-{case}"

    def _asked(self, person: str, step: str, case: str, *, sign: bool) -> tuple[Deed, Body]:
        sign = sign and step == "site"
        evidence, outcome = (["drawings"] if step == "review" else None), ("grant" if step == "decide" else None)
        body = asking(person, step, case=self._name(case), evidence=evidence, outcome=outcome, intent="co_sign" if sign else None)
        return Deed("co_signed" if sign else "performed", step, person), body

    def _ask(self, which: int, identifier: str, body: Body) -> bytes:
        sidecar = self.running[which % len(self.running)]
        for _ in range(200):
            answer = self.runner.run(sidecar.answer(identifier, body))
            if not _is_lost(answer):
                return answer
            self.runner.run(asyncio.sleep(0.01))
        raise AssertionError(f"never answered: {answer!r}, {sidecar.store.failure}")

    def _heard(self, case: str, deed: Deed, identifier: str, body: Body, answer: bytes) -> None:
        model, told = self.models[case], msgspec.json.decode(answer)
        assert told["decision"] == model.allows(deed), (deed, model.deeds, told)
        if told["decision"]:
            model.deeds.append(deed)
        self.tokens[case] = told["context"]["state_token"]
        self.answered.append((identifier, body, answer))

    def _hear_all(self, which: int = 0, heard: dict[str, bytes] | None = None) -> None:
        """Ask for what nobody heard, in its order, until it is answered."""
        if not self.unheard:
            return
        answers = [(heard or {}).get(name) or self._ask(which, name, body) for name, body in self.unheard]
        told = {name: msgspec.json.decode(answer) for (name, _), answer in zip(self.unheard, answers, strict=True)}
        self._catch_up()
        for (name, body), answer in zip(self.unheard, answers, strict=True):
            case = body["resource"]["id"].rpartition("-")[2]
            kind = "co_signed" if body["context"].get("intent") else "performed"
            stands = Deed(kind, body["action"]["name"], body["subject"]["id"]) in self.models[case].deeds
            assert not told[name]["decision"] or stands
            self.answered.append((name, body, answer))
        self.unheard.clear()

    def _catch_up(self) -> None:
        """What nobody heard of may stand: then it was allowed when it was made."""
        for case, model in self.models.items():
            history = self.runner.run(self.running[0].store.read_case(self._name(case)))
            deeds = [Deed(act.kind, act.step, act.person) for act in history.acts]
            assert deeds[: len(model.deeds)] == model.deeds, "what was answered has vanished"
            for deed in deeds[len(model.deeds) :]:
                assert model.allows(deed), (deed, model.deeds)
                model.deeds.append(deed)

    # -- from the logs alone -----------------------------------------------------------------------------------------

    def readers(self) -> list[Any]:
        return [sidecar.store.reader for sidecar in self.running]

    def _prove_from_logs(self) -> None:
        entries: dict[str, Body] = {}
        for reader in self.readers():
            for case in CASES:
                for stored in reader.since(Filter(case_id=self._name(case)), after=0, limit=10_000):
                    entry = {**msgspec.json.decode(stored.body), "leaf": stored.leaf.hex()}
                    entries.setdefault(entry["decision_id"], entry)
        for _, _, answer in self.answered:
            told = msgspec.json.decode(answer)
            assert entries[told["context"]["decision_id"]]["decision"] == ("allow" if told["decision"] else "deny")
        for case in CASES:
            allowed = [e for e in entries.values() if e["case_id"] == self._name(case) and e["decision"] == "allow"]
            allowed.sort(key=lambda e: e["case_version"])
            assert [e["case_version"] for e in allowed] == list(range(1, len(allowed) + 1)), "each version is made once"
            retold = Model()
            for entry in allowed:
                kind = {"exercise": "performed", "co_sign": "co_signed"}[entry["intent"]]
                deed = Deed(kind, entry["action"]["step"], entry["subject"]["person"])
                assert retold.allows(deed), (deed, retold.deeds)
                retold.deeds.append(deed)


_RUNS = itertools.count()


def _is_lost(answer: bytes) -> bool:
    """Nobody knows whether it happened."""
    return bool(msgspec.json.decode(answer)["context"]["code"] == "LOG_UNAVAILABLE")


class MemoryMachine(CaseMachine):
    """It forgets when it dies, so it does not."""

    def open(self, n: int) -> RecordStore:
        if n < len(getattr(self, "running", ())):
            return self.running[n].store
        return MemoryStore()


class SqliteMachine(CaseMachine):
    def open(self, n: int) -> RecordStore:
        return SqliteStore(self.root / str(n))

    def arm(self, store: RecordStore, patched: pytest.MonkeyPatch, where: int, *, after: bool) -> None:  # noqa: ARG002
        """At the commit: what was written is gone, or is there and nobody hears."""
        assert isinstance(store, SqliteStore)
        commit = store._commit

        def dies() -> None:
            if after:
                commit()
            else:
                store._connection.execute("ROLLBACK")
            raise KilledError

        patched.setattr(store, "_commit", dies)


class RedisMachine(CaseMachine):
    sidecars = 2
    server: RedisServer

    def open(self, n: int) -> RecordStore:
        return open_shared(self.root / str(n), self.server.url, patience=0.02, sweep_every=3600.0, deadline=5.0)

    def arm(self, store: RecordStore, patched: pytest.MonkeyPatch, where: int, *, after: bool) -> None:
        """At its n-th exchange with the store or its log, whichever comes: before it, or after it and before anything else."""
        assert isinstance(store, RedisStore)
        self.runner.run(store.start())
        left = itertools.count(where, -1)

        def dying(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def run(*given: Any, **named: Any) -> Any:
                if asyncio.current_task() is store._beside:
                    return await step(*given, **named)
                turn = next(left)
                if turn < 0 or (turn == 0 and not after):
                    raise KilledError
                done = await step(*given, **named)
                if turn == 0:
                    raise KilledError
                return done

            return run

        patched.setattr(store._server, "run", dying(store._server.run))
        patched.setattr(store._log, "append", dying(store._log.append))


QUICK = settings(max_examples=20, stateful_step_count=30, deadline=None)
SHARED = settings(max_examples=6, stateful_step_count=20, deadline=None)  # each sidecar that starts sweeps the whole store
SLOW = settings(max_examples=40, stateful_step_count=30, deadline=None)
LONG = settings(max_examples=300, stateful_step_count=40, deadline=None)
UNSHRUNK = settings(max_examples=4_000, stateful_step_count=20, deadline=None, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.parametrize("machine", [MemoryMachine, SqliteMachine])
def test_no_history_breaks_the_rules(machine: type[CaseMachine]) -> None:
    """The embedded stores, a dozen histories; the long test has many."""
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.slow
def test_no_history_of_two_sidecars_breaks_the_rules(redis_alone: RedisServer) -> None:
    """Two sidecars on one store, either of which may die at any step."""
    RedisMachine.server = redis_alone
    run_state_machine_as_test(RedisMachine, settings=SHARED)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("machine", [SqliteMachine, RedisMachine])
def test_no_longer_history_breaks_the_rules(machine: type[CaseMachine], redis_alone: RedisServer) -> None:
    """More officers, more crashes."""
    RedisMachine.server = redis_alone
    run_state_machine_as_test(machine, settings=SLOW)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("machine", [MemoryMachine, SqliteMachine, RedisMachine])
def test_no_history_breaks_the_rules_however_many(machine: type[CaseMachine], server: RedisServer) -> None:
    """As above, for an hour of officers."""
    RedisMachine.server = server
    run_state_machine_as_test(machine, settings=LONG)


@pytest.mark.slow
@pytest.mark.parametrize("rule_taken_away", ["apart", "quorum"])
def test_the_machine_notices_a_wrong_model(rule_taken_away: str) -> None:
    """The machine itself can fail: with one rule of the model less it does."""

    class Lenient(Model):
        def allows(self, deed: Deed) -> bool:
            if rule_taken_away == "apart":
                return super().allows(deed) or (deed.step == "decide" and self.done("review") and not self.done("decide"))
            return super().allows(deed) or (deed.step == "site" and self.done("accept") and not self.done("site"))

    class Wrong(MemoryMachine):
        def __init__(self) -> None:
            super().__init__()
            self.models = {case: Lenient() for case in CASES}

    with pytest.raises((AssertionError, ExceptionGroup, StoreError)):
        run_state_machine_as_test(Wrong, settings=UNSHRUNK)
