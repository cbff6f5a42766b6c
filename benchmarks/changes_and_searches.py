"""A million rows and 100,000 officers: what one appointment costs, what a page of a search costs, beside reading all anew.

python benchmarks/changes_and_searches.py [ROWS]
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import synthetic as province

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision.engine import role_graph
from sidecar.decision.policy import PolicySnapshot, prepared_of
from sidecar.decision.prepared import Prepared
from sidecar.decision.search import Search
from sidecar.personnel.registers import Appointment, Personnel, Span

MODEL = Path(__file__).resolve().parents[1] / "policies" / "model.conf"
DAY = date(2026, 1, 5)
OFFICERS = 100_000


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    build = province.build(MODEL.read_bytes(), rows)
    data = prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)
    policy = PolicySnapshot(build.model, Prepared(data))
    people = province.officers(OFFICERS)
    links = [
        (f"officer:{province.officer(n)}", f"post:{province.post_of(n // 4, province.STEPS[n % 4])}") for n in range(OFFICERS)
    ]
    graph = role_graph(links)
    item, steps = province.item_id(7), len(province.STEPS)
    asked = AccessRequest("", "accept", item, "", province.region_of(7), intent=QUESTION, facts={"amount": 100})
    holder = province.officer(7 * steps)
    figures: list[tuple[str, Callable[[], object], int]] = [
        ("open the prepared form", lambda: PolicySnapshot(build.model, Prepared(data)), 5),
        ("all appointments, registers", lambda: province.officers(OFFICERS), 3),
        (
            "one appointment, registers",
            lambda: people.with_appointments("o-new", [Appointment("o-new", "unit001.accept", Span())]),
            50,
        ),
        ("all appointments, role graph", lambda: role_graph(links), 3),
        ("one appointment, role graph", lambda: graph.linked("officer:o-new", "post:unit001.accept"), 20),
        ("one appointment ended, role graph", lambda: graph.unlinked(*links[500]), 20),
        ("search: who may accept, a page", lambda: _search(policy, people, asked).subjects("", 50), 20),
        ("search: what an officer may do, a page", lambda: _powers(policy, people, asked, holder), 20),
        ("search: what may be done on a case", lambda: _actions(policy, people, asked, holder), 50),
    ]
    sys.stdout.write("| what | median ms |\n|---|---|\n")
    for name, run, repeats in figures:
        sys.stdout.write(f"| {name} | {_median(run, repeats):,.2f} |\n")


def _search(policy: PolicySnapshot, people: Personnel, request: AccessRequest) -> Search:
    return Search(policy, people, CaseHistory(""), request, DAY)


def _powers(policy: PolicySnapshot, people: Personnel, asked: AccessRequest, person: str) -> object:
    request = AccessRequest(person, "", "", "", intent=QUESTION, facts=asked.facts)
    return _search(policy, people, request).powers("", 50)


def _actions(policy: PolicySnapshot, people: Personnel, asked: AccessRequest, person: str) -> object:
    request = AccessRequest(person, "", asked.item, "", asked.region, intent=QUESTION, facts=asked.facts)
    return _search(policy, people, request).actions("", 50)


def _median(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
