"""A process that writes a log, again and again, for those who break it: `python -m tests.log.one_writer`.

It reads the folder of a log, one line a run, forks a child that has everything imported, and answers the child's number. The
child stops itself until somebody lets it go on (having attached a tracer), then opens that log, writes to it and ends in order.
What it was told is in FOLDER/told, one line each: `A id` for a decision that was acknowledged, `R` for one that was refused,
`X why` when it gave up.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from sidecar.errors import StoreError
from tests.log.logs import Kept, TestClock, keeping, lone, places_in

DECISIONS = 6


def main() -> None:
    for line in sys.stdin:
        folder = Path(line.strip())
        child = os.fork()
        if child == 0:
            _child(folder)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _child(folder: Path) -> None:
    told = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)

    def tell(text: str) -> None:
        os.writev(told, [f"{text}\n".encode()])  # a system call that nobody breaks

    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        clock = TestClock()
        clock.move(minutes=5)
        keeping(places_in(folder), lambda kept: _write(kept, tell), clock=clock)
    except BaseException as fault:  # noqa: BLE001 - whatever it is, it is told
        tell(f"X {type(fault).__name__}: {fault}")
    os._exit(0)


async def _write(kept: Kept, tell: Callable[[str], None]) -> None:
    for n in range(DECISIONS):
        try:
            await kept.log.store.commit(lone(n))
        except StoreError:
            tell("R")
        else:
            tell(f"A l{n}")
        await asyncio.sleep(0)
    await kept.keeper.tick()


if __name__ == "__main__":
    main()
