"""Obligations that the proxy itself fulfils, before the act they belong to goes on (AuthZEN obligations profile, draft 1):

    record   written to a file, durably (`duty_file.py`)
    notify   that, and told to an address by and by (`telling.py`); who is told may be away, nothing is lost

What cannot be written within `seconds`, or may not wait because too much waits already, is not taken: then the act does not go
on. When an act that went on has certainly failed, a second line says so, and is told to whoever was told the first.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import structlog

from adapters.enforcement.proxy.duty_file import DutyFile
from adapters.enforcement.proxy.telling import Telling
from adapters.enforcement.routes import ProxyDuties
from adapters.enforcement.ruling import Duty

SECONDS = 3.0

log = structlog.get_logger("quanheng.proxy")


class _Waiting(NamedTuple):
    """Duties that wait to be written, and who waits for it."""

    duties: Sequence[Duty]
    failed: bool
    written: "asyncio.Future[None]"


class Duties:
    """`ways` says which types are recorded, and which told; the latter need `telling`."""

    def __init__(self, ways: ProxyDuties, file: DutyFile, telling: Telling | None, seconds: float = SECONDS) -> None:
        self._told, self._file, self._telling, self._seconds = frozenset(ways.notify), file, telling, seconds
        self._pending: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def take(self, duties: Sequence[Duty]) -> bool:
        """Whether they were taken, all of them and durably."""
        if self._telling is not None and self._telling.full and self._to_be_told(duties):
            log.error("duties not taken", problem="too many wait to be told")
            return False
        return await self._written(duties, failed=False)

    async def withdraw(self, duties: Sequence[Duty]) -> None:
        """Say that the act to which they belong has failed."""
        await self._written(duties, failed=True)

    @property
    def waiting(self) -> int:
        """How many wait to be told."""
        return self._telling.waiting if self._telling else 0

    async def _written(self, duties: Sequence[Duty], *, failed: bool) -> bool:
        waiting = self._begin(duties, failed=failed)
        problem = "not written in time"
        try:
            async with asyncio.timeout(self._seconds):
                await waiting.written
        except TimeoutError:
            pass
        except OSError as fault:
            problem = fault.strerror or str(fault)
        else:
            return True
        log.error("duties not written", decision=duties[0].decision_id, failed=failed, problem=problem)
        return False

    def _begin(self, duties: Sequence[Duty], *, failed: bool) -> _Waiting:
        waiting = _Waiting(duties, failed, asyncio.get_running_loop().create_future())
        self._pending.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return waiting

    async def _write(self) -> None:
        """All that waits, in one write; meanwhile others may come to wait for the next."""
        try:
            while self._pending:
                batch, self._pending = [each for each in self._pending if not each.written.done()], []
                lines = b"".join([self._line(duty, failed=each.failed) for each in batch for duty in each.duties])
                try:
                    await asyncio.to_thread(self._file.append, lines)
                except OSError as fault:
                    _settle(batch, fault)
                    continue
                if self._telling is not None:
                    self._telling.more(sum(self._to_be_told(each.duties) for each in batch))
                self._pending += self._given_up(batch)
                _settle(batch, None)
        finally:
            self._writing = None

    @staticmethod
    def _given_up(batch: Iterable[_Waiting]) -> list[_Waiting]:
        """What was written too late for an act that was refused for it: that it failed is to be written too."""
        loop = asyncio.get_running_loop()
        late = [each for each in batch if each.written.done() and not each.failed]
        return [_Waiting(each.duties, True, loop.create_future()) for each in late]  # noqa: FBT003 - a record of what is

    def _to_be_told(self, duties: Sequence[Duty]) -> int:
        return sum(duty.obligation.type in self._told for duty in duties)

    def _line(self, duty: Duty, *, failed: bool) -> bytes:
        obligation = duty.obligation
        said = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "decision_id": duty.decision_id,
            "item": duty.item,
            "step": duty.step,
            "case": duty.case,
            "obligation": {"id": obligation.id, "type": obligation.type, "properties": obligation.properties},
            "notify": obligation.type in self._told,
            "failed": failed,
        }
        return msgspec.json.encode(said) + b"\n"


def _settle(batch: Iterable[_Waiting], fault: OSError | None) -> None:
    for each in batch:
        if each.written.done():  # who waited has given up
            continue
        if fault is None:
            each.written.set_result(None)
        else:
            each.written.set_exception(fault)
