"""A disk of a few megabytes that tests fill up or make read-only: a tmpfs, where mounting is allowed."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DEMANDED = "QUANHENG_REQUIRE_FAULTS"  # set in CI: a fault that cannot be made fails the test instead of skipping it


@dataclass
class SmallDisk:
    folder: Path

    def make_read_only(self) -> None:
        _run("mount", "-o", "remount,ro", str(self.folder))

    def fill(self, leave: int = 0) -> Path:
        """Take all room but `leave` bytes; deleting the file gives it back."""
        filler = self.folder / "filler"
        free = os.statvfs(self.folder)
        room = max(0, free.f_bavail * free.f_frsize - leave)
        with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while room > 0:
                room -= stream.write(b"x" * min(room, 65_536))
        return filler


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        cannot(f"no small disk can be mounted here: {made.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "-l", str(folder))


def cannot(why: str) -> None:
    """Skip, unless the environment demands that every fault is made."""
    if os.environ.get(DEMANDED):
        pytest.fail(why)
    pytest.skip(why)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
