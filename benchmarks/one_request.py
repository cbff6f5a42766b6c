"""What one request costs the processor, from the bytes of a packet to the bytes of its answer, and where.

    python benchmarks/one_request.py [--against OTHER_CHECKOUT] [--requests 20000] [--rounds 5] [--profile] [--refuse] [--report]

The whole way, but for sockets: the lane's protocol on connections without a wire, a decision on a policy of 120,000 rows, the
entry, its hash, SQLite, a synced commit, the answer. Each connection sends its next request when it has its answer, as a client
that keeps it does; keys of subjects are those of one process. What is told is the processor time of all threads a request, in the
quieter half of the tenths of a run. On a machine with other work it still swings, so two checkouts are measured in turn and their
ratio is what counts. `--profile` tells the calls of Python a request, which do not swing at all.
With `--report` what became of each act is reported over a second connection, as the proxy does it, before the next request.
"""

import argparse
import asyncio
import cProfile
import gc
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import synthetic as province
import uvloop
from uvicorn import Config
from uvicorn.server import ServerState

from adapters.storage.sqlite import SqliteStore
from sidecar.decision.policy import PolicySnapshot, prepared_of
from sidecar.decision.prepared import Prepared
from sidecar.http_api.app import build_app
from sidecar.service.asked import party_tokeniser
from sidecar.service.authorize import Authorizer
from sidecar.settings import Settings
from sidecar.wiring import GARBAGE_EVERY, SystemClock

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "policies" / "model.conf"
ROWS, OFFICERS, WARM, TENTHS = 120_000, 20_000, 5_000, 10
CONNECTIONS = (1, 16, 64)
_NAMED, _REPORTED = b'"decision_id":"', b'"result":"performed"'
SHANGHAI = ZoneInfo("Asia/Shanghai")


def main() -> None:
    options = _options()
    if options.one:
        _print(json.dumps(uvloop.run(_measured(options))))
        return
    if options.prepare:
        build = province.build(MODEL.read_bytes(), ROWS)
        options.prepare.write_bytes(prepared_of(model=build.model, policy=build.policy, manifest=build.manifest))
        return
    with tempfile.TemporaryDirectory() as scratch:
        _table(options, Path(scratch))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path, help="another checkout, measured in turn")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="the functions that take most, and how often they are called")
    parser.add_argument("--refuse", action="store_true", help="officers of another unit, at a later step: four grounds")
    parser.add_argument("--report", action="store_true", help="and report that it was performed")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--connections", type=int, default=64, help=argparse.SUPPRESS)
    return parser.parse_args()


def _table(options: argparse.Namespace, scratch: Path) -> None:
    checkouts = [ROOT, *([options.against.resolve()] if options.against else [])]
    prepared = {path: scratch / str(n) for n, path in enumerate(checkouts)}  # each reads the form it writes
    for path in checkouts:
        _child(path, "--prepare", str(prepared[path]))
    if options.profile:
        _run(ROOT, prepared[ROOT], options, 64)
        return
    _print("| connections | " + " | ".join(f"{path.name} µs" for path in checkouts) + " | ratio |")
    _print("|---|" + "---|" * (len(checkouts) + 1))
    for connections in CONNECTIONS:
        found: dict[Path, list[float]] = {path: [] for path in checkouts}
        for _ in range(options.rounds):
            for path in checkouts:
                found[path].append(_run(path, prepared[path], options, connections))
        figures = [statistics.median(found[path]) for path in checkouts]
        ratio = f"{figures[0] / figures[1]:.2f}" if options.against else "–"
        _print(f"| {connections} | " + " | ".join(f"{figure:.1f}" for figure in figures) + f" | {ratio} |")


def _run(checkout: Path, prepared: Path, options: argparse.Namespace, connections: int) -> float:
    count = options.requests if connections > 1 else options.requests // 4
    chosen = [name for name in ("--profile", "--refuse", "--report") if getattr(options, name[2:])]
    told = _child(checkout, "--one", str(prepared), "--connections", str(connections), "--requests", str(count), *chosen)
    *shown, figure = told.splitlines()
    if shown:
        _print("\n".join(shown))
    return float(figure)


def _child(checkout: Path, *arguments: str) -> str:
    """A run of this file, in a process of its own, with the code of a checkout."""
    command, place = [sys.executable, __file__, *arguments], {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.run(command, env=place, stdout=subprocess.PIPE, text=True, check=True, cwd=checkout).stdout


class _Wire(asyncio.Transport):
    """A connection without a wire: what is written to it is looked at and counted."""

    def __init__(self, load: "_Load", reports: "_Wire | None" = None) -> None:
        super().__init__()
        self._load, self.protocol, self.reports = load, load.protocol(), reports
        self.protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self._load.answered(self, data)

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 40_000), "sockname": ("127.0.0.1", 8181)}.get(name, default)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Load:
    """As many connections as are asked for, each of which sends its next packet in the turn of the loop after its answer."""

    def __init__(self, protocol: Any, connections: int, packets: list[bytes], expected: bytes, *, report: bool) -> None:
        self.protocol, self._packets, self._expected = protocol, packets, expected
        self._loop = asyncio.get_running_loop()
        self._free: list[_Wire] = [_Wire(self, _Wire(self) if report else None) for _ in range(connections)]
        self._reported = {id(wire.reports): wire for wire in self._free}
        self._next, self._left = 0, 0
        self._done = self._loop.create_future()

    async def run(self, count: int) -> None:
        self._next, self._left, self._done = 0, count, self._loop.create_future()
        self._packets, self._later = self._packets[count:], self._packets[:count]
        self._feed()
        await self._done

    def _feed(self) -> None:
        free, self._free = self._free, []
        for wire in free:
            if self._next < len(self._later):
                self._next += 1
                wire.protocol.data_received(self._later[self._next - 1])
            else:
                self._free.append(wire)

    def answered(self, wire: _Wire, data: bytes) -> None:
        told = self._reported.get(id(wire))
        if (self._expected if told is None else _REPORTED) not in data:
            raise SystemExit(f"not the answer that is expected: {data!r}")
        if wire.reports is not None:
            self._loop.call_soon(wire.reports.protocol.data_received, _report(data))
            return
        wire = told or wire
        if not self._free:
            self._loop.call_soon(self._feed)
        self._free.append(wire)
        self._left -= 1
        if not self._left:
            self._done.set_result(None)


async def _measured(options: argparse.Namespace) -> float:
    """Microseconds of processor time a request."""
    policy = PolicySnapshot(MODEL.read_bytes(), Prepared(options.one.read_bytes(), prove=False))
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        authorizer = Authorizer(policy, province.officers(OFFICERS), store, SystemClock(SHANGHAI), party_tokeniser(b"k" * 32))
        settings = Settings(insecure=True, data=Path(folder))
        served = build_app(authorizer, settings)
        config, state = Config(served.app, log_config=None, access_log=False), ServerState()
        state.default_headers = [(b"date", b"Wed, 25 Nov 2026 09:00:00 GMT")]

        def protocol() -> Any:
            return served.protocol(config=config, server_state=state, app_state={}, _loop=asyncio.get_running_loop())

        count = options.requests
        packets = [_packet(n, refuse=options.refuse) for n in range(WARM + count)]
        expected = b'"decision":false' if options.refuse else b'"decision":true'
        load = _Load(protocol, options.connections, packets, expected, report=options.report)
        await load.run(WARM)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_EVERY)
        profile = cProfile.Profile() if options.profile else None
        if profile:
            profile.enable()
        spent: list[float] = []
        for _ in range(TENTHS):
            before = process_time()
            await load.run(count // TENTHS)
            spent.append((process_time() - before) / (count // TENTHS) * 1e6)
        if profile:
            profile.disable()
            _show(profile, count)
        await store.close()
    return statistics.mean(sorted(spent)[: TENTHS // 2])


def _packet(n: int, *, refuse: bool) -> bytes:
    """As wrk sends it in `over_http.py`."""
    items = ROWS // province.ROWS_OF_ITEM
    at = n * 7919 % items
    body = json.dumps(
        {
            "subject": {"type": "officer", "id": province.officer((at + 7 * refuse) % province.UNITS * 4)},
            "action": {"name": "decide" if refuse else "accept"},
            "resource": {
                "type": "case",
                "id": f"C-{n + 1_770_000_000_000_000}",
                "properties": {"item": province.item_id(at), "region": province.region_of(at)},
            },
            "context": {"facts": {"amount": 100}},
        }
    ).encode()
    head = b"POST /authorize HTTP/1.1\r\nHost: 127.0.0.1:18181\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def _report(answer: bytes) -> bytes:
    """As the proxy sends it."""
    at = answer.index(_NAMED) + len(_NAMED)
    body = b'{"result":"performed","detail":"HTTP 200"}'
    head = b"POST /v1/decisions/%s/outcome HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return head % answer[at : at + 26] + b"content-length: %d\r\n\r\n" % len(body) + body


def _show(profile: cProfile.Profile, count: int) -> None:
    stats: Any = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # known to every Python, not to its type stubs
    rows = sorted(stats.items(), key=lambda row: -row[1][2])[:60]
    calls = sum(row[1][1] for row in stats.items())
    _print(f"{calls / count:.0f} calls a request, profiled: | calls | own µs | with all it calls µs |")
    for (file, line, name), (_, called, own, whole, _) in rows:
        place = f"{Path(file).parent.name}/{Path(file).name}:{line}" if line else ""
        _print(f"| {name[:60]} {place} | {called / count:.2f} | {own / count * 1e6:.2f} | {whole / count * 1e6:.2f} |")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
