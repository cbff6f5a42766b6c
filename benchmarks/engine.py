"""The indexed engine beside stock Casbin, and the whole of `decide()`, on one policy folder in one run.

    python benchmarks/engine.py [DIR]        (a built folder; policies by default)

Prints medians and the ratio. Stock Casbin loads the same model.conf and policy.csv with the same functions. Every request that
is timed is first decided by both, and a difference stops the run.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import casbin

from adapters.storage.policy_folder import PolicyFolder
from sidecar.case_history.history import CaseHistory
from sidecar.compiler.compile import POLICY_FILE
from sidecar.controls.context import AccessRequest, ControlContext
from sidecar.controls.table import Judge
from sidecar.decision.decide import decide
from sidecar.decision.policy import CASBIN_FUNCTIONS, PolicySnapshot
from sidecar.personnel.registers import Appointment, Personnel, Span

DAY = date(2026, 1, 5)
REQUESTS = 20
REPEATS = 200


def main() -> None:
    folder = PolicyFolder(Path(sys.argv[1] if len(sys.argv) > 1 else "policies"))
    policy = folder.snapshot()
    chosen = _requests(policy)
    stock = _stock(folder, policy.posts)
    requests = [(request, _judge(policy, request)) for request in chosen]
    for request, judge in requests:
        ours, theirs = _ours(policy, request, judge), stock.enforce(*_values(request, judge))
        if ours != theirs:
            raise SystemExit(f"they differ: ours {ours}, Casbin {theirs} on {request}")
    slow = _median(lambda r, j: stock.enforce(*_values(r, j)), requests, 3)
    fast = _median(lambda r, j: _ours(policy, r, j), requests, REPEATS)
    whole = _median(lambda r, _: decide(policy, _personnel(policy), CaseHistory("C"), r, DAY), requests, REPEATS)
    sys.stdout.write(f"rows {policy.engine.row_count}\n")
    sys.stdout.write(f"stock Casbin enforce()   {slow:12.1f} µs median\n")
    sys.stdout.write(f"indexed engine match()   {fast:12.1f} µs median   {slow / fast:,.0f} times faster\n")
    sys.stdout.write(f"decide() with reasons    {whole:12.1f} µs median   {slow / whole:,.0f} times faster\n")


_people: dict[int, Personnel] = {}


def _personnel(policy: PolicySnapshot) -> Personnel:
    """One officer for each post."""
    key = id(policy)
    if key not in _people:
        _people[key] = Personnel([Appointment(post, post, Span()) for post in policy.posts])
    return _people[key]


def _requests(policy: PolicySnapshot) -> list[AccessRequest]:
    chance = random.Random(1)
    items = policy.items
    found = []
    for item in chance.choices(sorted(items), k=REQUESTS):
        step = chance.choice(sorted(items[item].steps))
        person = chance.choice([*items[item].steps[step].posts, *policy.posts])
        found.append(AccessRequest(person, step, item, "C", items[item].region))
    return found


def _judge(policy: PolicySnapshot, request: AccessRequest) -> Judge:
    item = policy.items[request.item]
    level = policy.organs[item.organ].level
    return Judge(ControlContext(request, item, level, CaseHistory("C"), _personnel(policy), DAY))


def _values(request: AccessRequest, judge: Judge) -> tuple[Any, ...]:
    return (f"officer:{request.person}", request.region, request.item, request.step, DAY.strftime("%Y%m%d"), judge)


def _ours(policy: PolicySnapshot, request: AccessRequest, judge: Judge) -> bool:
    posts = _personnel(policy).posts(request.person, DAY)
    functions = {**CASBIN_FUNCTIONS, "g": lambda _, post: post.removeprefix("post:") in posts}
    return policy.engine.match(_values(request, judge), functions).allowed


def _stock(folder: PolicyFolder, posts: Iterable[str]) -> Any:
    with tempfile.TemporaryDirectory() as scratch:
        model, rows = Path(scratch) / "model.conf", Path(scratch) / "policy.csv"
        model.write_bytes(folder.model())
        rows.write_bytes((folder.root / POLICY_FILE).read_bytes())
        enforcer = casbin.Enforcer(str(model), str(rows))
    for name, function in CASBIN_FUNCTIONS.items():
        enforcer.add_function(name, function)
    for post in posts:
        enforcer.add_grouping_policy(f"officer:{post}", f"post:{post}")
    return enforcer


def _median(run: Callable[[AccessRequest, Judge], object], requests: list[tuple[AccessRequest, Judge]], repeats: int) -> float:
    times = []
    for request, judge in requests:
        for _ in range(repeats):
            started = time.perf_counter_ns()
            run(request, judge)
            times.append((time.perf_counter_ns() - started) / 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
