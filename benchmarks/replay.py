"""Replay: how many recorded decisions a minute are made again, by the policies of their day and by others, in how much memory.

    python benchmarks/replay.py [DECISIONS] [FOLDER]     (100,000 by default; the log is made unless FOLDER has one)

The log is made by the service in this process: food licences by the shipped policies, 512 cases at a time, five requests a case,
one of them refused, with 40 officers who hold the posts. It is replayed by a process of its own, whose largest memory is told.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from adapters.storage.kept import KeptGrounds
from adapters.storage.past import FoundGrounds, RecordedPast
from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from sidecar.personnel.registers import Appointment, Personnel, Span
from sidecar.ports.records import Filter
from sidecar.ports.telling import outcome
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest, party_tokeniser
from sidecar.service.authorize import Answer, Authorizer
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay

ITEM, AT_ONCE, OFFICERS = "cn-xk-food-business-licence", 512, 10
POSTS = ("window_clerk", "licence_reviewer", "licence_section_head", "site_checker")
STEPS = (
    ("accept", 0, {"only_prepackaged_food": False, "edible_farm_produce": False}, ""),
    ("review", 1, {}, ""),
    ("decide", 1, {}, "grant"),  # the reviewer: refused
    ("decide", 2, {}, "grant"),
    ("issue", 0, {}, ""),
)


class SystemClock:
    source = "system"

    def now(self) -> datetime:
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def main() -> None:
    if sys.argv[1:2] == ["--replay"]:
        print_line(json.dumps(_replayed(Path(sys.argv[2]), by_others=sys.argv[3] == "other")))
        return
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as temporary:
        data = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary) / "data"
        if not (data / RECORD_FILE).exists():
            asyncio.run(_fill(data, decisions))
        print_line(
            "| replay | decisions | a minute | processor µs each | largest MiB | not the same |\n|---|---|---|---|---|---|"
        )
        for name, how in (("by the policies of the day, every bit", "day"), ("by other policies, what changes", "other")):
            told = json.loads(_in_a_process(data, how))
            rate = 60 * told["decisions"] / told["seconds"]
            spent, memory = 1e6 * told["processor"] / told["decisions"], told["memory"]
            print_line(f"| {name} | {told['decisions']:,} | {rate:,.0f} | {spent:.0f} | {memory:.0f} | {told['others']} |")


def _in_a_process(data: Path, how: str) -> str:
    import subprocess  # noqa: PLC0415

    run = subprocess.run([sys.executable, __file__, "--replay", str(data), how], check=True, capture_output=True, text=True)
    return run.stdout


def _replayed(data: Path, *, by_others: bool) -> dict[str, float]:
    past = RecordedPast(data)
    other = PolicyFolder(Path("policies")).snapshot() if by_others else None
    replay = LogReplay(past, Remaker(past, FoundGrounds([data])), other)
    started, spent = time.perf_counter(), time.process_time()
    others = sum(not replayed.is_same for replayed in replay.run(Filter()))
    return {
        "decisions": replay.tally.decisions,
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - spent,
        "memory": _largest_memory(),
        "others": others,
    }


def _largest_memory() -> float:
    """MiB of this process; what the operating system's usage tells would count the process that started it, too."""
    told = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(told.split()[1]) / 1024


async def _fill(data: Path, decisions: int) -> None:
    folder = PolicyFolder(Path("policies"))
    policy, kept = folder.snapshot(), KeptGrounds(data)
    held = [Appointment(f"o-{post}-{n}", f"approval.{post}", Span()) for post in POSTS for n in range(OFFICERS)]
    people = Personnel(held)
    store = SqliteStore(data)
    kept.keep_policies(folder, policy)
    digest = kept.keep_personnel(people)
    service = Authorizer(policy, people, store, SystemClock(), party_tokeniser(b"k" * 32), personnel_digest=digest)
    for first in range(0, decisions // len(STEPS), AT_ONCE):
        cases = range(first, min(first + AT_ONCE, decisions // len(STEPS)))
        for step in STEPS:
            await asyncio.gather(*[_ask(service, case, *step) for case in cases])
    await store.close()


async def _ask(service: Authorizer, case: int, step: str, post: int, facts: dict[str, bool], wanted: str) -> Answer:
    body = {
        "subject": {"type": "officer", "id": f"o-{POSTS[post]}-{case % OFFICERS}"},
        "action": {"name": step, "properties": {"outcome": wanted} if wanted else {}},
        "resource": {"type": "case", "id": f"BH-{case}", "properties": {"item": ITEM, "party": f"applicant-{case}"}},
        "context": {"facts": facts} if facts else {},
    }
    wire = msgspec.convert(body, EvaluationRequest)
    caller = CallerFacts("benchmark", "127.0.0.1", f"r-{case}-{step}-{post}")
    answer: Answer = await outcome(partial(service.begin, wire, caller))
    return answer


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
