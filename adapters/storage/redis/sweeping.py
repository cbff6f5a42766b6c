"""What was left open, by a sidecar that died or by a request that gave up: found slot by slot, finished or given back.

Each slot of the store has a set of the cases and ledgers in it that have something open, kept by the same scripts that open and
settle them: no key is searched for, and a Redis Cluster finds each set where its cases are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from adapters.storage.redis.keys import SLOTS, case_keys, ledger_keys, open_in
from adapters.storage.redis.ledgers import Ledgers
from adapters.storage.redis.pending import reservation_of
from adapters.storage.redis.server import Command, Server, script, status_of
from sidecar.errors import StoreError

AT_ONCE = 256  # slots asked for in one go: some milliseconds
FENCE_MS = 24 * 3600 * 1000  # how long a commit that was given up stays impossible

Finish = Callable[[str, str], Awaitable[None]]


class Sweep:
    """`finish` puts an open commit, named by the case's tag and its id, into a log."""

    def __init__(self, server: Server, ledgers: Ledgers, finish: Finish) -> None:
        self._server, self._ledgers, self._finish = server, ledgers, finish
        self._suspect: set[tuple[str, str]] = set()  # reservations seen at the last sweep: those still there are old

    async def run(self) -> int:
        """How much was found open. Raises StoreError where the store fails."""
        found = [member for start in range(0, SLOTS, AT_ONCE) for member in await self._members(start)]
        for member in found:
            kind, _, tag = member.partition(" ")
            if kind == "case":
                await self._case(tag)
        await self._ledgers_of(tag for kind, _, tag in (member.partition(" ") for member in found) if kind == "ledger")
        return len(found)

    async def _members(self, start: int) -> list[str]:
        sets = await self._server.run(
            *[Command(("SMEMBERS", open_in(slot))) for slot in range(start, min(start + AT_ONCE, SLOTS))]
        )
        await asyncio.sleep(0)  # requests go first
        return [member.decode("utf-8", "replace") for one in sets for member in one]

    async def _case(self, tag: str) -> None:
        commit = (await self._server.run(Command(("HGET", case_keys(tag).state, "open"))))[0]
        if isinstance(commit, bytes):
            await self._finish(tag, commit.decode("utf-8", "replace"))

    async def _ledgers_of(self, tags: Iterable[str]) -> None:
        """What was reserved at the last sweep already and still is, has lost its sidecar."""
        seen: set[tuple[str, str]] = set()
        for tag in tags:
            held = (await self._server.run(Command(("HGETALL", ledger_keys(tag).held))))[0]
            for commit, stored in _pairs(held):
                if (tag, commit) in self._suspect:
                    await self._resolve(commit, stored)
                else:
                    seen.add((tag, commit))
        self._suspect = seen

    async def _resolve(self, commit: str, stored: Any) -> None:
        reservation = reservation_of(stored)
        keys = case_keys(reservation.case_tag)
        status = status_of((await self._server.run(script("fence", (keys.state, keys.events, keys.void), commit, FENCE_MS)))[0])
        if status in ("HAPPENED", "VOID"):
            await self._ledgers.resolve(commit, reservation.change, stands=status == "HAPPENED")


def _pairs(answer: Any) -> list[tuple[str, Any]]:
    if not isinstance(answer, dict):
        raise StoreError("STORE_ANSWER_NOT_A_HASH")
    return [(name.decode("utf-8", "replace"), value) for name, value in answer.items()]
