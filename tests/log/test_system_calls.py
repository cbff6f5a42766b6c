"""Every system call of the write path fails with EIO, and every one is the last before SIGKILL; then the log is opened again.

As Tessera tests its log on plain files: `strace` breaks one call after another. Whatever breaks, what was acknowledged is there,
once; nothing is acknowledged after a failed sync; and the log opens, verifies under its head, and goes on.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from adapters.storage.log_opening import Places
from sidecar.decision_log.verifier import Trust
from sidecar.ports.records import Filter
from tests.e2e.processes import ROOT
from tests.log.logs import Kept, TestClock, a_kept_log, copied, keeping, lone, places_in, verified
from tests.log.one_writer import DECISIONS
from tests.log.small_disk import cannot

WRITING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "fchmod", "chmod", "mkdir")
CALLS = (*WRITING, "openat", "pread64")
ATTACHED = re.compile(r"Process \d+ attached")


class Writer:
    """The process that forks writers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.log.one_writer"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, *options: str) -> None:
        """One writer under strace with these options, until both have ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        child = self._process.stdout.readline().strip()
        self._wait_until_stopped(int(child))
        strace = subprocess.Popen(["strace", "-f", "-p", child, *options], stderr=subprocess.PIPE, text=True)
        assert strace.stderr is not None
        first = strace.stderr.readline()
        if not ATTACHED.search(first):
            _continue(int(child))
            cannot(f"strace cannot attach here: {first.strip()}")
        _continue(int(child))
        strace.communicate(timeout=60)
        assert self._process.stdout.readline().strip() == "done"

    def _wait_until_stopped(self, child: int) -> None:
        end = time.monotonic() + 60
        while Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
            assert time.monotonic() < end, "the writer does not stop by itself"

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


def _continue(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGCONT)


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    if shutil.which("strace") is None:
        cannot("no strace on this machine")
    process = Writer()
    yield process
    process.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return a_kept_log(tmp_path_factory.mktemp("template"), 5)


@pytest.fixture(scope="module")
def counts(writer: Writer, template: Places, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How often a thread of an unbroken writer makes each call, at most."""
    folder = tmp_path_factory.mktemp("counting")
    copied(template, folder)
    writer.run(folder, "-e", f"trace={','.join(CALLS)}", "-o", str(folder / "trace"))
    told = (folder / "told").read_text().split("\n")
    assert sum(line.startswith("A") for line in told) == 6, told
    by_thread: Counter[tuple[str, str]] = Counter()
    for line in (folder / "trace").read_text().splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            by_thread[found.group(1), found.group(2)] += 1
    most: Counter[str] = Counter()
    for (_, call), count in by_thread.items():
        most[call] = max(most[call], count)
    return most


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["error=EIO", "signal=KILL"])
def test_every_call_breaks_once(
    writer: Writer, template: Places, counts: Counter[str], tmp_path: Path, call: str, fault: str
) -> None:
    """For the first, second, third … of these calls in any thread of the writer."""
    disturbed = 0
    for nth in range(1, counts[call] + 1):
        folder = tmp_path / f"{nth}"
        copied(template, folder)
        writer.run(folder, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={nth}")
        disturbed += (folder / "told").read_text().count("A ") < DECISIONS
        _holds(folder, f"{call} {fault} {nth}")
        shutil.rmtree(folder)
    assert disturbed or call not in ("pwrite64", "fdatasync"), "nothing was broken"


def _holds(folder: Path, broken: str) -> None:
    """Everything acknowledged is there once; the log opens, verifies, and goes on."""
    told = (folder / "told").read_text().splitlines()
    acknowledged = [line[2:] for line in told if line.startswith("A ")]
    if "R" in told:  # nothing is acknowledged behind a failure
        assert not any(line.startswith("A") for line in told[told.index("R") :]), (broken, told)
    where = places_in(folder)
    found: list[str] = []

    async def look(kept: Kept) -> None:
        entries = [msgspec.json.decode(e.body) for e in kept.log.store.reader.since(Filter(kind="decision"), after=0, limit=1000)]
        found.extend(entry["decision_id"] for entry in entries)
        await kept.log.store.commit(lone(1_000_000))
        assert kept.keeper.lost == 0

    clock = TestClock()
    clock.move(minutes=10)
    keeping(where, look, clock=clock)
    assert len(found) == len(set(found)), broken
    assert set(acknowledged) <= set(found), (broken, told)
    report = verified(where, Trust(held=[where.head.read_bytes()]))
    assert report.sound, (broken, report.findings)
    assert report.covered == report.size, broken


@pytest.mark.slow
@pytest.mark.parametrize("call", ["pwrite64", "fsync", "fdatasync"])
def test_a_slow_disk_loses_nothing(writer: Writer, template: Places, tmp_path: Path, call: str) -> None:
    """Each of these calls takes a twentieth of a second: everything is acknowledged, only later."""
    copied(template, tmp_path / "run")
    options = ("-e", f"trace={call}", "-e", f"inject={call}:delay_enter=50000")
    writer.run(tmp_path / "run", "-o", "/dev/null", *options)
    assert (tmp_path / "run" / "told").read_text().count("A ") == DECISIONS
    _holds(tmp_path / "run", f"slow {call}")


def test_the_writer_works_unbroken(writer: Writer, template: Places, tmp_path: Path) -> None:
    """What the breaking is compared with: all is acknowledged, all holds."""
    copied(template, tmp_path / "run")
    writer.run(tmp_path / "run", "-o", "/dev/null", "-e", "trace=none")
    assert (tmp_path / "run" / "told").read_text().count("A ") == 6
    _holds(tmp_path / "run", "nothing")
