"""The lane: byte for byte what the way of every request answers, for ordinary requests and for everything that is none."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import pytest
import uvicorn
from uvicorn.server import ServerState

from adapters.storage.memory import MemoryStore
from sidecar.http_api import lane
from sidecar.http_api.app import Served, build_app
from sidecar.ports.records import Commit, Committed, Replayed
from sidecar.ports.telling import Then
from sidecar.settings import Settings
from tests.http_api.calling import ACCEPT, CALLERS, Sidecar, asking, token_of

BODY = json.dumps(ACCEPT).encode()
LAST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HOST = b"Host: 127.0.0.1:8181"
JSON = b"Content-Type: application/json"
TOKEN = b"Authorization: Bearer " + token_of("portal").encode()
PAUSE = 0.03
MANY = 10  # packets; between so many the pauses are shorter


class Connected(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: ServerState


def request(*headers: bytes, body: bytes = BODY, line: bytes = b"POST /authorize HTTP/1.1", usual: bool = True) -> bytes:
    length = b"Content-Length: " + str(len(body)).encode()
    return b"\r\n".join([line, HOST, *((JSON, TOKEN, length) if usual else ()), *headers, b"", body])


def question(case: str) -> bytes:
    """An act on a case of its own, so that each is allowed."""
    return BODY.replace(b'"C-1"', f'"{case}"'.encode())


CHUNKED = request(JSON, TOKEN, b"Transfer-Encoding: chunked", usual=False, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))

# name → what is sent, packet by packet, and how many of the requests go through the lane
CASES: dict[str, tuple[Sequence[bytes], int]] = {
    "an ordinary request": ([request()], 1),
    "the other path": ([request(line=b"POST /access/v1/evaluation HTTP/1.1")], 1),
    "one after another": ([request(), request(body=question("C-2")), request()], 3),
    "with an identifier": ([request(b"X-Request-ID: r-1")], 1),
    "the identifier again": ([request(b"X-Request-ID: r-1"), request(b"X-Request-ID: r-1")], 2),
    "the identifier for another act": ([request(b"X-Request-ID: r-1"), request(b"X-Request-ID: r-1", body=question("C-2"))], 2),
    "a refusal": ([request(body=BODY.replace(b'"accept"', b'"decide"'))], 1),
    "again, longer than it says": ([request(), request() + b"x"], 2),
    "again, shorter than it says": ([request(), request()[:-1]], 1),
    "again in two pieces": ([request(), request()[:-9], request()[-9:]], 1),
    "again, two at once": ([request(), request(), request() + request()], 3),
    "again from another host": ([request(), request().replace(HOST, b"Host: evil.example"), request()], 3),
    "again for another path": ([request(), request(line=b"POST /access/v1/evaluation HTTP/1.1"), request()], 3),
    "again and then another thing": ([request(), request(line=b"GET /healthz HTTP/1.1", body=b""), request()], 2),
    "again with one header more": ([request(), request(b"Expect: 100-continue")], 1),
    "again in other letters": ([request(), request().replace(b"Content-Length", b"CONTENT-LENGTH"), request()], 3),
    "again with a length of zeros": ([request(), request().replace(b"Content-Length: ", b"Content-Length: 0")], 2),
    "again with no length": ([request(), request().replace(b"Content-Length: ", b"Content-Length: x")], 1),
    "again beyond the limit": ([request(), request(body=b" " * 70_000)], 1),
    "other identifiers": ([request(b"X-Request-ID: r-%d" % n, body=question(f"C-{n}")) for n in range(3)], 3),
    "an identifier for the first time": ([request(), request(b"X-Request-ID: r-1"), request()], 3),
    "an identifier too long": ([request(b"X-Request-ID: r"), request(b"X-Request-ID: " + b"r" * 300)], 1),
    "an identifier with spaces": ([request(b"X-Request-ID: r"), request(b"X-Request-ID: r s "), request(b"X-Request-ID: s")], 3),
    "an identifier of other letters": ([request(b"X-Request-ID: r"), request(b"X-Request-ID: \xe9")], 2),
    "no identifier": ([request(b"X-Request-ID: r"), request(b"X-Request-ID: "), request(b"X-Request-ID: \x01")], 2),
    "an identifier in a header": ([request(b"X-A: \r\nX-Request-ID: r"), request(b"X-A: \r\nX-Request-ID: s")], 2),
    "within another request": ([b"POST /authorize HTTP/1.1\r\nX-A: ", request(), request(), b"POST /authorize HTTP/1.1"], 2),
    "no token": ([request(JSON, b"Content-Length: 2", usual=False, body=b"{}")], 1),
    "a caller that may not ask": ([request().replace(b"token-of-portal", b"token-of-idle")], 1),
    "no JSON": ([request(body=b"{")], 1),
    "another media type": ([request(b"Content-Length: 2", b"Content-Type: text/plain", TOKEN, usual=False, body=b"{}")], 1),
    "no media type": ([request(b"Content-Length: 2", TOKEN, usual=False, body=b"{}")], 1),
    "no body": ([request(body=b"")], 1),
    "two at once": ([request() + request(body=question("C-2"))], 1),
    "three at once, the second another thing": ([request() + request(line=b"GET /healthz HTTP/1.1", body=b"") + request()], 1),
    "the head in two pieces": ([request()[:40], request()[40:]], 1),
    "the body in two pieces": ([request()[:-5], request()[-5:]], 0),
    "byte by byte": ([request()[n : n + 1] for n in range(len(request()))], 0),
    "chunked": ([CHUNKED], 0),
    "a query": ([request(line=b"POST /authorize?x=1 HTTP/1.1")], 0),
    "another method": ([request(line=b"GET /authorize HTTP/1.1")], 0),
    "HTTP/1.0": ([request(line=b"POST /authorize HTTP/1.0")], 0),
    "the connection ends": ([request(b"Connection: close")], 0),
    "an expectation": ([request(b"Expect: 100-continue")], 0),
    "an upgrade": ([request(b"Connection: upgrade", b"Upgrade: h2c")], 0),
    "a coding": ([request(b"Content-Encoding: gzip")], 0),
    "a header twice": ([request(b"Content-Type: text/plain")], 0),
    "a strange host": ([request().replace(HOST, b"Host: evil.example")], 1),
    "too many headers": ([request(*[b"X-%d: 1" % n for n in range(70)])], 0),
    "a long identifier": ([request(b"X-Request-ID: " + b"r" * 300)], 0),
    "a body beyond the limit": ([request(body=b" " * 70_000)], 0),
    "two lengths": ([request(b"Content-Length: 3")], 0),
    "no HTTP": ([b"\x16\x03\x01\x00\xa5\r\n\r\n"], 0),
    "half a request, then nonsense": ([request()[:-5] + b"", b"\x00\x01"], 0),
    "an ordinary request, then nonsense": ([request(), b"NONSENSE\r\n\r\n"], 1),
}

SERVED: dict[Sidecar, Served] = {}  # services that several tests share
NAMED = b"@" * 26  # in its place stands the decision that was made before
REPORT = b"POST /v1/decisions/%s/outcome HTTP/1.1"
DONE, FAILED = b'{"result":"performed","detail":"HTTP 200"}', b'{"result":"failed","detail":"HTTP 404"}'


def report(*headers: bytes, body: bytes = DONE, named: bytes = NAMED, line: bytes = REPORT) -> bytes:
    return request(*headers, body=body, line=line % named)


# the same, of reports on an act
REPORTS: dict[str, tuple[Sequence[bytes], int]] = {
    "performed": ([report()], 1),
    "failed": ([report(body=FAILED)], 1),
    "without a detail": ([report(body=b'{"result":"performed"}')], 1),
    "a detail that names a person": ([report(body='{"result":"failed","detail":"11010519491231002X 未到"}'.encode())], 1),
    "said again": ([report(), report(), report()], 3),
    "the opposite": ([report(), report(body=FAILED)], 2),
    "the opposite the other way round": ([report(body=FAILED), report()], 2),
    "with an identifier": ([report(b"X-Request-ID: r-1")], 1),
    "with other identifiers": ([report(b"X-Request-ID: r-%d" % n) for n in range(3)], 3),
    "the identifier of a question": ([request(b"X-Request-ID: r-1"), report(b"X-Request-ID: r-1")], 2),
    "between questions": ([request(body=question("C-2")), report(), request(body=question("C-3")), report()], 4),
    "two decisions in turn": ([report(), report(named=b"0" * 26), report()], 3),
    "of nobody": ([report(named=b"0" * 26)], 1),
    "a name that is none of ours": ([report(named=b"d-1")], 0),
    "a name in small letters": ([report(named=b"a" * 26)], 0),
    "a name in a coding": ([report(named=b"%30" * 26)], 0),
    "a name with a line feed in a coding": ([report(named=NAMED + b"%0A")], 0),
    "again with a name that is none of ours": ([report(), report(named=NAMED[:-1] + b"_"), report()], 2),
    "again with a longer name": ([report(), report(named=NAMED + b"0")], 1),
    "again with a shorter name": ([report(), report(named=NAMED[:-1])], 1),
    "again with a query": ([report(), report(line=b"POST /v1/decisions/%s/outcome?x HTTP/1.1")], 1),
    "no name": ([report(named=b"")], 0),
    "two names": ([report(named=b"A/B")], 0),
    "a path that goes on": ([report(line=b"POST /v1/decisions/%s/outcome/ HTTP/1.1")], 0),
    "another path": ([report(line=b"POST /v1/decisions/%s/outcomes HTTP/1.1")], 0),
    "a query": ([report(line=b"POST /v1/decisions/%s/outcome?x=1 HTTP/1.1")], 0),
    "another method": ([report(line=b"PUT /v1/decisions/%s/outcome HTTP/1.1")], 0),
    "HTTP/1.0": ([report(line=b"POST /v1/decisions/%s/outcome HTTP/1.0")], 0),
    "no token": ([report().replace(TOKEN, b"X-Token: none")], 1),
    "a caller that did not ask": ([report().replace(b"token-of-portal", b"token-of-counter")], 1),
    "a caller that may not ask": ([report().replace(b"token-of-portal", b"token-of-idle")], 1),
    "a caller that only reads": ([report().replace(b"token-of-portal", b"token-of-auditor")], 1),
    "another media type": ([report().replace(b"application/json", b"text/plain")], 1),
    "a media type with a charset": ([report().replace(b"application/json", b"application/json; charset=utf-8")], 1),
    "no JSON": ([report(body=b"{")], 1),
    "no result": ([report(body=b"{}")], 1),
    "another result": ([report(body=b'{"result":"maybe"}')], 1),
    "a result twice": ([report(body=b'{"result":"performed","result":"performed"}')], 1),
    "a long detail": ([report(body=b'{"result":"failed","detail":"%s"}' % (b"x" * 201))], 1),
    "another member": ([report(body=b'{"result":"performed","why":1}')], 1),
    "no body": ([report(body=b"")], 1),
    "the body in two pieces": ([report()[:-5], report()[-5:]], 0),
    "two at once": ([report() + report()], 1),
    "a strange host": ([report().replace(HOST, b"Host: evil.example")], 1),
    "an expectation": ([report(b"Expect: 100-continue")], 0),
    "a header twice": ([report(b"Content-Type: text/plain")], 0),
}


@contextlib.asynccontextmanager
async def connected(
    sidecar: Sidecar, *, through_lane: bool = True, keep_alive: float = 5, **settings: Any
) -> AsyncIterator[Connected]:
    """The service on a port of its own, and one connection to it."""
    served = SERVED.get(sidecar) if not settings else None
    served = served or build_app(sidecar.authorizer, Settings.model_validate({"callers": CALLERS, **settings}))
    protocol: Any = served.protocol if through_lane else "httptools"
    config = uvicorn.Config(served.app, http=protocol, lifespan="off", log_level="critical", timeout_keep_alive=keep_alive)  # type: ignore[arg-type]
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    made: Any = config.http_protocol_class
    made = partial(made, config=config, server_state=state, app_state={})
    async with await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield Connected(reader, writer, state)
        writer.close()


class Held(MemoryStore):
    """Keeps commits waiting until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Callable[[], None]] = []

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        self.held.append(partial(super().submit, commit, then))

    def let_go(self) -> None:
        for begin in self.held:
            begin()


async def until(reached: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if reached():
            return
        await asyncio.sleep(0)
    raise AssertionError("never reached")


async def everything(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the service closes; it may close before the last packet arrives, and the machine then resets the
    connection: what was read before stands."""
    told = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := await reader.read(65_536):
            told += chunk
    return bytes(told)


def exchange(packets: Sequence[bytes], *, through_lane: bool, sidecar: Sidecar, **settings: Any) -> bytes:
    """Everything that comes back on one connection, with identifiers blotted out."""

    async def talk() -> bytes:
        async with connected(sidecar, through_lane=through_lane, **settings) as connection:
            told = asyncio.create_task(everything(connection.reader))
            for packet in packets:
                connection.writer.write(packet)
                await asyncio.sleep(PAUSE if len(packets) < MANY else PAUSE / 30)
            connection.writer.write(LAST)
            return await asyncio.wait_for(told, 30)

    told = re.sub(rb"[0-9A-HJKMNP-TV-Z]{26}", b"ID", asyncio.run(talk()))
    return re.sub(rb"v1\.(\d+)\.[0-9a-f]*\.[0-9a-f]{32}", rb"v1.\1", told)


@pytest.mark.parametrize("name", CASES)
def test_the_lane_answers_like_the_way_of_every_request(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, headers and body are equal, and so is the record; what is out of the ordinary does not go through the lane."""
    packets, expected = CASES[name]
    one, other = Sidecar(), Sidecar()
    assert through_the_lane(monkeypatch, [(one, packets), (other, packets)]) == expected
    assert recorded(one) == recorded(other)


@pytest.fixture(scope="module")
def _two_services() -> Iterator[None]:
    """Building a service takes ten times as long as asking it: the reports, each on a case of its own, share two."""
    for sidecar in (Sidecar(), Sidecar()):
        SERVED[sidecar] = build_app(sidecar.authorizer, Settings.model_validate({"callers": CALLERS}))
    yield
    SERVED.clear()


@pytest.mark.usefixtures("_two_services")
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_in_the_lane_is_answered_like_every_request(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of what became of an act, and of the case it belongs to."""
    packets, expected = REPORTS[name]
    case = f"R-{list(REPORTS).index(name)}"
    act = asking(case=case)
    named = [str(sidecar.allowed(act)[0]["decision_id"]).encode() for sidecar in SERVED]
    sent = [[packet.replace(NAMED, name) for packet in packets] for name in named]
    assert through_the_lane(monkeypatch, list(zip(SERVED, sent, strict=True))) == expected
    one, other = SERVED
    assert recorded(one, case_id=case) == recorded(other, case_id=case)
    assert len(one.entries()) == len(other.entries())
    assert (one.case(case).version, len(one.case(case).failed)) == (other.case(case).version, len(other.case(case).failed))


def through_the_lane(monkeypatch: pytest.MonkeyPatch, exchanges: Sequence[tuple[Sidecar, Sequence[bytes]]]) -> int:
    """How many requests of the first exchange go through the lane; the second goes the way of every request, and all that comes
    back must be the same."""
    through: list[object] = []
    take = lane._Lane._take

    def counted(self: Any, turn: Any) -> None:
        through.append(turn)
        take(self, turn)

    monkeypatch.setattr(lane._Lane, "_take", counted)
    (one, packets), (other, same) = exchanges
    assert exchange(packets, through_lane=True, sidecar=one) == exchange(same, through_lane=False, sidecar=other)
    return len(through)


def recorded(sidecar: Sidecar, **wanted: str) -> str:
    """Entries, with what differs each time blotted out."""
    changing = r'"(decision_id|prev_case|case_digest)": "\w*"|"latency_us": \d+|hmac-sha256:\d+:\w+'
    return re.sub(changing, "", json.dumps(sidecar.entries(**wanted)))


def test_a_head_that_was_sent_before_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the length of the body and the identifier; parsing begins again with the first byte that differs."""
    parsed: list[object] = []
    begin = lane._Lane.on_message_begin

    def counted(self: Any) -> None:
        parsed.append(self)
        begin(self)

    monkeypatch.setattr(lane._Lane, "on_message_begin", counted)
    packets = [request(b"X-Request-ID: r-%d" % n, body=question(f"C-{10**n}")) for n in range(5)]
    exchange([*packets, packets[0].replace(b"X-Request", b"x-request")], through_lane=True, sidecar=Sidecar())
    assert len(parsed) == 3  # the first, the one in other letters, and the one that ends the exchange
    parsed.clear()
    exchange([report(b"X-Request-ID: r-%d" % n, named=b"%026d" % n) for n in range(5)], through_lane=True, sidecar=Sidecar())
    assert len(parsed) == 2  # whichever decision is reported on


def test_an_idle_connection_is_closed() -> None:
    """After the time for it, counted from the last answer and not while a request is waiting for its own."""
    store = Held()

    async def wait() -> tuple[bool, bytes]:
        async with connected(Sidecar(store), keep_alive=0.1) as (reader, writer, state):
            writer.write(request())
            await until(lambda: bool(store.held))
            await asyncio.sleep(0.3)
            open_while_waiting = bool(state.connections)
            store.let_go()
            return open_while_waiting, await asyncio.wait_for(reader.read(), 5)

    open_while_waiting, got = asyncio.run(wait())
    assert open_while_waiting
    assert got.startswith(b"HTTP/1.1 200 OK")


def test_names_of_other_machines_are_refused_without_tokens() -> None:
    """DNS rebinding: what the guard says of a strange host is said on the lane's connection too."""
    packets = [request(usual=True).replace(HOST, b"Host: evil.example")]
    got = exchange(packets, through_lane=True, sidecar=Sidecar(), callers={}, insecure=True)
    assert got.startswith(b"HTTP/1.1 421 ")
    assert b"bad_host" in got


def test_a_body_that_never_comes_is_given_up() -> None:
    """The time for a body is the guard's, who gets every request whose body is not there at once."""
    sidecar = Sidecar()
    got = exchange([request()[:-5], b"", b"", b""], through_lane=True, sidecar=sidecar, body_deadline=0.02)
    assert got.startswith(b"HTTP/1.1 408 ")
    assert sidecar.entries() == []


def test_what_fails_inside_says_nothing_of_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """500, a plain sentence, and the connection goes on."""
    sidecar = Sidecar()

    def fails(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(sidecar.authorizer, "begin", fails)
    got = exchange([request(), request()], through_lane=True, sidecar=sidecar)
    assert got.count(b"HTTP/1.1 500 ") == 2
    assert b"internal: the request could not be handled" in got
    assert b"secret" not in got


def test_who_stops_the_server_ends_the_connection_after_the_answer() -> None:
    """An orderly stop answers what was asked, says that the connection ends, and ends it."""

    store = Held()

    async def stop_in_between() -> bytes:
        async with connected(Sidecar(store)) as (reader, writer, state):
            writer.write(request())
            await until(lambda: bool(store.held))
            for connection in list(state.connections):
                connection.shutdown()
            store.let_go()
            return await asyncio.wait_for(reader.read(), 5)

    got = asyncio.run(stop_in_between())
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in got


def test_a_client_that_leaves_takes_nothing_back() -> None:
    """The act stands and is recorded; nothing fails."""
    store = Held()
    sidecar = Sidecar(store)

    async def leave() -> None:
        async with connected(sidecar) as (_, writer, state):
            writer.write(request())
            await until(lambda: bool(store.held))
            writer.transport.abort()
            await until(lambda: not state.connections)
            store.let_go()
            await until(lambda: bool(store.reader.last_seq()))

    asyncio.run(leave())
    assert sidecar.case().version == len(sidecar.entries()) == 1
