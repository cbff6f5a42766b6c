"""Many officers at once over HTTP, through real processes: one sidecar on its own file, two on one store, with a store or a
sidecar killed in the midst. Every history is recorded and checked: is there an order, true to real time, in which a clerk with
the rules in hand would have given the same answers?

Each answer names the version of the case it stands on, which is the order to try: an allow makes the next version, a refusal was
decided at the one it names. So the check is short: versions are made once each, each answer is right at its version, and what was
answered before something else was asked comes before it.
"""

import contextlib
import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.storage.redis.rebuilding import Logs, Told
from tests.conformance.test_case_machine import APART, BEFORE, HOLDS, Deed, Model
from tests.e2e.processes import ask, free_port, get, quanheng, run_quanheng, running
from tests.http_api.calling import asking
from tests.redis_server import RedisServer
from tests.samples import policy_files

CLIENTS, CASES, ROUNDS = 8, 12, 45
POSTS = {
    "clerk": ["front.clerk"],
    "checker": ["front.checker"],
    "head": ["front.head"],
    "deputy": ["front.deputy"],
    "reviewer": ["law.reviewer"],
    "all": ["front.clerk", "front.checker", "front.head", "front.deputy", "law.reviewer"],
}


class Done(NamedTuple):
    """One request, from the first time it was sent to the time it was answered."""

    case: str
    deed: Deed
    began: float
    ended: float
    allowed: bool
    version: int
    decision_id: str


class Ground:
    """Policies, personnel and keys for sidecars of a test, and what runs on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        policies = folder / "policies"
        for name, data in policy_files().items():
            (policies / name).parent.mkdir(parents=True, exist_ok=True)
            (policies / name).write_bytes(data)
        built = run_quanheng("build", str(policies))
        assert built.returncode == 0, built.stderr
        people = folder / "people"
        people.mkdir()
        rows = [f"{person},{post},2020-01-01," for person, posts in POSTS.items() for post in posts]
        (people / "appointments.csv").write_text("\n".join(["person,post,from,to", *rows]) + "\n")
        cards = [f"{person},work_card,2020-01-01," for person in ("checker", "head", "all")]
        (people / "credentials.csv").write_text("\n".join(["person,credential,from,to", *cards]) + "\n")
        self.ports: list[int] = []
        self.processes: dict[int, Any] = {}
        self._stack = contextlib.ExitStack()

    def start(self, name: str, cases: str = "") -> int:
        port = free_port()
        self.ports.append(port)
        settings = self.folder / f"{name}.toml"
        lines = [f'policies = "{self.folder / "policies"}"', f'personnel = "{self.folder / "people"}"', "insecure = true"]
        lines += [f'data = "{self.folder / name}"', f"port = {port}"]
        if cases:
            keys = self.folder / "keys"
            if not keys.exists():
                assert run_quanheng("case", "keys", str(keys)).returncode == 0
            lines += [f'party_key = "{keys / "party.key"}"', f'state_key = "{keys / "state.key"}"', f'cases = "{cases}"']
        settings.write_text("\n".join(lines) + "\n")
        self.again(port, name)
        return port

    def again(self, port: int, name: str) -> None:
        command = quanheng("serve", "--config", str(self.folder / f"{name}.toml"))
        log = self.folder / f"{name}.log"
        self.processes[port] = self._stack.enter_context(running(command, port, "/healthz", log))

    def wait_until_ready(self) -> None:
        end = time.monotonic() + 60
        for port in self.ports:
            while get(port, "/readyz")[0] != 200:
                assert time.monotonic() < end, f"not ready: {port}"
                time.sleep(0.05)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.close()


class Client:
    """Tries things on cases at random. A request without an answer is sent again, under its identifier, until it has one."""

    def __init__(self, number: int, ports: list[int], seed: int) -> None:
        self.random = random.Random(seed * 1000 + number)
        self.name, self.ports = f"client-{number}-{seed}", ports
        self.done: list[Done] = []
        self.fault: BaseException | None = None
        self._numbers = itertools.count()

    def run(self) -> None:
        try:
            for _ in range(ROUNDS):
                self._one()
        except BaseException as fault:  # noqa: BLE001 - told by the test
            self.fault = fault

    def _one(self) -> None:
        step = self.random.choice([*HOLDS, "accept", "site"])
        person = self.random.choice([*sorted(HOLDS[step]), *sorted(HOLDS[step]), *POSTS])
        sign = step == "site" and self.random.random() < 0.6
        case = f"R-{self.random.randrange(CASES)}"
        evidence, outcome = (["drawings"] if step == "review" else None), ("grant" if step == "decide" else None)
        body = asking(person, step, case=case, evidence=evidence, outcome=outcome, intent="co_sign" if sign else None)
        began = time.monotonic()
        context, allowed = self._answer(body, f"{self.name}-{next(self._numbers)}")
        deed = Deed("co_signed" if sign else "performed", step, person)
        version = context["case"]["version"]
        self.done.append(Done(case, deed, began, time.monotonic(), allowed, version, context["decision_id"]))

    def _answer(self, body: dict[str, Any], identifier: str) -> tuple[dict[str, Any], bool]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            connection = http.client.HTTPConnection("127.0.0.1", self.random.choice(self.ports), timeout=20)
            with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError), contextlib.closing(connection):
                status, answer = ask(connection, "/authorize", body, {"X-Request-ID": identifier})
                assert status == 200, answer
                if answer["context"]["code"] != "LOG_UNAVAILABLE":
                    return answer["context"], answer["decision"]
            time.sleep(0.02)
        raise AssertionError(f"no answer to {identifier} in a minute")


def race(ports: list[int], seed: int, meanwhile: Callable[[], None] = lambda: None) -> list[Done]:
    clients = [Client(n, ports, seed) for n in range(CLIENTS)]
    threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    for client in clients:
        if client.fault:
            raise client.fault
    return [done for client in clients for done in client.done]


def check(history: list[Done]) -> None:
    """Raises AssertionError where no order explains the answers."""
    for case in {done.case for done in history}:
        of_case = [done for done in history if done.case == case]
        made = sorted((done for done in of_case if done.allowed), key=lambda done: done.version)
        assert [done.version for done in made] == list(range(1, len(made) + 1)), f"{case}: versions {[d.version for d in made]}"
        states = [Model()]
        for done in made:
            assert states[-1].allows(done.deed), f"{case} v{done.version}: {done.deed} after {states[-1].deeds}"
            after = Model()
            after.deeds = [*states[-1].deeds, done.deed]
            states.append(after)
        for done in of_case:
            if not done.allowed:
                assert not states[done.version].allows(done.deed), f"{case} v{done.version}: {done.deed} was refused"
        _true_to_time(of_case)


def _true_to_time(of_case: list[Done]) -> None:
    """What was answered before another was asked is not behind it."""
    for earlier, later in itertools.permutations(of_case, 2):
        if earlier.ended < later.began:
            point = later.version - 1 if later.allowed else later.version
            assert earlier.version <= point, f"{earlier} was answered before {later} was asked"


def prove_from_logs(folders: list[Path], history: list[Done]) -> None:
    """From the logs alone: each case can be told, with the acts that were answered, and nobody did what is kept apart."""
    logs = Logs(folders)
    for case in {done.case for done in history}:
        told = logs.tell(case)
        assert isinstance(told, Told), told
        entries = {entry.commit: json.loads(entry.body) for entry in told.entries}
        for done in history:
            if done.case == case:
                entry = entries[f"decision:{done.decision_id}"]
                assert entry["decision"] == ("allow" if done.allowed else "deny")
        acts = [json.loads(item.event) for item in told.items]
        performed = [act["step"] for act in acts if act["kind"] == "performed"]
        assert len(performed) == len(set(performed))
        for step in performed:
            assert all(performed.index(earlier) < performed.index(step) for earlier in BEFORE[step])
        for one, other in APART:
            who = [{act["person"] for act in acts if act["step"] == step} for step in (one, other)]
            assert not who[0] & who[1], f"{case}: {who[0] & who[1]} did {one} and {other}"
        if "site" in performed:
            assert len({act["person"] for act in acts if act["step"] == "site"}) >= 2
        signatures = [act["person"] for act in acts if act["kind"] == "co_signed"]
        assert len(signatures) == len(set(signatures))
        _is_one_chain(case, list(entries.values()), {entry.commit: entry.leaf.hex() for entry in told.entries})
    logs.close()


def _is_one_chain(case: str, entries: list[dict[str, Any]], leaves: dict[str, str]) -> None:
    """Every entry but the first follows one that is there; a commit that two sidecars recorded counts once."""
    known = set(leaves.values()) | {entry["prev_case"] for entry in entries}
    assert sum(entry["prev_case"] == "" for entry in entries) == 1, case
    assert all(entry["prev_case"] in known for entry in entries)


def worked(history: list[Done]) -> None:
    """The race was one: much was allowed and much refused."""
    allowed = sum(done.allowed for done in history)
    assert allowed > CASES
    assert len(history) - allowed > CASES


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_sidecar_is_linearizable(ground: Ground) -> None:
    """The embedded store under eight clients."""
    port = ground.start("a")
    ground.wait_until_ready()
    history = race([port], 1)
    worked(history)
    check(history)
    prove_from_logs([ground.folder / "a"], history)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_sidecar_that_is_killed_is_linearizable(ground: Ground) -> None:
    """kill -9 of the sidecar under load, three times: nothing answered is lost, nothing is done twice."""
    port = ground.start("a")
    ground.wait_until_ready()

    def kill() -> None:
        for _ in range(3):
            time.sleep(0.4)
            ground.processes[port].kill()
            ground.processes[port].wait()
            ground.again(port, "a")

    history = race([port], 2, kill)
    worked(history)
    check(history)
    prove_from_logs([ground.folder / "a"], history)


@pytest.fixture(params=["redis", "valkey"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "store", request.param).start()
    yield server
    server.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("trouble", ["none", "store killed", "store hangs", "sidecar killed"])
def test_two_sidecars_are_linearizable(ground: Ground, store: RedisServer, trouble: str) -> None:
    """Two processes on one store under eight clients, undisturbed or with one of the three killed or stopped in the midst."""
    ports = [ground.start(name, store.url) for name in ("a", "b")]
    ground.wait_until_ready()

    def meanwhile() -> None:
        for _ in range(2):
            time.sleep(0.7)
            if trouble == "store killed":
                store.restart()
            elif trouble == "store hangs":
                store.hang()
                time.sleep(1.5)
                store.go_on()
            elif trouble == "sidecar killed":
                ground.processes[ports[0]].kill()
                ground.processes[ports[0]].wait()
                ground.again(ports[0], "a")

    history = race(ports, 3, meanwhile)
    worked(history)
    check(history)
    prove_from_logs([ground.folder / "a", ground.folder / "b"], history)
    ground.wait_until_ready()


def test_the_check_finds_what_no_order_explains() -> None:
    """It can fail: a version made twice, an answer that was wrong, an answer out of time."""
    accept, review = Deed("performed", "accept", "clerk"), Deed("performed", "review", "reviewer")
    first = Done("c", accept, 0, 1, allowed=True, version=1, decision_id="1")
    good = [first, Done("c", review, 2, 3, allowed=True, version=2, decision_id="2")]
    check(good)
    check([*good, Done("c", review, 1.5, 2.5, allowed=False, version=2, decision_id="3")])
    bad = {
        "versions": Done("c", accept, 0, 1, allowed=True, version=1, decision_id="2"),
        "after": Done("c", Deed("performed", "decide", "deputy"), 2, 3, allowed=True, version=2, decision_id="2"),
        "was refused": Done("c", review, 2, 3, allowed=False, version=1, decision_id="2"),
        "was answered before": Done("c", review, 2, 3, allowed=False, version=0, decision_id="2"),
    }
    for name, done in bad.items():
        with pytest.raises(AssertionError, match=name):
            check([first, done])
