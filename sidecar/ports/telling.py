"""Told, not awaited: what is begun now and ends later calls a function with its outcome.

A task and a future for each of a few thousand requests a second cost more than the requests. So what lies on the way of a
decision is begun with a function that is told the outcome, on the event loop and after the beginning has returned; a fault is an
outcome like any other. Whoever would rather wait, waits with `outcome`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

Then = Callable[[T | Exception], None]


_running: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly


def told(work: Coroutine[Any, Any, T], then: Then[T]) -> None:
    """Let work run as a task, and tell its outcome."""

    async def run() -> None:
        try:
            result: T | Exception = await work
        except Exception as fault:  # noqa: BLE001 - told, like every outcome
            result = fault
        then(result)

    task = asyncio.get_running_loop().create_task(run())
    _running.add(task)
    task.add_done_callback(_running.discard)


async def outcome(begin: Callable[[Then[T]], None]) -> T:
    """Begin, wait, and return the outcome; raises it where it is a fault. Who goes away meanwhile stops nothing."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[T] = loop.create_future()

    def then(result: T | Exception) -> None:
        if told.done() or loop.is_closed():
            return
        if isinstance(result, Exception):
            told.set_exception(result)
        else:
            told.set_result(result)

    begin(then)
    return await told
