"""How this sidecar stands to the store it shares: whether it may be used, and whether it is the one that was used before.

Beside the log lies `cases.json`: the mark of the store, up to where its commits had been counted, and the names of the sidecars
that share it, whose logs together tell all that ever happened. It is read at the start and written when it changes, once a second
at most.
"""

import asyncio
import contextlib
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from adapters.storage.record_reader import SqliteReader
from adapters.storage.redis.cases import read_proven
from adapters.storage.redis.ground import Fingerprints, look, make_mark, read_mark
from adapters.storage.redis.keys import STORE
from adapters.storage.redis.server import Command, Server
from sidecar.errors import StateRolledBackError, StoreError

log = structlog.get_logger("quanheng.cases")

MEMORY_FILE = "cases.json"
NEWEST = 50  # entries of the own log that are looked for in a store that was restarted
REPAIR = "rebuild it from the logs of all sidecars: quanheng case repair --all"


class Memory(msgspec.Struct, frozen=True):
    """What a sidecar remembers of the store it shares, across restarts."""

    name: str
    store: str = ""
    count: int = 0
    sidecars: tuple[str, ...] = ()


def read_memory(folder: Path) -> Memory | None:
    """None where this folder's log was never one of many. Raises StoreError for a damaged file."""
    file = folder / MEMORY_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=Memory)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as fault:
        raise StoreError("STANDING_UNREADABLE", file=file) from fault


def write_memory(folder: Path, memory: Memory) -> None:
    fresh = folder / f"{MEMORY_FILE}.new"
    fresh.write_bytes(msgspec.json.encode(memory))
    fresh.replace(folder / MEMORY_FILE)


def new_count() -> int:
    """Where commits begin to be counted in a store that is new or was rebuilt: above all that was ever counted before, for no
    store takes a million commits a second."""
    return time.time_ns() // 1000


class Standing:
    """`problem` says why the store may not be used, empty while it may; `count` is the highest number of a commit seen."""

    def __init__(
        self, server: Server, folder: Path, own_log: SqliteReader, keys: Fingerprints, replicas: int, *, on_disk: bool
    ) -> None:
        self._server, self._folder, self._log, self._keys = server, folder, own_log, keys
        self._replicas, self._on_disk = replicas, on_disk
        self._memory = read_memory(folder) or Memory(f"{os.uname().nodename}-{secrets.token_hex(4)}")
        self._doubted: asyncio.Event | None = None
        self._said = ""
        self.problem = "the case store was not looked at yet"
        self.warnings: Sequence[str] = ()
        self.count = self._memory.count
        self._run_id = ""
        self._writing = threading.Lock()
        self._lacking: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self._memory.name

    async def look(self) -> None:
        """Look at the store anew. Never raises."""
        try:
            self._say(await self._look())
        except (StoreError, OSError) as fault:
            self._say(fault.message if isinstance(fault, StoreError) else f"{self._folder}: {fault.strerror}")
        except (ValueError, LookupError, TypeError) as fault:
            self._say(f"the case store answers strangely: {type(fault).__name__}")

    async def _look(self) -> str:
        found = await look(self._server, self._replicas, on_disk=self._on_disk)
        problem = found.problem or await self._problem_of_mark()
        if not problem and found.run_id != self._run_id:
            if self._run_id:
                log.warning("the case store was restarted or replaced", store=self._server.address.shown)
            self._lacking, self._run_id = await self._own_acts_lacking(), found.run_id
        for warning in (*found.warnings, *self._lacking):
            if warning not in self.warnings:
                log.warning("INSECURE", what=warning)
        self.warnings = [*found.warnings, *self._lacking]
        return problem

    async def _own_acts_lacking(self) -> list[str]:
        """What of the newest acts of the own log the store does not have; those cases are refused, others go on."""
        lost = []
        for case_id in self._log.newest_cases(NEWEST):
            try:
                await read_proven(self._server, self._log, case_id, None)
            except StateRolledBackError:
                lost.append(case_id)
        told = f"the case store lacks acts that this log has: {', '.join(lost[:5])}; quanheng case repair 存储缺少已留痕的行为"
        return [told] if lost else []

    async def remember(self) -> None:
        """Keep what was counted, for the next start."""
        if self._memory.store:
            self._memory = msgspec.structs.replace(self._memory, count=self.count)
            await asyncio.to_thread(self._write, self._memory)

    def counted(self, number: object, before: int) -> None:
        """A commit was given a number; `before` is the highest one seen when it was sent. Raises StoreError for a store that was
        set back."""
        if not isinstance(number, int) or number <= before:
            self._say(self._set_back(str(number)))
            raise StoreError("AS_TOLD", told=self.problem)
        self.count = max(self.count, number)

    def doubt(self) -> None:
        """Something went wrong: look again soon."""
        if self._doubted is not None:
            self._doubted.set()

    async def pause(self, seconds: float) -> None:
        """Until the next look is due, or something went wrong."""
        self._doubted = self._doubted or asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._doubted.wait(), seconds)
        self._doubted = None

    async def _problem_of_mark(self) -> str:
        mark, memory = await read_mark(self._server, self._keys), self._memory
        if not mark.store:
            if memory.store:
                return f"the case store does not know itself any more: it was emptied, or is another one; {REPAIR}"
            if self._log.has_cases():
                return f"this log has cases that the case store does not know; {REPAIR}"
            await make_mark(self._server, self._keys, secrets.token_hex(16), new_count())
            mark = await read_mark(self._server, self._keys)
        if memory.store not in ("", mark.store):
            return f"this is not the case store this sidecar's log belongs to: name the right one in cases, or {REPAIR}"
        if mark.counted < self.count:
            return self._set_back(str(mark.counted))
        self.count = mark.counted
        await self._remember(mark.store, mark.sidecars | {memory.name})
        return ""

    async def _remember(self, store: str, sidecars: frozenset[str]) -> None:
        await self._server.run(Command(("HSETNX", STORE, f"sidecar {self.name}", int(time.time()))))
        memory = Memory(self.name, store, self.count, tuple(sorted({*self._memory.sidecars, *sidecars})))
        if memory != self._memory:
            self._memory = memory
            await asyncio.to_thread(self._write, memory)

    def _write(self, memory: Memory) -> None:
        """One at a time: a look that was given up at the end may still be writing."""
        with self._writing:
            write_memory(self._folder, memory)

    def _set_back(self, found: str) -> str:
        return f"the case store was set back: it has counted {found} commits, {self.count} were seen; {REPAIR}"

    def _say(self, problem: str) -> None:
        """One line when the store cannot be used and one when it can again."""
        self.problem = problem
        if problem == self._said:
            return
        if problem:
            log.error("case store not used", problem=problem, answer="LOG_UNAVAILABLE")
        elif self._said:
            log.info("case store used again")
        self._said = problem
