"""A policy folder proven in a process of its own, for one that must go on answering.

A million rows are a third of a gigabyte to read and hash, or some ten seconds of compiling where no prepared form lies beside
them. A thread doing that shares interpreter, memory and cache with the requests; a process shares none of it. It hands over the
prepared form in memory that has no name, so that what the service maps is what was proven, whatever becomes of the files.
"""

import json
import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.priority import behind_requests
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision.prepared import Prepared
from sidecar.errors import PolicyError, QuanhengError, reason_of
from sidecar.messages import Sentence


class Proven(NamedTuple):
    """The policies of a folder, and how many of its posts nobody has confirmed."""

    policy: PolicySnapshot
    unconfirmed: int


def proven_elsewhere(root: Path) -> Proven:
    """The folder's policies, proven by another process. Raises PolicyError as reading it here would."""
    memory = os.memfd_create("prepared")
    try:
        command = [sys.executable, "-m", __name__, str(root), str(memory)]
        run = subprocess.run(command, pass_fds=[memory], stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own command
        told = _told(run.stdout)
        if "problem" in told:
            raise PolicyError("PASSED_ON", told=Sentence(*told["problem"]), advice=Sentence(*told["hint"]))
        buffer = memoryview(mmap.mmap(memory, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(memory)
    return Proven(PolicySnapshot(bytes.fromhex(told["model"]), Prepared(buffer, prove=False)), told["unconfirmed"])


def _told(output: bytes) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(output)
    except ValueError:
        raise PolicyError("READER_ENDED") from None
    return told


def _prove(root: Path, memory: int) -> dict[str, Any]:
    try:
        folder = PolicyFolder(root)
        snapshot = folder.snapshot()
        with os.fdopen(memory, "wb", closefd=False) as stream:
            stream.write(snapshot.prepared.buffer)
        return {"model": folder.model().hex(), "unconfirmed": folder.unconfirmed_posts()}
    except QuanhengError as fault:
        return _problem(fault)
    except OSError as fault:
        return _problem(PolicyError("FOLDER_UNREADABLE", path=fault.filename, reason=reason_of(fault)))


def _problem(fault: QuanhengError) -> dict[str, Any]:
    return {"problem": fault.sentence, "hint": fault.advice}


if __name__ == "__main__":
    behind_requests()
    sys.stdout.write(json.dumps(_prove(Path(sys.argv[1]), int(sys.argv[2]))))
