"""Over HTTP on one core each: this service with a durable record before every answer, beside Cerbos.

    python benchmarks/over_http.py --cerbos PATH/TO/cerbos [--rows 1000000] [--seconds 8] [--rounds 3] [--reload | --sockets]

Needs `wrk` (Debian) and the Cerbos server (from its npm package). The load comes from a process of its own on the
second core. Runs take turns, round by round; the table shows medians. Both answer the same question: an officer of the unit of
the item accepts an application, with the post, the county, the amount and the separation of duties looked at. Cerbos gets 2,000
items, which favours it; we get all rows. `--reload` sends SIGHUP once a second, and every answer must still be an allow.
`--sockets` compares TCP with a Unix socket; wrk knows no Unix sockets, so there `h2load` (Debian's nghttp2-client) repeats one
question.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import synthetic as province
from load import Figures, driven, print_table, processor_seconds

from adapters.storage.policy_folder import PREPARED_FILE, write_files
from sidecar.compiler.compile import MANIFEST_FILE, POLICY_FILE
from sidecar.decision.policy import prepared_of

ROOT = Path(__file__).resolve().parents[1]
CERBOS_ITEMS = 2_000
PORT, CERBOS_PORT = 18181, 13592
CONNECTIONS = (1, 16, 64)
BODIES = 4_000
ITEM_POSTS = ("accept", "review", "decide", "issue")


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    url: str
    script: Path
    bodies: Path


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_ours(folder, options.rows)
        if options.reload or options.sockets:
            (_reload_table if options.reload else _socket_table)(folder, options)
            return
        contestants: dict[str, Callable[[], Any]] = {"ours, durable record": lambda: _ours(folder)}
        if options.cerbos:
            _write_cerbos_policies(folder)
            for audit in ("off", "file", "local"):
                contestants[f"Cerbos, audit {audit}"] = lambda audit=audit: _cerbos(folder, options.cerbos, audit)
        runs: dict[tuple[str, int], list[Figures]] = {}
        for _ in range(options.rounds):
            for name, start in contestants.items():
                with start() as server:
                    _run(server, 4, 2)
                    for connections in CONNECTIONS:
                        runs.setdefault((name, connections), []).append(_run(server, connections, options.seconds))
        print_table(runs, "server")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cerbos", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reload", action="store_true")
    parser.add_argument("--sockets", action="store_true")
    return parser.parse_args()


# -- ours --------------------------------------------------------------------------------------------------------------


def _write_ours(folder: Path, rows: int) -> None:
    build = province.build((ROOT / "policies" / "model.conf").read_bytes(), rows)
    prepared = prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)
    files = {"model.conf": build.model, POLICY_FILE: build.policy, MANIFEST_FILE: build.manifest, PREPARED_FILE: prepared}
    write_files(folder / "policies", files)
    write_files(folder / "people", {"appointments.csv": province.appointments_csv(100_000).encode()})
    items = max(1, rows // province.ROWS_OF_ITEM)
    (folder / "ours.txt").write_text("\n".join(_our_body(n * 7919 % items) for n in range(BODIES)), "utf-8")
    _write_script(folder / "ours.lua", folder / "ours.txt", "/authorize")


def _our_body(n: int) -> str:
    return json.dumps(
        {
            "subject": {"type": "officer", "id": province.officer((n % province.UNITS) * 4)},
            "action": {"name": "accept"},
            "resource": {"type": "case", "id": "@", "properties": {"item": province.item_id(n), "region": province.region_of(n)}},
            "context": {"facts": {"amount": 100}},
        }
    )


@contextlib.contextmanager
def _ours(folder: Path, *where: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(dir=folder) as data:
        command = [sys.executable, "-m", "sidecar", "serve", "--policies", str(folder / "policies"), "--data", data]
        command += ["--personnel", str(folder / "people"), "--insecure", *(where or ("--port", str(PORT)))]
        with _started(command, lambda: _answers(f"http://127.0.0.1:{PORT}/readyz", *where), {}) as process:
            yield Server(process, f"http://127.0.0.1:{PORT}", folder / "ours.lua", folder / "ours.txt")


# -- Cerbos ------------------------------------------------------------------------------------------------------------


def _write_cerbos_policies(folder: Path) -> None:
    (folder / "cerbos").mkdir()
    for n in range(CERBOS_ITEMS):
        rules = "".join(_cerbos_rule(n, step) for step in ITEM_POSTS)
        head = (
            f'apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  version: default\n  resource: "{province.item_id(n)}"\n  rules:\n'
        )
        (folder / "cerbos" / f"{province.item_id(n)}.yaml").write_text(head + rules)
    (folder / "cerbos.txt").write_text("\n".join(_cerbos_body(n * 7919 % CERBOS_ITEMS) for n in range(BODIES)), "utf-8")
    _write_script(folder / "cerbos.lua", folder / "cerbos.txt", "/api/check/resources")


def _cerbos_rule(n: int, step: str) -> str:
    roles = f'["{province.post_of(n, step)}", "{province.post_of(n + 1, step)}"]'
    conditions = [
        f'R.attr.region == "{province.region_of(n)}"',
        'now() > timestamp("2024-01-01T00:00:00Z")',
        "R.attr.amount > 30",
        f'!("{step}" in R.attr.done)',
        "!(P.id in R.attr.decided_by)",
        "!(R.attr.party in P.attr.interests)",
    ]
    lines = "".join(f"            - expr: '{text}'\n" for text in conditions)
    return (
        f"    - actions: [{step}]\n      effect: EFFECT_ALLOW\n      roles: {roles}\n"
        f"      condition:\n        match:\n          all:\n            of:\n" + lines.replace("            -", "              -")
    )


def _cerbos_body(n: int) -> str:
    attributes = {"region": province.region_of(n), "amount": 100, "done": [], "decided_by": [], "party": "p-1"}
    resource = {"kind": province.item_id(n), "id": "@", "attr": attributes}
    principal = {
        "id": province.officer(n % province.UNITS * 4),
        "roles": [province.post_of(n, "accept")],
        "attr": {"interests": []},
    }
    return json.dumps({"requestId": "@", "principal": principal, "resources": [{"actions": ["accept"], "resource": resource}]})


@contextlib.contextmanager
def _cerbos(folder: Path, binary: Path, audit: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(dir=folder) as data:
        kinds = {
            "off": "audit: {enabled: false}",
            "file": f"audit: {{enabled: true, backend: file, decisionLogsEnabled: true, accessLogsEnabled: false, "
            f"file: {{path: {data}/audit.log}}}}",
            "local": f"audit: {{enabled: true, backend: local, decisionLogsEnabled: true, accessLogsEnabled: false, "
            f"local: {{storagePath: {data}/audit}}}}",
        }
        config = Path(data, "config.yaml")
        config.write_text(
            f"server: {{httpListenAddr: '127.0.0.1:{CERBOS_PORT}', grpcListenAddr: '127.0.0.1:{CERBOS_PORT + 1}'}}\n"
            f"storage: {{driver: disk, disk: {{directory: {folder}/cerbos, watchForChanges: false}}}}\n"
            f"telemetry: {{disabled: true}}\n{kinds[audit]}\n"
        )
        command = [str(binary), "server", f"--config={config}"]
        url = f"http://127.0.0.1:{CERBOS_PORT}"
        quiet = {"GOMAXPROCS": "1", "CERBOS_NO_TELEMETRY": "1"}
        with _started(command, lambda: _answers(f"{url}/_cerbos/health"), quiet) as process:
            yield Server(process, url, folder / "cerbos.lua", folder / "cerbos.txt")


# -- running -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _started(command: list[str], answers: Callable[[], None], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command], cwd=ROOT, stdout=quiet, stderr=quiet, env=os.environ | environment
    )
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError):
                answers()
                break
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _answers(health: str, *where: str) -> None:
    """Raises OSError while nobody listens, at a URL or at `--uds PATH`."""
    if not where:
        urllib.request.urlopen(health, timeout=1).close()
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(where[-1])


_SCRIPT = """
local bodies = {}
for line in io.lines("BODIES") do bodies[#bodies + 1] = line end
local n = os.time() * 1000000
wrong = 0
function request()
  n = n + 1
  local body = bodies[n % #bodies + 1]:gsub("@", string.format("C-%.0f", n))
  return wrk.format("POST", "PATH", {["Content-Type"] = "application/json"}, body)
end
function response(status, headers, body)
  if status ~= 200 or not body:find('ALLOWED', 1, true) then wrong = wrong + 1 end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  local p50, p99 = latency:percentile(50), latency:percentile(99)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, p50, p99, bad))
end
"""


def _write_script(script: Path, bodies: Path, path: str) -> None:
    """Each request is one of the bodies with an identifier of its own; every answer must be 200 and an allow."""
    allowed = '"decision":true' if path == "/authorize" else "EFFECT_ALLOW"
    script.write_text(_SCRIPT.replace("BODIES", str(bodies)).replace("PATH", path).replace("ALLOWED", allowed))


def _run(server: Server, connections: int, seconds: int) -> Figures:
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(server.script), server.url]
    return driven(command, [server.process.pid])


def _reload_table(folder: Path, options: argparse.Namespace) -> None:
    """Quiet and under a reload a second, in turn, at 16 connections: of files that are as they were, and of files that were
    written again since, so that all of them are read, hashed and proven each time."""
    runs: dict[tuple[str, int], list[Figures]] = {}
    reloads = 0
    with _ours(folder) as server:
        _run(server, 4, 2)
        for _ in range(options.rounds):
            runs.setdefault(("quiet", 16), []).append(_run(server, 16, options.seconds))
            for name, changed in (("a reload a second, nothing new", None), ("a reload a second, all new", folder / "policies")):
                stop = threading.Event()
                thread = threading.Thread(target=_reload_until, args=(server.process.pid, stop, changed))
                thread.start()
                runs.setdefault((name, 16), []).append(_run(server, 16, options.seconds))
                stop.set()
                thread.join()
                reloads += options.seconds
    print_table(runs, "server")
    sys.stdout.write(f"\nabout {reloads} reloads of {options.rows:,} rows\n")


def _socket_table(folder: Path, options: argparse.Namespace) -> None:
    """The same question over TCP and over a Unix socket, in turn."""
    question = json.loads(_our_body(0).replace("@", "C-1"))
    question["context"]["intent"] = "question"  # the act itself would be refused the second time
    (folder / "question.json").write_text(json.dumps(question), "utf-8")
    path = folder / "sidecar.sock"
    ways: dict[str, tuple[tuple[str, ...], str]] = {"TCP": ((), ""), "Unix socket": (("--uds", str(path)), f"-Bunix:{path}")}
    runs: dict[tuple[str, int], list[Figures]] = {}
    for _ in range(options.rounds):
        for name, (where, base) in ways.items():
            with _ours(folder, *where) as server:
                _repeated(server, folder, base, 4, 2)
                for connections in CONNECTIONS:
                    figures = _repeated(server, folder, base, connections, options.seconds)
                    runs.setdefault((name, connections), []).append(figures)
    print_table(runs, "server")


def _repeated(server: Server, folder: Path, base: str, connections: int, seconds: int) -> Figures:
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", "1", "h2load", "--h1", f"-c{connections}", f"-D{seconds}", f"-d{folder / 'question.json'}"]
    command += ["-Hcontent-type: application/json", f"--log-file={log}", *([base] if base else [])]
    before = processor_seconds([server.process.pid])
    subprocess.run([*command, f"http://127.0.0.1:{PORT}/authorize"], capture_output=True, check=True)
    spent = processor_seconds([server.process.pid]) - before
    lines = [line.split("\t") for line in log.read_text().splitlines()]
    times = sorted(int(line[2]) for line in lines)
    wrong = sum(line[1] != "200" for line in lines)
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    return Figures(len(times) / seconds, p50, p99, spent * 1e6 / len(times), wrong)


def _reload_until(pid: int, stop: threading.Event, changed: Path | None) -> None:
    while not stop.wait(1.0):
        if changed:
            os.utime(changed / MANIFEST_FILE)
        os.kill(pid, signal.SIGHUP)


if __name__ == "__main__":
    main()
