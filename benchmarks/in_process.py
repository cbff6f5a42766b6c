"""In process: stock `casbin.Enforcer`, `FastEnforcer` with its best key order, and the indexed engine, on the same rows.

    python benchmarks/in_process.py [ROWS…]          (10 1000 10000 100000 1000000 by default)

Each engine runs at each size in a process of its own, which gives its load time and its memory. Every timed request is one that
all of them answer alike; Casbin is given only the role rows of the officers who are asked, which favours it. Prints a table.
"""

import contextlib
import gc
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import casbin
import synthetic as province

from sidecar.case_history.history import CaseHistory
from sidecar.controls import table
from sidecar.controls.context import AccessRequest, ControlContext
from sidecar.controls.table import Guard, Judge
from sidecar.decision.decide import decide
from sidecar.decision.policy import CASBIN_FUNCTIONS, PolicySnapshot, prepared_of
from sidecar.decision.prepared import Prepared

MODEL = Path(__file__).resolve().parents[1] / "policies" / "model.conf"
SIZES = (10, 1_000, 10_000, 100_000, 1_000_000)
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
DAY = NOW.date()
OFFICERS = 100_000
ASKED = 200  # different requests, chosen over the whole policy
SECONDS = 4.0  # spent on one figure at most
ENGINES = ("Enforcer", "FastEnforcer", "ours")


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == "--one":
        print_line(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
        return
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    machine = platform.processor() or platform.machine()
    print_line(f"{machine}, CPython {platform.python_version()}, pycasbin {version('pycasbin')}\n")
    print_line("| rows | engine | load s | MB | allow µs | refuse µs | with all grounds: allow µs | refuse µs |")
    print_line("|---|---|---|---|---|---|---|---|")
    for rows in sizes:
        for engine in ENGINES:
            command = [sys.executable, __file__, "--one", engine, str(rows)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(run.stdout)
            cells = [found.get(name, "–") for name in ("load", "mb", "allow", "refuse", "decide_allow", "decide_refuse")]
            print_line(f"| {rows:,} | {engine} | " + " | ".join(map(str, cells)) + " |")


def measured(engine: str, rows: int) -> dict[str, float]:
    """The figures of one engine at one size: seconds, megabytes, medians in microseconds."""
    build = province.build(MODEL.read_bytes(), rows)
    count = max(1, rows // province.ROWS_OF_ITEM)
    if engine == "ours":
        return _ours(build, count)
    return _casbin(build, count, fast=engine == "FastEnforcer")


def _ours(build: province.Build, count: int) -> dict[str, float]:
    people = province.officers(OFFICERS)
    prepared = prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)
    model = build.model
    del build
    gc.collect()
    before, started = _megabytes(), time.perf_counter()
    policy = PolicySnapshot(model, Prepared(bytes(prepared)))
    load = time.perf_counter() - started
    case = CaseHistory("C")
    figures: dict[str, float] = {"load": round(load, 3)}
    for name, requests in _requests(count).items():
        values = [_values(request, _judge(policy, request, people)) for request in requests]
        reach = [{"g": _constant(frozenset(f"post:{post}" for post in people.posts(r.person, DAY)))} for r in requests]
        ask_all = [lambda v=v, g=g: policy.engine.match(v, reach=g).allowed for v, g in zip(values, reach, strict=True)]
        with _controls_answered(ask_all, name):
            figures[name] = _median(lambda n, v=values, g=reach: policy.engine.match(v[n], reach=g[n]), len(requests))
        figures[f"decide_{name}"] = _median(lambda n, r=requests: decide(policy, people, case, r[n], NOW), len(requests))
    return figures | {"mb": round(_megabytes() - before + len(prepared) / 2**20)}


@contextlib.contextmanager
def _controls_answered(ask_all: list[Callable[[], bool]], name: str) -> Iterator[None]:
    """The controls have been judged before, all requests alike: what is timed is the engine, not what its rows ask of a case."""
    guards, known = table.GUARDS, {kind: dict[str, Any]() for kind in table.GUARDS}

    def learning(kind: str, guard: Guard) -> Guard:
        def answer(arg: str, context: ControlContext) -> Any:
            found = guard(arg, context)
            if (known[kind].setdefault(arg, found) is None) != (found is None):
                raise SystemExit(f"{kind} {arg} is answered in two ways")
            return found

        return answer

    table.GUARDS = {kind: learning(kind, guard) for kind, guard in guards.items()}
    _agreed([ask() for ask in ask_all], name)
    table.GUARDS = {kind: answers.get for kind, answers in known.items()}
    try:
        yield
    finally:
        table.GUARDS = guards


def _casbin(build: province.Build, count: int, *, fast: bool) -> dict[str, float]:
    policy = PolicySnapshot(build.model, Prepared(prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)))
    people, asked = province.officers(OFFICERS), _requests(count)
    persons = {request.person for requests in asked.values() for request in requests}
    roles = "".join(f"g, officer:{p}, post:{post}\n" for p in sorted(persons) for post in people.posts(p, DAY))
    with tempfile.TemporaryDirectory() as folder:
        model, rows = Path(folder, "model.conf"), Path(folder, "policy.csv")
        text, lines = build.model.decode(), build.policy.decode()
        if fast:
            text, lines = identifiers_last(text, lines)
        model.write_text(text)
        rows.write_text(lines + roles)
        del build, lines
        gc.collect()
        before, started = _megabytes(), time.perf_counter()
        options: dict[str, Any] = {"cache_key_order": [2, 3]} if fast else {}
        enforcer = (casbin.FastEnforcer if fast else casbin.Enforcer)(str(model), str(rows), **options)
        for name, function in CASBIN_FUNCTIONS.items():
            enforcer.add_function(name, function)
        figures: dict[str, float] = {"load": round(time.perf_counter() - started, 3), "mb": round(_megabytes() - before)}
    for name, requests in asked.items():
        values = [_values(request, _judge(policy, request, people)) for request in requests]
        few = values[: 20 if count > 1_000 and not fast else None]
        _agreed([enforcer.enforce(*v) for v in few[:3]], name)
        figures[name] = _median(lambda n, v=few: enforcer.enforce(*v[n]), len(few))
    return figures


def identifiers_last(model: str, rows: str) -> tuple[str, str]:
    """FastEnforcer hashes rows and requests by the same positions, so the identifier of a row goes to its end."""
    lines = "".join(map(_identifier_last, rows.splitlines()))
    return model.replace("p = id, ", "p = ").replace("ctl, arg, eft", "ctl, arg, eft, id"), lines


def _identifier_last(line: str) -> str:
    kind, *rest = line.split(", ")
    return ", ".join([kind, *rest[1:], rest[0]]) + "\n" if kind == "p" else line + "\n"


def _requests(count: int) -> dict[str, list[AccessRequest]]:
    """Acceptances by the officer of the item's unit, and decisions by an officer of a post that is not the item's."""
    chance = random.Random(7)
    chosen = [chance.randrange(count) for _ in range(ASKED)]
    facts = {"amount": 100}

    def asking(holder: str, step: str, n: int) -> AccessRequest:
        return AccessRequest(holder, step, province.item_id(n), "C", province.region_of(n), facts=facts)

    return {
        "allow": [asking(_holder(n, 0), "accept", n) for n in chosen],
        "refuse": [asking(_holder(n + 7, 2), "decide", n) for n in chosen],
    }


def _holder(n: int, step: int) -> str:
    return province.officer((n % province.UNITS) * len(province.STEPS) + step)


def _judge(policy: PolicySnapshot, request: AccessRequest, people: Any) -> Judge:
    return Judge(ControlContext(request, policy.items[request.item], "3", CaseHistory("C"), people, NOW))


def _values(request: AccessRequest, judge: Judge) -> tuple[Any, ...]:
    return (f"officer:{request.person}", request.region, request.item, request.step, DAY.strftime("%Y%m%d"), judge)


def _constant(value: frozenset[str]) -> Callable[[str], frozenset[str]]:
    return lambda _: value


def _agreed(answers: list[bool], name: str) -> None:
    if set(answers) != {name == "allow"}:
        raise SystemExit(f"{name}: the answers are {set(answers)}")


def _median(ask: Callable[[int], object], requests: int) -> float:
    times: list[int] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end and len(times) < 20_000:
        for n in range(requests):
            started = time.perf_counter_ns()
            ask(n)
            times.append(time.perf_counter_ns() - started)
            if time.perf_counter() > end and len(times) > 2:
                break
    return round(statistics.median(times) / 1000, 2)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
