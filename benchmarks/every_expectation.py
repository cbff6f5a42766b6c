"""Whole decisions: every shipped expectation by `decide()`, and by `casbin.FastEnforcer` with its best key order.

    python benchmarks/every_expectation.py [TIMES]          (40 by default)

An expectation is a request in a case that has come a long way, so this is `decide()` with all controls of its step, with
reasons and what the decision rests on. Casbin has the same rows, the same matcher and the same controls as a function, and
gives yes or no. An expectation counts with its median of TIMES. Prints a table, and the longest.
"""

import gc
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import casbin
from in_process import identifiers_last, print_line

from adapters.storage.policy_folder import SHIPPED, PolicyFolder
from sidecar.controls.context import ControlContext
from sidecar.controls.table import Judge
from sidecar.decision.decide import decide
from sidecar.decision.policy import CASBIN_FUNCTIONS, PolicySnapshot
from sidecar.expectations.reading import names_of, read_expectations
from sidecar.expectations.run import Asked, asked_of

AIM = 25.0  # µs, design budget of a whole decision
CASBIN_TIMES = 3
QUANTILES = (50, 90, 99)


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    files = PolicyFolder(SHIPPED)
    policy = files.snapshot()
    read = read_expectations(files.expectations(), names_of(policy.items, policy.posts))
    expectations = [expectation for expectation, _ in read.expectations]
    asked = [asked_of(expectation, policy) for expectation in expectations]
    gc.freeze()
    ours = [_median(lambda a=one: decide(policy, *a), times) for one in asked]
    stock = _stock(policy, asked)
    print_line(f"{platform.machine()}, CPython {platform.python_version()}, pycasbin {version('pycasbin')}\n")
    print_line("| | median µs | nine of ten | 99 of 100 | within 25 µs |")
    print_line("|---|---|---|---|---|")
    for name, figures in (("`decide()`", ours), ("`FastEnforcer.enforce`", stock)):
        found = statistics.quantiles(figures, n=100)
        cells = [f"{found[q - 1]:.1f}" for q in QUANTILES] + [f"{sum(f <= AIM for f in figures)} of {len(figures)}"]
        print_line(f"| {name} | {' | '.join(cells)} |")
    ratio = statistics.median([theirs / own for own, theirs in zip(ours, stock, strict=True)])
    print_line(f"\nFastEnforcer takes {ratio:.1f} times as long at the median. The longest of `decide()`:")
    for figure, expectation in sorted(zip(ours, expectations, strict=True), key=lambda pair: -pair[0])[:5]:
        print_line(f"{figure:8.1f} µs  {expectation.name}")


def _stock(policy: PolicySnapshot, asked: list[Asked]) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        model, rows = Path(folder, "model.conf"), Path(folder, "policy.csv")
        text, lines = ((SHIPPED / name).read_text("utf-8") for name in ("model.conf", "compiled/policy.csv"))
        text, lines = identifiers_last(text, lines)
        model.write_text(text, "utf-8")
        rows.write_text(lines, "utf-8")
        enforcer = casbin.FastEnforcer(str(model), str(rows), cache_key_order=[2, 3])
    for name, function in CASBIN_FUNCTIONS.items():
        enforcer.add_function(name, function)
    return [_median(_asking(enforcer, policy, one), CASBIN_TIMES) for one in asked]


def _asking(enforcer: Any, policy: PolicySnapshot, asked: Asked) -> Callable[[], object]:
    personnel, history, request, now, ledgers = asked
    item, subject = policy.item(request.item), f"officer:{request.person}"
    if item is None:
        return lambda: enforcer.enforce(subject, "", request.item, request.step, now.strftime("%Y%m%d"), None)
    context = ControlContext(request, item, policy.organs[item.organ].level, history, personnel, now, ledgers, policy.deadlines)
    region = request.region or history.region or item.region

    def ask() -> object:
        fresh = Judge(ControlContext(*[getattr(context, name) for name in context.__struct_fields__]))
        return enforcer.enforce(subject, region, request.item, request.step, now.strftime("%Y%m%d"), fresh)

    enforcer.delete_roles_for_user(subject)
    for post in context.acting:
        enforcer.add_role_for_user(subject, f"post:{post}")
    return ask


def _median(ask: Callable[[], object], times: int) -> float:
    found: list[int] = []
    for _ in range(times):
        started = time.perf_counter_ns()
        ask()
        found.append(time.perf_counter_ns() - started)
    return statistics.median(found) / 1000


if __name__ == "__main__":
    main()
