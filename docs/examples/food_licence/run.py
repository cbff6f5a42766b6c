"""What `make run` starts: sidecar, example system and proxy on loopback, until Ctrl-C. Then it prints three commands to copy."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DATA = Path(os.environ.get("QUANHENG_DATA", ROOT / "var" / "demo"))
SIDECAR, PROXY, SYSTEM = (
    int(os.environ.get(name, port)) for name, port in (("SIDECAR_PORT", 8181), ("PROXY_PORT", 8180), ("SYSTEM_PORT", 8182))
)
START_SECONDS = 30


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command, address in _commands():
            processes.append(subprocess.Popen(command, cwd=ROOT))
            _wait_for(address, processes[-1])
        case = time.strftime("BH-%Y%m%d-%H%M%S")
        _prepare(case)
        _tell(case)
        return _watch(processes)
    except KeyboardInterrupt:
        return 0
    except RuntimeError as fault:
        sys.stderr.write(f"make run: {fault}\n")
        return 2
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=10)


def _commands() -> list[tuple[list[str], str]]:
    quanheng = [sys.executable, "-m", "sidecar"]
    sidecar = [
        "serve",
        "--policies",
        "policies",
        "--data",
        str(DATA),
        "--personnel",
        str(HERE / "personnel"),
        "--port",
        str(SIDECAR),
        "--insecure",
    ]
    system = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(HERE), "--port", str(SYSTEM), "--log-level", "warning"]
    proxy = [
        "proxy",
        "--routes",
        str(HERE / "routes.yaml"),
        "--upstream",
        f"http://127.0.0.1:{SYSTEM}",
        "--sidecar",
        f"http://127.0.0.1:{SIDECAR}",
    ]
    return [
        ([*quanheng, *sidecar], f"http://127.0.0.1:{SIDECAR}/readyz"),
        (system, f"http://127.0.0.1:{SYSTEM}/licences"),
        ([*quanheng, *proxy, "--port", str(PROXY), "--policies", "policies"], f"http://127.0.0.1:{PROXY}/.quanheng/healthz"),
    ]


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 10):
        if process.poll() is not None:
            raise RuntimeError(
                f"{' '.join(map(str, process.args[1:4]))} stopped with status {process.returncode}; its message is above"
            )
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer after {START_SECONDS} s")


def _prepare(case: str) -> None:
    """The window clerk accepts an application, so that there is something to review."""
    body = b'{"applicant": "applicant-1", "only_prepackaged_food": false, "edible_farm_produce": false}'
    headers = {"X-Officer": "o-1001", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{PROXY}/licences/{case}/accept", data=body, headers=headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def _tell(case: str) -> None:
    base = f"http://127.0.0.1:{PROXY}/licences/{case}"
    sys.stdout.write(f"""
Quanheng is running 权衡已启动: sidecar http://127.0.0.1:{SIDECAR} (docs at /docs), example system behind the proxy http://127.0.0.1:{PROXY}
Case {case} has been accepted by o-1001. Copy these into a second terminal, in this folder 请在本目录另开终端依次执行:

1. allowed 准许 — o-1006 reviews the application 书面审查:
   curl -i -X POST -H 'X-Officer: o-1006' {base}/review

2. refused 拒绝 — the same officer may not decide what they reviewed 同一人不得既审查又决定:
   curl -i -X POST -H 'X-Officer: o-1006' -H 'Content-Type: application/json' -d '{{"result": "grant"}}' {base}/decide

3. both in the log 两者都已留痕:
   .venv/bin/quanheng log query --data {os.path.relpath(DATA, ROOT)} --case {case}

Ctrl-C stops everything 按 Ctrl-C 停止.
""")
    sys.stdout.flush()


def _watch(processes: list["subprocess.Popen[bytes]"]) -> int:
    while True:
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(map(str, process.args[1:4]))} stopped with status {process.returncode}")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
