"""Reports of outcomes on their way from the proxy to the sidecar."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs

from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.sidecar_client import PooledDecider
from adapters.enforcement.proxy.upstream import Address, Pool
from adapters.enforcement.proxy.watch import Watch

DECISION = "01J0000000000000000000000A"
ALLOW = b'{"decision":true,"context":{"decision_id":"%s"}}' % DECISION.encode()
BOUND = 30.0  # seconds; nothing here comes near


class Heard(list[list[str]]):
    """The paths that were asked for, by connection. The first `broken` requests get no answer but an end, or where `silent`
    nothing at all."""

    def __init__(self, broken: int = 0, *, silent: bool = False) -> None:
        super().__init__()
        self._broken, self._silent = broken, silent

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        paths: list[str] = []
        self.append(paths)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                paths.append(head.split(b" ")[1].decode())
                if sum(map(len, self)) > self._broken:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(ALLOW), ALLOW))
                elif not self._silent:
                    return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def talk(heard: Heard, work: Callable[[PooledDecider], Awaitable[object]], seconds: float = BOUND) -> None:
    async def run() -> None:
        watch = Watch(0.02)
        server = await asyncio.start_server(heard.serve, "127.0.0.1", 0)
        address = Address(*server.sockets[0].getsockname())
        pools = [Pool(address.connect, watch, Bounds(), 2) for _ in range(2)]
        try:
            async with asyncio.timeout(BOUND):
                await work(PooledDecider(pools[0], pools[1], b"sidecar.test", "", seconds))
        finally:
            for pool in pools:
                pool.close()
            watch.stop()
            server.close()

    asyncio.run(run())


def test_questions_and_reports_have_connections_of_their_own() -> None:
    """Whatever comes in between: a connection is used again, and carries one of the two."""
    heard = Heard()

    async def work(decider: PooledDecider) -> None:
        for n in range(3):
            assert (await decider.ask({}, f"r-{n}")).allowed
            await decider.report(DECISION, "performed", "HTTP 200")

    talk(heard, work)
    assert sorted(heard) == [["/authorize"] * 3, [f"/v1/decisions/{DECISION}/outcome"] * 3]


def test_a_report_whose_connection_broke_is_made_once_more() -> None:
    """Saying the same again changes nothing; a second break is told in the log, and nobody is kept waiting."""
    for broken, told in ((1, 0), (2, 1)):
        heard = Heard(broken)
        with capture_logs() as logs:
            talk(heard, lambda decider: decider.report(DECISION, "performed", "HTTP 200"))
        assert sum(map(len, heard)) == 2
        assert sum(entry["event"] == "outcome not recorded" for entry in logs) == told


def test_a_sidecar_that_says_nothing_is_given_up() -> None:
    """The time is for both attempts: what was waited for in vain is not asked again."""
    heard, verdicts = Heard(9, silent=True), []

    async def work(decider: PooledDecider) -> None:
        verdicts.append(await decider.ask({}, "r-1"))
        await decider.report(DECISION, "performed", "HTTP 200")

    with capture_logs() as logs:
        talk(heard, work, seconds=0.05)
    late = ("no answer in time", "no connection in time")
    assert [(verdict.clear, verdict.problem in late) for verdict in verdicts] == [(False, True)]
    assert [entry["problem"] in late for entry in logs if entry["event"] == "outcome not recorded"] == [True]
    assert sum(map(len, heard)) <= 2
