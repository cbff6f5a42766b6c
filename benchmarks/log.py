"""The log: records a second with and without tree and signature, proofs, and how long a million entries take to verify.

    python benchmarks/log.py [ENTRIES]          (1,000,000 by default)

Records are committed by 64 clients at once to a store on the disk of the current folder, alternately alone and with a keeper
beside it that follows the tree and signs each second, in passes one after another so that what else happens on the machine meets
both. Processor time a record is told, too: it does not depend on what else happens.

What it costs to look for numbers of persons in every text of a request, to mask them, and to commit to what was asserted under
the key of its subject is measured in the same way: requests decided and recorded with it, and by a service that records texts as
they come and digests without a key.
"""

import asyncio
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Container
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import synthetic as province

from adapters.storage.log_making import create_log
from adapters.storage.log_opening import Places, open_log
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.sqlite import SqliteStore
from adapters.storage.subject_keys import SubjectKeyFile
from adapters.verifier.copies import RecordCopy
from sidecar.case_history.history import ActRecorded
from sidecar.compiler.manifest import sha256
from sidecar.decision.policy import PolicySnapshot, prepared_of
from sidecar.decision.prepared import Prepared
from sidecar.decision_log.entry import DecisionEntry
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.merkle import verify_consistency, verify_inclusion
from sidecar.decision_log.tiles import TileEdge
from sidecar.decision_log.verifier import Trust, verify
from sidecar.personnel.registers import Personnel
from sidecar.ports.records import Commit, Filter
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import Asked, EvaluationRequest, party_tokeniser
from sidecar.service.authorize import Authorizer
from sidecar.service.log_keeper import Keeping, LogKeeper
from sidecar.service.personal import Personal

MODEL = Path(__file__).resolve().parents[1] / "policies" / "model.conf"
CLIENTS = 64
PASSES = 7  # of each, alternately
SECONDS = 4.0


class SystemClock:
    source = "system"

    def now(self) -> datetime:
        return datetime.now().astimezone()


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        rates = _rates(Path(folder))
        print_line("| 64 at once | records a second | of passes | processor µs a record |\n|---|---|---|---|")
        for name, found in rates.items():
            seconds = [rate for rate, _ in found]
            spent = statistics.median(spent for _, spent in found)
            print_line(
                f"| {name} | {statistics.median(seconds):,.0f} | {min(seconds):,.0f} to {max(seconds):,.0f} | {spent:.1f} |"
            )
        alone, kept = ([statistics.median(values) for values in zip(*found, strict=True)] for found in rates.values())
        slower, dearer = 100 * (1 - kept[0] / alone[0]), 100 * (kept[1] / alone[1] - 1)
        print_line(f"| tree and signatures cost | {slower:.1f} % | | {dearer:.1f} % |\n")
        _personal_data(Path(folder))
        where = _a_log(Path(folder) / "large", entries)
        _proofs(where, entries)
        _verification(where)


def _rates(folder: Path) -> dict[str, list[tuple[float, float]]]:
    rates: dict[str, list[tuple[float, float]]] = {"record alone": [], "with tree, signed each second": []}
    for n in range(PASSES):
        for name, keeps in zip(rates, (False, True), strict=True):
            rates[name].append(_rate(folder / f"{n}-{keeps}", keeps=keeps))
            shutil.rmtree(folder / f"{n}-{keeps}")
    return rates


def _rate(folder: Path, *, keeps: bool) -> tuple[float, float]:
    """Records a second, and processor time a record in microseconds."""
    where = _made(folder)

    async def run() -> tuple[float, float]:
        log = await asyncio.to_thread(open_log, where, clock=SystemClock())
        keeper = LogKeeper(
            log.store, log.tree, log.head, log.identity, log.store.hash, log.signers, SystemClock(), keeping=Keeping(1.0)
        )
        task = asyncio.create_task(keeper.run()) if keeps else None
        end, count = time.perf_counter() + SECONDS, 0

        async def client(n: int) -> None:
            nonlocal count
            while time.perf_counter() < end:
                await log.store.commit(_commit(f"{n}-{count}"))
                count += 1

        started, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*[client(n) for n in range(CLIENTS)])
        rate, cost = count / (time.perf_counter() - started), (time.process_time() - spent) / count * 1e6
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await keeper.end("", "")
        await log.store.close()
        return rate, cost

    return asyncio.run(run())


class Bare(Personal):
    """Records texts as they come, and digests without a key: what a log would do that knows nothing of personal data."""

    def asked(self, asked: Asked, request_id: str, items: Container[str]) -> tuple[Asked, str]:  # noqa: ARG002
        return asked, request_id

    def digest(self, field: str, subject: str, entry: str, place: str, value: object) -> str:  # noqa: ARG002
        return sha256(msgspec.json.encode(value))


FACTS: dict[str, dict[str, Any]] = {
    "a number": {"facts": {"amount": 100}},
    "three texts and evidence": {
        "facts": {"amount": 100, "name": "示范食品有限公司", "place": "示范市滨河路18号2栋", "note": "预包装食品，仅零售"},
        "evidence": {"application": "doc-2026-000118", "plan": "doc-2026-000119"},
    },
    "the same with an identity number": {
        "facts": {"amount": 100, "name": "示范食品有限公司", "place": "示范市滨河路18号2栋", "note": "负责人 11010519491231002X"},
        "evidence": {"application": "doc-2026-000118", "plan": "doc-2026-000119"},
    },
}


def _personal_data(folder: Path) -> None:
    build = province.build(MODEL.read_bytes(), 1_000)
    prepared = prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)
    policy, people = PolicySnapshot(build.model, Prepared(prepared)), province.officers(1_000)
    print_line(
        "| request with | bare: processor µs | masked and committed | ratio | bare: records a second | masked and committed |"
    )
    print_line("|---|---|---|---|---|---|")
    for told, context in FACTS.items():
        found: dict[type[Personal], list[tuple[float, float]]] = {Bare: [], Personal: []}
        for n in range(PASSES):
            for kind, rates in found.items():
                place = folder / f"{n}-{kind.__name__}"
                rates.append(_request_rate(place, policy, people, kind, context))
                shutil.rmtree(place)
        (bare, cost), (whole, dearer) = (
            [statistics.median(column) for column in zip(*rates, strict=True)] for rates in found.values()
        )
        print_line(f"| {told} | {cost:.0f} | {dearer:.0f} | {dearer / cost:.2f} | {bare:,.0f} | {whole:,.0f} |")
    print_line("")


def _request_rate(
    folder: Path, policy: PolicySnapshot, people: Personnel, kind: type[Personal], context: dict[str, Any]
) -> tuple[float, float]:
    """Requests decided and recorded a second, and processor time a request in microseconds."""
    folder.mkdir()

    async def run() -> tuple[float, float]:
        store, token = SqliteStore(folder), party_tokeniser(b"k" * 32)
        personal = kind(token, SubjectKeyFile(folder, folder / "subjects"))
        authorizer = Authorizer(policy, people, store, SystemClock(), token, personal=personal)
        end, count = time.perf_counter() + SECONDS / 2, 0

        async def client(n: int) -> None:
            nonlocal count
            caller, at = CallerFacts("portal", "10.0.0.7", ""), n % 25
            while time.perf_counter() < end:
                count += 1
                answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                authorizer.begin(_request(at, f"C-{n}-{count}", context), caller, answer.set_result)
                told = await answer
                if isinstance(told, Exception):
                    raise told
                assert b'"decision":true' in told.body, told  # noqa: S101 - else another thing is measured

        started, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*[client(n) for n in range(CLIENTS)])
        rate, cost = count / (time.perf_counter() - started), (time.process_time() - spent) / count * 1e6
        await store.close()
        personal.keys.close()
        return rate, cost

    return asyncio.run(run())


def _request(at: int, case: str, context: dict[str, Any]) -> EvaluationRequest:
    properties = {"item": province.item_id(at), "region": province.region_of(at), "party": "91310000MA1K35X8XW"}
    asked = {
        "subject": {"type": "officer", "id": province.officer(at % province.UNITS * 4)},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": case, "properties": properties},
        "context": context,
    }
    return msgspec.convert(asked, EvaluationRequest)


def _made(folder: Path) -> Places:
    folder.mkdir()
    where = Places.of(folder / "data")
    create_log(where, "record.example/bench", SystemClock())
    return where


def _a_log(folder: Path, entries: int) -> Places:
    """A log of so many entries, signed at its end."""
    where = _made(folder)

    async def fill() -> None:
        log = await asyncio.to_thread(open_log, where, clock=SystemClock())
        keeper = LogKeeper(log.store, log.tree, log.head, log.identity, log.store.hash, log.signers, SystemClock())
        for first in range(0, entries, 5_000):
            await asyncio.gather(*[log.store.commit(_commit(str(n))) for n in range(first, min(first + 5_000, entries))])
        await keeper.checkpoint()
        await keeper.end("", "")
        await log.store.close()

    asyncio.run(fill())
    return where


def _proofs(where: Places, entries: int) -> None:
    log = open_log(where, clock=SystemClock())
    try:
        tree, hash_ = log.tree.tree(), log.store.hash
        signed = log.tree.last()
        root, size = log.tree.root(), log.tree.size
        places = [n * 7919 % size for n in range(500)]
        leaves = [log.store.reader.since(Filter(), after=n, limit=1)[0].leaf for n in places[:200]]
        inclusions = [(n, leaf, tree.inclusion(n, size)) for n, leaf in zip(places, leaves, strict=False)]
        consistencies = [(n + 1, tree.root(n + 1), tree.consistency(n + 1, size)) for n in places[:200]]
        print_line(f"| of a log of {entries:,} entries | median µs |\n|---|---|")
        figures: dict[str, Callable[[int], object]] = {
            "make an inclusion proof": lambda n: tree.inclusion(places[n % 500], size),
            "make a consistency proof": lambda n: tree.consistency(places[n % 500] + 1, size),
            "verify an inclusion proof": lambda n: _inclusion(hash_, *inclusions[n % 200], size, root),
            "verify a consistency proof": lambda n: _consistency(hash_, *consistencies[n % 200], size, root),
            "sign a checkpoint": lambda _: log.signers[0].sign("x\n1\nx\n"),
        }
        for name, run in figures.items():
            print_line(f"| {name} | {_median(run):,.0f} |")
        assert signed is not None  # noqa: S101 - it was signed a moment ago
        started = time.perf_counter()
        edge = TileEdge(tree_hash("sm3"))
        edge.extend([bytes(32)] * 200_000)
        print_line(f"\nSM3: {200_000 / (time.perf_counter() - started):,.0f} leaves a second into the tree")
        started = time.perf_counter()
        edge = TileEdge(hash_)
        edge.extend([bytes(32)] * 200_000)
        print_line(f"SHA-256: {200_000 / (time.perf_counter() - started):,.0f} leaves a second into the tree\n")
    finally:
        log.close()


def _inclusion(hash_: object, index: int, leaf: bytes, proof: list[bytes], size: int, root: bytes) -> None:
    verify_inclusion(hash_, leaf, index, size, root, proof)  # type: ignore[arg-type]


def _consistency(hash_: object, old: int, old_root: bytes, proof: list[bytes], size: int, root: bytes) -> None:
    verify_consistency(hash_, old, size, old_root, root, proof)  # type: ignore[arg-type]


def _verification(where: Places) -> None:
    held = [where.head.read_bytes()]
    for name, chains in (("whole log", False), ("whole log and the chain of every case", True)):
        started = time.perf_counter()
        report = verify(RecordCopy(where.data / RECORD_FILE), Trust(held=held), chains=chains)
        seconds = time.perf_counter() - started
        assert report.sound, report.findings  # noqa: S101 - else there is nothing to measure
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print_line(f"verified {report.size:,} entries, {name}: {seconds:.1f} s, {memory:,.0f} MiB at most so far")


def _median(run: Callable[[int], object], seconds: float = 1.0) -> float:
    times, end, n = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        started = time.perf_counter_ns()
        run(n)
        times.append((time.perf_counter_ns() - started) / 1000)
        n += 1
    return statistics.median(times)


def _commit(n: str) -> Commit:
    case = f"case-{n}"
    act = ActRecorded(
        decision_id=f"d-{n}", kind="performed", step="accept", person="o-1001", post="approval.window_clerk",
        time="2026-01-05T10:00:00.000+08:00", item="cn-xk-food-business-licence", region="990100",
    )  # fmt: skip
    return Commit(msgspec.structs.replace(_ENTRY, decision_id=f"d-{n}", case_id=case), case, 0, act)


_ENTRY = DecisionEntry(
    decision_id="",
    request_id="",
    time="2026-01-05T10:00:00.000+08:00",
    time_source="system",
    caller="portal",
    client_ip="127.0.0.1",
    channel="approval-platform",
    intent="exercise",
    subject={"type": "officer", "person": "o-1001", "acting_post": "approval.window_clerk", "organ": "binhe", "level": "3"},
    action={"step": "accept", "outcome": "", "verb": "受理"},
    item="cn-xk-food-business-licence",
    item_name="食品经营许可",
    item_version=3,
    case_id="",
    case_version=1,
    party_token="pty-0123456789abcdef0123456789abcdef",  # noqa: S106 - a citizen's token, no password
    region="990100",
    decision="allow",
    code="ALLOWED",
    reason={
        "zh": "准许：岗位“窗口受理岗”有权办理事项“食品经营许可”的“受理”。",
        "en": "Allowed: post window_clerk holds step 'accept'.",
    },
    grounds=[],
    rules_evaluated=[{"row": "cn-xk-food-business-licence.accept.d1", "rule": "AL-32b", "result": "pass"}],
    obligations=[{"id": "x", "kind": "deadline", "arg": "review:5:working_days"}],
    rows=["cn-xk-food-business-licence.accept.a1"],
    sources=["binhe/powers.yaml:106"],
    basis=["行政许可法第32条"],
    officers=[],
    facts={"only_prepackaged_food": False},
    facts_digest="sha256:" + "0" * 64,
    evidence_digests={},
    policy_digest="sha256:" + "0" * 64,
    engine_version="quanheng 0.1.0",
    latency_us=30,
)


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
