"""What the reverse proxy adds: latency, requests a second and processor time, beside nginx in the same run.

    python benchmarks/proxy.py [--seconds 4] [--rounds 3]

Needs `wrk` and `nginx` (Debian). The system behind is an nginx that answers at once. In front of it stand, in turns: nobody;
nginx as a reverse proxy with kept connections; `quanheng proxy` for a route that is no power; and the same for an act, asked and
reported over a Unix socket, once with a decider that answers at once (an nginx that says what the sidecar said of the first such
act), which shows what the proxy itself adds, and once with the real sidecar, which makes two durable records of each act. The
same question put to the sidecar itself, over TCP, shows what is its share.

What is in front has the first core, the sidecar the last; what answers at once and the load run where there is room. The
processor time of a request is that of the process in front, and of the sidecar where it is asked. Medians of the rounds, in each
of which everything runs in turn.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import synthetic as province
from load import Figures, driven, print_table

from adapters.storage.policy_folder import PREPARED_FILE, write_files
from sidecar.compiler.compile import MANIFEST_FILE, POLICY_FILE
from sidecar.decision.policy import prepared_of

ROOT = Path(__file__).resolve().parents[1]
ROWS = 10_000
HEALTH = "/.quanheng/healthz"
CONNECTIONS = (1, 64)
SYSTEM, NGINX, PROXY, SIDECAR, TOLD_AT_ONCE = 18282, 18283, 18284, 18285, 18286
READING, ACT = "/things/T/read", "/things/@/accept"
QUESTION = {
    "subject": {"type": "officer", "id": province.officer(0)},
    "action": {"name": "accept"},
    "resource": {"type": "case", "id": "@", "properties": {"item": province.item_id(0), "region": province.region_of(0)}},
    "context": {"facts": {"amount": 100}},
}

NGINX_CONF = f"""worker_processes 1; daemon off; error_log stderr; pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000;
    upstream system {{ server 127.0.0.1:{SYSTEM}; keepalive 64; keepalive_requests 100000000; }}
    server {{ listen 127.0.0.1:{SYSTEM}; location / {{ default_type application/json; return 200 '{{"done": true}}'; }} }}
    server {{ listen 127.0.0.1:{NGINX};
             location / {{ proxy_pass http://system; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""
DECIDER_CONF = """worker_processes 1; daemon off; error_log stderr; pid decider.pid;
events { worker_connections 1024; }
http {
    access_log off; keepalive_requests 100000000; default_type application/json;
    server { listen unix:SOCKET; location /authorize { return 200 'DECISION'; } location /v1/ { return 200 '{}'; } }
}
"""
ROUTES = f"""officer: {{header: X-Officer}}
routes:
  - {{method: POST, path: "/things/{{thing}}/read", not_a_power: reading}}
  - method: POST
    path: "/things/{{thing}}/accept"
    item: {province.item_id(0)}
    step: accept
    case: {{path: thing}}
    region: {{value: "{province.region_of(0)}"}}
    facts: {{amount: {{value: 100}}}}
"""
SCRIPT = """
local n, tag = 0, tostring(os.time()) .. tostring(math.random(1000000))
local headers = {["X-Officer"] = "OFFICER", ["Content-Type"] = "application/json"}
local body = [[BODY]]
request = function()
    n = n + 1
    local unique = tag .. "-" .. n
    return wrk.format("POST", (string.gsub("PATH", "@", unique)), headers, body ~= "" and (string.gsub(body, "@", unique)) or nil)
end
done = function(summary, latency, requests)
    local e = summary.errors
    local wrong = e.status + e.connect + e.read + e.write + e.timeout
    local p50, p99 = latency:percentile(50), latency:percentile(99)
    io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, p50, p99, wrong))
end
"""


class Contestant(NamedTuple):
    name: str
    port: int
    path: str
    processes: tuple[str, ...]  # whose processor time is told
    body: str = ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    contestants = (
        Contestant("the system alone", SYSTEM, READING, ("nginx",)),
        Contestant("nginx in front", NGINX, READING, ("nginx",)),
        Contestant("Quanheng in front, a route that is no power", PROXY, READING, ("proxy",)),
        Contestant("Quanheng in front, an act, decided at once", TOLD_AT_ONCE, ACT, ("quick proxy",)),
        Contestant("Quanheng in front, an act, decided and recorded", PROXY, ACT, ("proxy", "sidecar")),
        Contestant("the sidecar alone, the same question", SIDECAR, "/authorize", ("tcp sidecar",), json.dumps(QUESTION)),
    )
    runs: dict[tuple[str, int], list[Figures]] = {}
    with tempfile.TemporaryDirectory() as scratch, _everything(Path(scratch)) as processes:
        for _ in range(options.rounds):
            for contestant in contestants:
                for connections in CONNECTIONS:
                    _run(contestant, connections, 1, processes, Path(scratch))
                    figures = _run(contestant, connections, options.seconds, processes, Path(scratch))
                    runs.setdefault((contestant.name, connections), []).append(figures)
    print_table(runs, "in front")


@contextlib.contextmanager
def _everything(folder: Path) -> Iterator[dict[str, list[int]]]:
    """All servers, name → process identifiers. One sidecar on a Unix socket for the proxy, one on a port to be asked directly."""
    build = province.build((ROOT / "policies" / "model.conf").read_bytes(), ROWS)
    prepared = prepared_of(model=build.model, policy=build.policy, manifest=build.manifest)
    files = {"model.conf": build.model, POLICY_FILE: build.policy, MANIFEST_FILE: build.manifest, PREPARED_FILE: prepared}
    write_files(folder / "policies", files)
    write_files(folder / "people", {"appointments.csv": province.appointments_csv(1_000).encode()})
    (folder / "routes.yaml").write_text(ROUTES, "utf-8")
    (folder / "nginx.conf").write_text(NGINX_CONF)
    serve = [sys.executable, "-m", "sidecar", "serve", "--policies", str(folder / "policies")]
    serve += ["--personnel", str(folder / "people"), "--insecure", "--data"]
    sockets = {"proxy": folder / "sidecar.sock", "quick proxy": folder / "decider.sock"}
    first, last = (["taskset", "-c", str(core)] for core in (0, (os.cpu_count() or 1) - 1))
    proxy = [*first, sys.executable, "-m", "sidecar", "proxy", "--routes", str(folder / "routes.yaml")]
    proxy += ["--upstream", f"http://127.0.0.1:{SYSTEM}"]
    asking = {name: ["--sidecar", f"unix://{socket}"] for name, socket in sockets.items()}
    commands = {
        "nginx": ["nginx", "-p", str(folder), "-c", "nginx.conf"],
        "sidecar": [*last, *serve, str(folder / "data"), "--uds", str(sockets["proxy"])],
        "tcp sidecar": [*last, *serve, str(folder / "data2"), "--port", str(SIDECAR)],
        "proxy": [*proxy, *asking["proxy"], "--port", str(PROXY)],
        "quick proxy": [*proxy, *asking["quick proxy"], "--port", str(TOLD_AT_ONCE)],
    }
    started: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str, command: list[str]) -> None:
        with (folder / f"{name}.log").open("wb") as output:
            started[name] = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)

    try:
        for name, command in commands.items():
            start(name, command)
        for port, path in ((SYSTEM, "/"), (NGINX, "/"), (SIDECAR, "/readyz"), *((p, HEALTH) for p in (PROXY, TOLD_AT_ONCE))):
            _wait(f"http://127.0.0.1:{port}{path}")
        decider = DECIDER_CONF.replace("SOCKET", str(sockets["quick proxy"])).replace("DECISION", _decision())
        (folder / "decider.conf").write_text(decider, "utf-8")
        start("decider", ["nginx", "-p", str(folder), "-c", "decider.conf"])
        while not all(socket.is_socket() for socket in sockets.values()):
            time.sleep(0.1)
        yield {name: [process.pid, *_children(process.pid)] for name, process in started.items()}
    finally:
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        for process in started.values():
            process.wait(timeout=60)


def _decision() -> str:
    """What the sidecar says of an act, as a text of nginx's configuration."""
    address, kind = f"http://127.0.0.1:{SIDECAR}/authorize", {"Content-Type": "application/json"}
    asked = urllib.request.Request(address, json.dumps(QUESTION).replace("@", "first").encode(), kind)
    with urllib.request.urlopen(asked, timeout=5) as answer:
        told: str = answer.read().decode()
    if '"decision":true' not in told or "$" in told:
        raise SystemExit(told)
    return told.replace("\\", "\\\\").replace("'", "\\'")


def _wait(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"no answer at {url}")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _run(contestant: Contestant, connections: int, seconds: int, processes: dict[str, list[int]], folder: Path) -> Figures:
    script = folder / "load.lua"
    text = SCRIPT.replace("OFFICER", province.officer(0)).replace("PATH", contestant.path).replace("BODY", contestant.body)
    script.write_text(text, "utf-8")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{contestant.port}"]
    return driven(command, [pid for name in contestant.processes for pid in processes[name]])


if __name__ == "__main__":
    main()
