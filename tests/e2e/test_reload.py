"""`kill -HUP` while requests come in: old or new, never a mixture, never a wrong answer."""

import http.client
import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import EXAMPLE, ROOT, ask, free_port, get, run_quanheng, running, serve_command

pytestmark = pytest.mark.slow  # each test starts processes of its own

ITEM = "cn-xk-food-business-licence"
FACTS = {"only_prepackaged_food": False, "edible_farm_produce": False}


def accepting(n: int) -> dict[str, Any]:
    return {
        "subject": {"type": "officer", "id": "o-1001"},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": f"C-{n}", "properties": {"item": ITEM}},
        "context": {"facts": FACTS},
    }


def test_newer_policies_and_personnel_take_over_without_a_pause(tmp_path: Path) -> None:
    """Item names in the answers belong to the digest beside them; an officer who left loses the post; mistakes change nothing."""
    policies, people = tmp_path / "policies", tmp_path / "people"
    shutil.copytree(ROOT / "policies", policies)
    shutil.copytree(EXAMPLE / "personnel", people)
    assert run_quanheng("build", str(policies)).returncode == 0
    port, stop = free_port(), threading.Event()
    seen: list[tuple[bool, str, str]] = []

    def load() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        n = 0
        while not stop.is_set():
            n += 1
            status, answer = ask(connection, "/authorize", accepting(n))
            assert status == 200
            seen.append((answer["decision"], answer["context"].get("policy"), answer["context"]["item"]["name"]))
        connection.close()

    with running(serve_command(policies, tmp_path / "data", people, port), port, "/readyz", tmp_path / "log") as process:
        before = get(port, "/readyz")[1]["policy"]
        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        powers = policies / "binhe" / "powers.yaml"
        powers.write_text(powers.read_text("utf-8").replace("name: 食品经营许可", "name: 食品经营许可（新）", 1), "utf-8")
        assert run_quanheng("build", str(policies)).returncode == 0
        after = reloaded(process.pid, port, before)
        appointments = people / "appointments.csv"
        appointments.write_text(
            "\n".join(line for line in appointments.read_text("utf-8").splitlines() if "o-1001" not in line) + "\n", "utf-8"
        )
        process.send_signal(signal.SIGHUP)
        until(lambda: seen[-1][0] is False)
        (policies / "compiled" / "policy.csv").write_bytes(b"")
        process.send_signal(signal.SIGHUP)
        until(lambda: len(get(port, "/readyz")[1]["warnings"]) == 2)
        assert get(port, "/readyz")[1]["policy"] == after
        stop.set()
        thread.join()
    assert {(decision, digest, name) for decision, digest, name in seen} == {
        (True, before, "食品经营许可"),
        (True, after, "食品经营许可（新）"),
        (False, after, "食品经营许可（新）"),
    }


def reloaded(pid: int, port: int, before: str) -> str:
    """Send SIGHUP; the digest that serves when it is another."""
    os.kill(pid, signal.SIGHUP)
    until(lambda: get(port, "/readyz")[1]["policy"] != before)
    digest: str = get(port, "/readyz")[1]["policy"]
    return digest


def until(holds: Any) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about within ten seconds")
