"""A system behind that is known to be down: refused at once, nothing decided, told by the proxy's readiness; and it recovers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.enforcement.proxy.health import Health
from adapters.enforcement.proxy.reverse_proxy import ReverseProxy
from adapters.enforcement.proxy.upstream import Address, Pool
from adapters.enforcement.proxy.watch import Watch
from sidecar.cli.proxying import _health_path
from sidecar.errors import SettingsError
from tests.enforcement.chain import AS_JSON, DO, OFFICER, Sidecar, System, proxy
from tests.enforcement.test_system_behind import OK, Scripted
from tests.enforcement.wire import QUICK, Answer, Running, exchanged, request_bytes, until

READ, ACT, READY, WELL = (
    request_bytes("GET", "/things", AS_JSON),
    request_bytes("POST", DO, OFFICER, AS_JSON),
    request_bytes("GET", "/.quanheng/readyz"),
    request_bytes("GET", "/.quanheng/healthz"),
)
SICK = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 302 X\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"


@contextlib.asynccontextmanager
async def asked(address: Address, every: float = 0.005, seconds: float = 10.0) -> AsyncIterator[Health]:
    watch = Watch(0.02)
    try:
        async with Health(Pool(address.connect, watch, QUICK, 1), b"system.test", "/well", every, seconds).asked() as health:
            yield health
    finally:
        watch.stop()


async def one(running: Running, request: bytes) -> Answer:
    reader, writer = await running.open()
    (answer,) = await exchanged(reader, writer, request)
    return answer


def test_what_is_known_to_be_down_is_not_decided_for(tmp_path: Path) -> None:
    """Nothing is asked, no case has an act that cannot be done; when it is back it is served, and nobody restarts anything."""
    sidecar, address = Sidecar(), Address(socket=str(tmp_path / "system"))

    async def run() -> None:
        async with asked(address) as health:
            chained = proxy(System(), sidecar)
            chained.proxy = ReverseProxy(chained.proxy.enforcement, chained.proxy.decider, health=health)
            async with chained.running() as running:
                await until(lambda: health.down)
                for request in (READ, ACT):
                    answer = await one(running, request)
                    assert (answer.status, answer.json["code"]) == (503, "SYSTEM_DOWN")
                ready = await one(running, READY)
                assert (ready.status, ready.json["status"], ready.json["upstream"]["status"]) == (503, "not_ready", "down")
                assert ready.json["upstream"]["problem"]
                assert (await one(running, WELL)).status == 200  # the proxy itself lives
                assert (sidecar.questions, chained.system.seen) == ([], [])
                script = Scripted()
                server = await asyncio.get_running_loop().create_unix_server(script.protocol, address.socket)
                try:
                    await until(lambda: not health.down)
                    assert (await one(running, ACT)).status == 200
                    ready = await one(running, READY)
                    assert (ready.status, ready.json["upstream"]["status"]) == (200, "up")
                finally:
                    server.close()
                assert script.asked[0].startswith(b"GET /well HTTP/1.1\r\nhost: system.test\r\n")

    asyncio.run(run())
    assert len(sidecar.questions) == 1


@pytest.mark.parametrize(
    ("answers", "down"),
    [
        ([OK, SICK, OK, SICK], False),
        ([SICK, SICK], True),
        ([OK, None, None], True),
        ([OK, MOVED, MOVED], True),
        ([b"garbage\r\n\r\n", SICK], True),
        ([SICK, SICK, OK], False),
    ],
    ids=["once is chance", "twice", "closed", "sent elsewhere", "no HTTP", "well again"],
)
def test_two_bad_answers_in_a_row_are_down_one_good_one_is_up(tmp_path: Path, answers: list[bytes | None], down: bool) -> None:
    script, address = Scripted(*answers), Address(socket=str(tmp_path / "system"))
    states: list[bool] = []
    note = Health._note

    async def run() -> None:
        server = await asyncio.get_running_loop().create_unix_server(script.protocol, address.socket)
        try:
            async with asked(address, 0.001):
                await until(lambda: len(states) >= len(answers))
        finally:
            server.close()

    def noting(health: Health, problem: str) -> None:
        note(health, problem)
        states.append(health.down)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Health, "_note", noting)
        asyncio.run(run())
    assert states[len(answers) - 1] is down


def test_a_system_that_takes_the_question_and_never_answers_is_down(tmp_path: Path) -> None:
    address = Address(socket=str(tmp_path / "system"))

    async def run() -> None:
        server = await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, address.socket)
        try:
            async with asked(address, seconds=0.01) as health:
                await until(lambda: health.down)
                assert health.told["problem"] == "no answer in time"
        finally:
            server.close()

    asyncio.run(run())


def test_before_anything_is_known_requests_go_on() -> None:
    """A proxy that was just started is no reason to refuse."""

    async def run() -> None:
        watch = Watch(0.02)
        health = Health(Pool(Address(socket="/nowhere").connect, watch, QUICK, 1), b"system.test", "/well", 60)
        chained = proxy(System(), Sidecar())
        chained.proxy = ReverseProxy(chained.proxy.enforcement, chained.proxy.decider, health=health)
        async with chained.running() as running:
            assert (await one(running, ACT)).status == 200
            assert (await one(running, READY)).json == {"status": "ready", "upstream": {"status": "unknown"}}
        watch.stop()

    asyncio.run(run())


@pytest.mark.parametrize("path", ["", "healthz", "/a b", "/a\r\nx: y", "http://x/"])
def test_what_is_no_path_stops_the_proxy(path: str) -> None:
    with pytest.raises(SettingsError, match="--upstream-health"):
        _health_path(path)
