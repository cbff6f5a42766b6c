"""Obligations that the proxy itself fulfils, before the act they belong to goes on (AuthZEN obligations profile, draft 1):

    record   written to a file, durably (`duty_file.py`)
    notify   that, and told to an address by and by (`telling.py`); who is told may be away, nothing is lost

What cannot be written within `seconds`, or may not wait because too much waits already, is not taken: then the act does not go
on. A duty that was written for an act which then failed stands in the file all the same; the record has the outcome.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from adapters.enforcement.proxy.duty_file import DutyFile
from adapters.enforcement.proxy.telling import Telling
from adapters.enforcement.routes import ProxyDuties
from adapters.enforcement.ruling import Duty

SECONDS = 3.0

log = structlog.get_logger("quanheng.proxy")


class Duties:
    """`ways` says which types are recorded, and which told; the latter need `telling`."""

    def __init__(self, ways: ProxyDuties, file: DutyFile, telling: Telling | None, seconds: float = SECONDS) -> None:
        self._told, self._file, self._telling, self._seconds = frozenset(ways.notify), file, telling, seconds
        self._pending: list[tuple[bytes, int, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def take(self, duties: Sequence[Duty]) -> bool:
        """Whether they were taken, all of them and durably."""
        told = sum(duty.obligation.type in self._told for duty in duties)
        if told and self._telling is not None and self._telling.full:
            log.error("duties not taken", problem="too many wait to be told")
            return False
        lines = b"".join([self._line(duty) for duty in duties])
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((lines, told, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(self._seconds):
                await written
        except TimeoutError:
            log.error("duties not taken", problem="not written in time")  # noqa: TRY400 - expected, a stack adds nothing
            return False
        except OSError as fault:
            log.error("duties not taken", problem=fault.strerror or str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            return False
        return True

    @property
    def waiting(self) -> int:
        """How many wait to be told."""
        return self._telling.waiting if self._telling else 0

    def _line(self, duty: Duty) -> bytes:
        obligation = duty.obligation
        said = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "decision_id": duty.decision_id,
            "item": duty.item,
            "step": duty.step,
            "case": duty.case,
            "obligation": {"id": obligation.id, "type": obligation.type, "properties": obligation.properties},
            "notify": obligation.type in self._told,
        }
        return msgspec.json.encode(said) + b"\n"

    async def _write(self) -> None:
        """All that waits, in one write; meanwhile others may come to wait for the next."""
        try:
            while self._pending:
                batch, self._pending = self._pending, []
                try:
                    await asyncio.to_thread(self._file.append, b"".join([lines for lines, _, _ in batch]))
                except OSError as fault:
                    _settle(batch, fault)
                    continue
                if self._telling is not None:
                    self._telling.more(sum(told for _, told, _ in batch))
                _settle(batch, None)
        finally:
            self._writing = None


def _settle(batch: list[tuple[bytes, int, "asyncio.Future[None]"]], fault: OSError | None) -> None:
    for _, _, written in batch:
        if written.done():  # who waited has given up
            continue
        if fault is None:
            written.set_result(None)
        else:
            written.set_exception(fault)
