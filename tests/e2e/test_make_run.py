"""What a stranger sees: `make run` prints three commands; they do what it says."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import EXAMPLE, ROOT, free_port

pytestmark = pytest.mark.slow  # each test starts processes of its own


def test_the_three_printed_commands_do_what_they_say(tmp_path: Path) -> None:
    """The first is allowed, the second refused for the four-eyes rule, the third shows both in the log."""
    ports = {name: str(free_port()) for name in ("SIDECAR_PORT", "PROXY_PORT", "SYSTEM_PORT")}
    environment = {**os.environ, **ports, "QUANHENG_DATA": str(tmp_path / "data"), "QUANHENG_LANG": "en"}
    script = [sys.executable, str(EXAMPLE / "run.py")]
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(script, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        printed = _until(process, "Ctrl-C stops")
        allowed, refused, log = _commands(printed)
        assert _run(allowed, environment).startswith("HTTP/1.1 200")
        answer = _run(refused, environment)
        assert answer.startswith("HTTP/1.1 403")
        assert "SAME_PERSON_PRIOR_STEP" in answer
        shown = _run(log, environment)
        assert "ALLOWED" in shown
        assert "SAME_PERSON_PRIOR_STEP" in shown
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stdout is not None
        process.stdout.close()


def _until(process: "subprocess.Popen[str]", last: str) -> str:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if last in line:
            return "".join(lines)
    raise AssertionError("stopped before it was ready: " + "".join(lines))


def _commands(printed: str) -> list[list[str]]:
    found = re.findall(r"^   (curl .*|\.venv/bin/quanheng .*)$", printed, re.MULTILINE)
    assert len(found) == 3
    return [shlex.split(command) for command in found]


def _run(command: list[str], environment: dict[str, str]) -> str:
    if command[0].endswith("quanheng"):  # the suite may run in another environment than .venv
        command = [sys.executable, "-m", "sidecar", *command[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
