"""WebSockets through the proxy: the handshake is judged like any request, then bytes go both ways until it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from adapters.enforcement import asgi
from adapters.enforcement.asking import decided, still_allowed
from adapters.enforcement.identities import identity_of
from adapters.enforcement.identity import Peer
from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.routes import Matched
from adapters.enforcement.ruling import Enforcement, Incoming
from sidecar.errors import RequestError
from sidecar.http_api.guard import Message, Receive, Scope, Send
from tests.enforcement.chain import ALLOW, OFFICER, ROOT, Sidecar, denying, proxy, scope_of
from tests.enforcement.points import _decider, enforcement, routes
from tests.enforcement.wire import QUICK, exchanged, request_bytes

ROUTES = """officer: {header: X-Officer}
routes:
  - {method: GET, path: "/live/{thing}", item: an-item, step: watch, case: {path: thing}, websocket: true}
  - {method: GET, path: "/news", not_a_power: announcements, websocket: true}
  - {method: GET, path: "/things/{thing}", not_a_power: reading}
"""
UPGRADE = (("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"))
KEY = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
BIG = bytes(range(256)) * 16_384  # 4 MiB


class Echoing:
    """A system behind that switches, then says back what it hears. `asked` are the handshakes, `heard` counts bytes, `last` are
    the last where they are few."""

    def __init__(self, answer: bytes = SWITCHING) -> None:
        self.answer, self.asked, self.heard, self.last = answer, list[bytes](), 0, b""
        self.ended = asyncio.Event()
        self.transport: Any = None

    def protocol(self) -> asyncio.Protocol:
        system = self

        class End(asyncio.Protocol):
            switched = False

            def connection_made(self, transport: Any) -> None:
                system.transport = self.transport = transport

            def data_received(self, data: bytes) -> None:
                if not self.switched:
                    head, _, data = data.partition(b"\r\n\r\n")
                    system.asked.append(head.lower())
                    self.transport.write(system.answer)
                    self.switched = True
                system.heard, system.last = system.heard + len(data), system.last + data if len(data) < 1000 else b""
                if data:
                    self.transport.write(data)

            def pause_writing(self) -> None:
                self.transport.pause_reading()

            def resume_writing(self) -> None:
                self.transport.resume_reading()

            def connection_lost(self, fault: Exception | None) -> None:  # noqa: ARG002
                system.ended.set()

        return End()


def handshake(target: str = "/live/T-1", *headers: tuple[str, str]) -> bytes:
    return request_bytes("GET", target, OFFICER, KEY, *(headers or UPGRADE))


@asynccontextmanager
async def opened(
    system: Any, sidecar: Sidecar, target: str = "/live/T-1", bounds: Bounds = QUICK, more: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with proxy(system, sidecar, ROUTES, bounds).running() as running:
        reader, writer = await running.open()
        writer.write(handshake(target) + more)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"sec-websocket-accept: x\r\n" in head.lower()
        assert b"connection: upgrade\r\nupgrade: websocket\r\n" in head.lower()
        yield reader, writer


def test_after_a_judged_handshake_bytes_go_both_ways() -> None:
    """Asked once; the decision is told to the system; what was sent behind the handshake comes first; the outcome is reported."""
    system, sidecar = Echoing(), Sidecar()

    async def run() -> bytes:
        async with opened(system, sidecar, more=b"first ") as (reader, writer):
            writer.write(b"\x81\x05hello")
            return await asyncio.wait_for(reader.readexactly(13), 10)

    assert asyncio.run(run()) == b"first \x81\x05hello"
    assert [question["action"]["name"] for question in sidecar.questions] == ["watch"]
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "performed")]
    assert b"\r\nx-quanheng-decision: d-1" in system.asked[0]
    assert b"\r\nconnection: upgrade\r\nupgrade: websocket" in system.asked[0]


def test_what_is_no_power_is_opened_unasked() -> None:
    sidecar = Sidecar()

    async def run() -> None:
        async with opened(Echoing(), sidecar, "/news"):
            pass

    asyncio.run(run())
    assert (sidecar.questions, sidecar.reports) == ([], [])


def test_much_goes_through_unchanged_and_nobody_gathers_it() -> None:
    """The client does not read at first: then the system is not read from either, and the client is told to wait."""
    system = Echoing()

    async def run() -> bytes:
        async with opened(system, Sidecar()) as (reader, writer):
            writer.write(BIG)
            await asyncio.sleep(0.05)
            held = system.heard
            got = await asyncio.wait_for(reader.readexactly(len(BIG)), 20)
            assert held < len(BIG)
            return got

    assert asyncio.run(run()) == BIG


@pytest.mark.parametrize(
    ("target", "sidecar", "status", "code"),
    [
        ("/live/T-1", denying(code="NO_POWER"), 403, b"NO_POWER"),
        ("/live/T-1", Sidecar([(500, b"")]), 503, b"NO_DECISION"),
        ("/things/T-1", Sidecar(), 403, b"UNMAPPED_WEBSOCKET"),
        ("/nowhere", Sidecar(), 403, b"UNMAPPED_ROUTE"),
        ("/live/../live/T-1", Sidecar(), 400, b"bad_path"),
    ],
)
def test_what_is_not_allowed_is_not_opened(target: str, sidecar: Sidecar, status: int, code: bytes) -> None:
    system = Echoing()

    async def run() -> Any:
        async with proxy(system, sidecar, ROUTES).running() as running:
            return await exchanged(*await running.open(), handshake(target))

    (answer,) = asyncio.run(run())
    assert (answer.status, code in answer.body, system.asked) == (status, True, [])


def test_a_system_that_does_not_switch_is_heard() -> None:
    """Its refusal goes to the client, and the connection stays one of HTTP."""
    sidecar = Sidecar()

    async def run() -> Any:
        system = Echoing(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        async with proxy(system, sidecar, ROUTES).running() as running:
            return await exchanged(*await running.open(), handshake())

    (answer,) = asyncio.run(run())
    assert (answer.status, answer.body) == (404, b"no")
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "failed")]


@pytest.mark.parametrize(
    "headers",
    [
        [("Upgrade", "websocket")],
        [("Connection", "Upgrade")],
        [("Connection", "Upgrade"), ("Upgrade", "h2c")],
        [("Connection", "Upgrade, X-Other"), ("Upgrade", "h2c, websocket")],
    ],
)
def test_a_half_handshake_is_an_ordinary_request(headers: list[tuple[str, str]]) -> None:
    """Nothing of another protocol reaches the system behind."""
    system = Echoing(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def run() -> Any:
        async with proxy(system, Sidecar(), ROUTES).running() as running:
            return await exchanged(*await running.open(), handshake("/things/T-1", *headers))

    assert [answer.status for answer in asyncio.run(run())] == [200]
    assert b"upgrade" not in system.asked[0]


@pytest.mark.parametrize("who", ["client", "client aborts", "system"])
def test_when_one_side_ends_the_other_is_ended(who: str) -> None:
    system = Echoing()

    async def run() -> bytes:
        async with opened(system, Sidecar()) as (reader, writer):
            {"client": writer.close, "client aborts": writer.transport.abort, "system": system.transport.close}[who]()
            await asyncio.wait_for(system.ended.wait(), 10)
            return b"" if who != "system" else await asyncio.wait_for(reader.read(), 10)

    assert asyncio.run(run()) == b""


def test_a_side_that_has_said_all_still_hears() -> None:
    system = Echoing()

    async def run() -> bytes:
        async with opened(system, Sidecar()) as (reader, writer):
            writer.write(b"last words")
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 10)

    assert asyncio.run(run()) == b"last words"


ASKING = QUICK._replace(websocket_ask_seconds=0.01, linger_seconds=0.5)
ALLOWED, LOST = (200, ALLOW), denying(code="POST_EXPIRED").answers[0]
DONE = {"code": "STEP_ALREADY_DONE"}
ALREADY = (200, {"decision": False, "context": {"decision_id": "d-3", **DONE, "grounds": [DONE]}})
RECUSED = (200, {"decision": False, "context": {"decision_id": "d-4", **DONE, "grounds": [DONE, {"code": "RECUSAL"}]}})


class AskedAgain(Sidecar):
    """A sidecar that answers the first question at once, and others when it is told to."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__(answers)
        self.go_on = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.questions and request.url.path == "/authorize":
            await asyncio.wait_for(self.go_on.wait(), 10)
        return await super().handle_async_request(request)

    async def answered(self) -> None:
        """The next question has its answer, and what follows from it has been begun: nothing of that waits for bytes."""
        count = len(self.questions)
        self.go_on.set()
        async with asyncio.timeout(10):
            while len(self.questions) == count:  # noqa: ASYNC110 - counted, not told
                await asyncio.sleep(0.001)
        for _ in range(200):
            await asyncio.sleep(0)


def closed_with(code: bytes) -> bytes:
    return bytes([0x88, 2 + len(code)]) + (1008).to_bytes(2) + code


def unmasked(frame: bytes) -> bytes:
    """A masked closing frame, as who sent it meant it."""
    key, payload = frame[2:6], frame[6:]
    assert frame[1] & 0x80
    return bytes([frame[0], frame[1] & 0x7F]) + bytes(byte ^ key[n % 4] for n, byte in enumerate(payload))


@pytest.mark.parametrize(
    ("answers", "code", "asked"),
    [
        ([ALLOWED, ALLOWED, LOST], b"POST_EXPIRED", 3),
        ([ALLOWED, ALREADY, LOST], b"POST_EXPIRED", 3),
        ([ALLOWED, (500, b"")], b"NO_DECISION", 2),
        ([ALLOWED, (200, {"decision": "true"})], b"NO_DECISION", 2),
        ([ALLOWED, httpx.ConnectError("refused")], b"NO_DECISION", 3),  # tried twice
        ([ALLOWED, RECUSED], b"STEP_ALREADY_DONE", 2),
    ],
    ids=["the right is lost", "what it did itself is no loss", "no decision", "no true", "no sidecar", "done, and recused"],
)
def test_a_websocket_ends_when_the_right_to_it_ends(answers: list[Any], code: bytes, asked: int) -> None:
    """Asked again as a question, which no case counts; both sides are told why, between two frames."""
    system, sidecar = Echoing(), AskedAgain(answers)

    async def run() -> bytes:
        async with opened(system, sidecar, bounds=ASKING) as (reader, writer):
            writer.write(b"\x81\x05hello")
            got = await asyncio.wait_for(reader.readexactly(7), 10)
            sidecar.go_on.set()
            got += await asyncio.wait_for(reader.readexactly(len(closed_with(code))), 10)
            writer.close()
            await asyncio.wait_for(system.ended.wait(), 10)
            return got

    assert asyncio.run(run()) == b"\x81\x05hello" + closed_with(code)
    assert unmasked(system.last[7:]) == closed_with(code)
    assert [question["context"]["intent"] for question in sidecar.questions] == ["exercise"] + ["question"] * (asked - 1)
    assert len(sidecar.reports) == 1


def test_a_frame_that_has_begun_is_ended_first() -> None:
    """Of what comes behind it nothing goes on any more, in either direction."""
    system, sidecar, wanted = Echoing(), AskedAgain([ALLOWED, LOST]), b"\x82\x05abcde" + closed_with(b"POST_EXPIRED")

    async def run() -> bytes:
        async with opened(system, sidecar, bounds=ASKING._replace(linger_seconds=10.0)) as (reader, writer):
            writer.write(b"\x82\x05abc")
            got = await asyncio.wait_for(reader.readexactly(5), 10)
            await sidecar.answered()
            writer.write(b"de\x82\x01x")
            got += await asyncio.wait_for(reader.readexactly(len(wanted) - 5), 10)
            writer.close()
            return got + await asyncio.wait_for(reader.read(), 10)

    assert asyncio.run(run()) == wanted


def test_a_frame_that_is_never_ended_holds_nobody() -> None:
    """Into its midst nothing is put; the connection ends."""
    system, sidecar = Echoing(), AskedAgain([ALLOWED, LOST])

    async def run() -> bytes:
        async with opened(system, sidecar, bounds=ASKING._replace(linger_seconds=0.05)) as (reader, writer):
            writer.write(b"\x82\x05abc")
            got = await asyncio.wait_for(reader.readexactly(5), 10)
            await sidecar.answered()
            got += await asyncio.wait_for(reader.read(), 10)
            await asyncio.wait_for(system.ended.wait(), 10)
            return got

    assert asyncio.run(run()) == b"\x82\x05abc"


@pytest.mark.parametrize("target", ["/live/T-1", "/news"])
def test_the_longest_time_ends_every_websocket(target: str) -> None:
    """Also one that is no power, of which nobody is asked."""
    system, sidecar = Echoing(), Sidecar()

    async def run() -> bytes:
        async with opened(system, sidecar, target, ASKING._replace(websocket_seconds=0.05)) as (reader, writer):
            got = await asyncio.wait_for(reader.readexactly(len(closed_with(b"TIME_IS_OVER"))), 10)
            writer.close()
            return got

    assert asyncio.run(run()) == closed_with(b"TIME_IS_OVER")
    assert bool(sidecar.questions) == (target != "/news")


def test_whose_token_has_run_out_is_nobody_any_more() -> None:
    """Who the officer is is looked at anew, before the sidecar is asked."""
    file = routes(ROUTES)

    class Once:
        waits, headers, told_by_gateways, asked = False, frozenset[str](), frozenset[str](), 0

        def officer(self, *_: object) -> str:
            self.asked += 1
            if self.asked > 1:
                raise RequestError("no_officer", "expired", 401)
            return "o-1"

        def believes(self, _: object) -> bool:
            return True

    sidecar, identity = Sidecar(), Once()
    point = Enforcement(file, identity, "reverse-proxy")
    incoming = Incoming("GET", "/live/T-1", "", (), Peer("127.0.0.1"), None, websocket=True)

    async def run() -> tuple[bool, str]:
        matched = point.match(incoming)
        assert isinstance(matched, Matched)
        first = await decided(point, _decider(sidecar), incoming, matched)
        return first.passes, await still_allowed(point, _decider(sidecar), incoming, matched)

    assert asyncio.run(run()) == (True, "no_officer")
    assert len(sidecar.questions) == 1


def test_a_point_that_observes_asks_plainly_whether_the_right_still_is() -> None:
    """Where a refusal may be let through, that is judged and recorded when the WebSocket is opened again."""
    file, sidecar = routes(ROUTES), denying(code="NO_POWER", observed={"until": "2026-12-31"})
    point = Enforcement(file, identity_of(file.officer, ROOT), "reverse-proxy", observe=True)
    incoming = Incoming("GET", "/live/T-1", "", ((b"x-officer", b"o-1"),), Peer("127.0.0.1"), None, websocket=True)
    matched = point.match(incoming)
    assert isinstance(matched, Matched)
    assert asyncio.run(still_allowed(point, _decider(sidecar), incoming, matched)) == "NO_POWER"
    assert "observe" not in sidecar.questions[0]["context"]


@pytest.mark.parametrize("limit", ["websocket_idle_seconds", "websocket_seconds"])
def test_a_websocket_ends_with_its_time(limit: str) -> None:
    """Nothing said for too long, or however much is said for too long: the client opens it again and is judged anew."""
    system = Echoing()
    short = {"websocket_idle_seconds": QUICK._replace(websocket_idle_seconds=0.1)}
    bounds = short.get(limit, QUICK._replace(websocket_seconds=0.1))

    async def run() -> None:
        async with opened(system, Sidecar(), bounds=bounds) as (reader, writer):
            if limit == "websocket_seconds":
                chatting = asyncio.create_task(_chat(writer))
                with suppress(ConnectionError):  # the proxy ends it while the client is still speaking
                    await asyncio.wait_for(reader.read(-1), 10)
                chatting.cancel()
            else:
                assert await asyncio.wait_for(reader.read(), 10) == b""
            await asyncio.wait_for(system.ended.wait(), 10)

    asyncio.run(run())


async def _chat(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b".")
        await asyncio.sleep(0.01)


def test_the_proxy_stops_in_spite_of_open_websockets() -> None:
    async def run() -> bytes:
        system = Echoing()
        async with proxy(system, Sidecar(), ROUTES).running() as running:
            reader, writer = await running.open()
            writer.write(handshake())
            await reader.readuntil(b"\r\n\r\n")
            await running.serving.stop()
            try:
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionError:
                return b""

    assert asyncio.run(run()) == b""


@pytest.mark.parametrize(("path", "opens"), [("/live/T-1", True), ("/things/T-1", False)])
def test_inside_an_application_the_same_declaration_holds(path: str, opens: bool) -> None:
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        reached.append(scope["path"])
        await send({"type": "websocket.accept"})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    enforced = asgi.Enforced(app, enforcement(asgi.CHANNEL, routes(ROUTES)), _decider(Sidecar()))
    asyncio.run(enforced({**scope_of("GET", path, OFFICER), "type": "websocket"}, receive, send))
    assert (sent[0]["type"], bool(reached)) == ("websocket.accept" if opens else "websocket.close", opens)
