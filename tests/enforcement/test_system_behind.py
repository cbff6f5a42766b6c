"""The proxy as a client of the system behind: kept connections, limits, TLS, and answers that are none."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.enforcement.proxy.upstream import Address
from sidecar.cli.addresses import Trust, address_of
from sidecar.errors import SettingsError
from tests.enforcement.certificates import Authority
from tests.enforcement.chain import AS_JSON, DO, NOTE, OFFICER, Sidecar, System, call, proxy
from tests.enforcement.wire import QUICK, Answer, Chained, exchanged, request_bytes

READ, ACT = request_bytes("GET", "/things"), request_bytes("POST", DO, OFFICER, AS_JSON)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Scripted:
    """A system behind that answers the nth request of all its connections with the nth bytes; None closes without an answer."""

    def __init__(self, *answers: bytes | None, after: bytes = b"") -> None:
        self.answers, self.asked, self.after = list(answers), list[bytes](), after

    def protocol(self) -> asyncio.Protocol:
        script = self

        class End(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def data_received(self, data: bytes) -> None:
                script.asked.append(data)
                answer = script.answers.pop(0) if script.answers else OK
                if answer is None:
                    self.transport.close()
                else:
                    self.transport.write(answer)

        return End()


def on_one_connection(chained: Chained, *requests: bytes) -> list[Answer]:
    """One after another, each when the one before has been answered."""

    async def run() -> list[Answer]:
        async with chained.running() as running:
            ends = await running.open()
            return [answer for request in requests for answer in await exchanged(*ends, request)]

    return asyncio.run(run())


def test_one_connection_carries_many_requests() -> None:
    chained = proxy(System(), Sidecar())
    assert [answer.status for answer in on_one_connection(chained, READ, ACT, READ)] == [200] * 3
    assert chained.connects == 1


def test_a_connection_that_the_system_closes_is_not_used_again() -> None:
    system = Scripted(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    chained = proxy(system, Sidecar())
    assert [answer.status for answer in on_one_connection(chained, READ, READ)] == [200, 200]
    assert chained.connects == 2


def test_what_comes_unasked_is_nobodys_answer() -> None:
    """A second answer behind the first is not what the next client is given."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    chained = proxy(Scripted(OK + forged), Sidecar())
    bodies = [answer.body for answer in on_one_connection(chained, READ, READ)]
    assert b"forged" not in bodies


@pytest.mark.parametrize(("request_", "status", "asked"), [(READ, 200, 3), (ACT, 502, 2)], ids=["reading", "an act"])
def test_a_kept_connection_that_was_just_ending(request_: bytes, status: int, asked: int) -> None:
    """What changes nothing is asked once more on a new connection; of an act nobody knows whether it was done."""
    system = Scripted(OK, None)
    answers = on_one_connection(proxy(system, Sidecar()), READ, request_)
    assert [answer.status for answer in answers] == [200, status]
    assert len(system.asked) == asked


NO_ANSWERS = {
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a folded line": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
    "no HTTP": b"+OK POP3 ready\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000,
    "another protocol, unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "nothing": None,
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_leaves_everybody_in_doubt(name: str) -> None:
    """502 UNKNOWN_OUTCOME, nothing reported, the act stays counted, and the connection is not used again."""
    sidecar, chained = Sidecar(), proxy(Scripted(NO_ANSWERS[name]), Sidecar())
    chained = proxy(chained.system, sidecar)
    first, second = on_one_connection(chained, ACT, READ)
    assert (first.status, first.json["code"], second.status) == (502, "UNKNOWN_OUTCOME", 200)
    assert (sidecar.reports, chained.connects) == ([], 2)


def test_what_comes_before_the_answer_is_waited_through() -> None:
    system = Scripted(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK)
    (answer,) = on_one_connection(proxy(system, Sidecar()), ACT)
    assert (answer.status, answer.body, answer.values("link")) == (200, b"ok", [])


def test_an_answer_that_ends_with_the_connection_is_whole() -> None:
    class Closing(Scripted):
        def protocol(self) -> asyncio.Protocol:
            end: Any = super().protocol()
            given = end.data_received
            end.data_received = lambda data: (given(data), end.transport.close())
            return end  # type: ignore[no-any-return]

    (answer,) = on_one_connection(proxy(Closing(b"HTTP/1.1 200 OK\r\n\r\nall of it"), Sidecar()), ACT)
    assert (answer.body, answer.ended) == (b"all of it", True)


def test_an_answer_before_the_body_is_handed_on_and_ends_the_connections() -> None:
    """413 while the client is still sending: it hears it, and the rest of its body is nobody's next request."""
    system, sidecar = Scripted(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"), Sidecar()
    chained = proxy(system, sidecar)
    answers = on_one_connection(chained, request_bytes("POST", DO, OFFICER, ("Content-Length", "1000000")) + b"x" * 1000)
    assert [(answer.status, answer.body, answer.ended) for answer in answers] == [(413, b"no", True)]
    assert sidecar.reports == [("/v1/decisions/d-1/outcome", "failed")]


def test_a_failure_is_on_record_before_the_client_hears_of_it() -> None:
    """So that it may try again at once."""
    sidecar = Sidecar()
    heard: list[int] = []

    async def run() -> None:
        async with proxy(System(status=409), sidecar).running() as running:
            reader, writer = await running.open()
            writer.write(ACT)
            await reader.read(100)
            heard.append(len(sidecar.reports))

    asyncio.run(run())
    assert heard == [1]


def test_who_finds_no_connection_free_in_time_has_done_nothing() -> None:
    """502 NOT_CONNECTED, reported failed; the others are served."""
    released = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await released.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> list[Answer]:
        bounds = QUICK._replace(upstreams=1, connect_seconds=0.05)
        async with proxy(slow, sidecar, bounds=bounds).running() as running:
            first = asyncio.create_task(exchanged(*await running.open(), ACT))
            await asyncio.sleep(0.02)
            second = await exchanged(*await running.open(), ACT)
            released.set()
            return [*await first, *second]

    sidecar = Sidecar()
    first, second = asyncio.run(run())
    assert (first.status, second.status, second.json["code"]) == (200, 502, "NOT_CONNECTED")
    assert sorted(result for _, result in sidecar.reports) == ["failed", "performed"]


def test_a_client_that_went_away_after_its_act_has_it_reported() -> None:
    """The request was whole; what became of it is on record though nobody hears it."""
    sidecar, entered = Sidecar(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        entered.set()
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> None:
        async with proxy(slow, sidecar).running() as running:
            _, writer = await running.open()
            writer.write(ACT)
            await entered.wait()
            writer.transport.abort()
            await asyncio.sleep(0.1)

    asyncio.run(run())
    assert [result for _, result in sidecar.reports] == ["performed"]


# -- who the client is, only a gateway may say ---------------------------------------------------------------------------------

FORWARDING = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X_Forwarded_For"]


@pytest.mark.parametrize("name", [*FORWARDING, "X-Officer"])
@pytest.mark.parametrize(("client", "passes"), [("127.0.0.1", True), ("10.9.9.9", False)])
def test_only_a_gateway_says_who_the_client_and_the_officer_is(name: str, client: str, passes: bool) -> None:
    """On a route that is no power nobody is asked, so what a client says of itself must not arrive as if it were verified."""
    system = System()
    assert call(proxy(system, Sidecar()), "POST", NOTE, (name, "forged"), ("X-Kept", "1"), client=client).status == 200
    (seen,) = system.seen
    assert (seen.values(name.lower()) == [b"forged"]) is passes
    assert seen.values("x-kept") == [b"1"]


# -- TLS -----------------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def tls_system(context: ssl.SSLContext, seen: list[Any]) -> AsyncIterator[int]:
    """A system behind TLS on a port of this machine; it notes the certificate of who comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            seen.append((writer.get_extra_info("peercert"), head))
            writer.write(OK)
            await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def over_tls(server: ssl.SSLContext, trust: Trust) -> tuple[Answer, list[Any], Sidecar]:
    seen: list[Any] = []
    sidecar = Sidecar()

    async def run() -> Answer:
        async with tls_system(server, seen) as port:
            chained = proxy(System(), sidecar)
            chained.address = address_of("--upstream", f"https://127.0.0.1:{port}", trust)
            async with chained.running() as running:
                return (await exchanged(*await running.open(), ACT))[0]

    return asyncio.run(run()), seen, sidecar


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def server_of(authority: Authority, name: str, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(name))
    if asks:
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_system_that_proves_who_it_is_is_spoken_to(authority: Authority) -> None:
    trust = Trust(authorities=authority.file, name="system.test")
    answer, seen, _ = over_tls(server_of(authority, "system.test"), trust)
    assert (answer.status, answer.body) == (200, b"ok")
    assert b"\r\nhost: system.test:" in seen[0][1]


def strangers(authority: Authority, folder: Path) -> dict[str, Callable[[], tuple[ssl.SSLContext, Trust]]]:
    good = Trust(authorities=authority.file, name="system.test")
    return {
        "another authority": lambda: (server_of(Authority(folder), "system.test"), good),
        "another name": lambda: (server_of(authority, "other.test"), good),
        "the authorities of this machine": lambda: (server_of(authority, "system.test"), good._replace(authorities=None)),
        "we must prove ourselves": lambda: (server_of(authority, "system.test", asks=True), good),
    }


@pytest.mark.parametrize(
    "name", ["another authority", "another name", "the authorities of this machine", "we must prove ourselves"]
)
def test_a_system_that_cannot_be_trusted_or_does_not_trust_us_gets_nothing(
    name: str, authority: Authority, tmp_path: Path
) -> None:
    """No byte of the request; there is no mode without proof."""
    server, trust = strangers(authority, tmp_path)[name]()
    answer, seen, _ = over_tls(server, trust)
    assert (answer.status, seen) == (502, [])


def test_the_proxy_proves_itself_with_its_certificate(authority: Authority) -> None:
    certificate, key = authority.issue("proxy.test")
    trust = Trust(authority.file, certificate, key, "system.test")
    answer, seen, _ = over_tls(server_of(authority, "system.test", asks=True), trust)
    assert answer.status == 200
    assert dict(pair for part in seen[0][0]["subject"] for pair in part)["commonName"] == "proxy.test"


def test_a_certificate_that_cannot_be_read_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        address_of("--upstream", "https://system.test", Trust(authorities=tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("given", "address", "authority_"),
    [
        ("http://127.0.0.1:8182", ("127.0.0.1", 8182, ""), b"127.0.0.1:8182"),
        ("http://system.test", ("system.test", 80, ""), b"system.test"),
        ("https://system.test", ("system.test", 443, ""), b"system.test"),
        ("http://[::1]:81", ("::1", 81, ""), b"[::1]:81"),
        ("unix:///run/system.sock", ("", 0, "/run/system.sock"), b"localhost"),
    ],
)
def test_an_address_is_read_as_it_is_written(given: str, address: tuple[str, int, str], authority_: bytes) -> None:
    read: Address = address_of("--upstream", given)
    assert ((read.host, read.port, read.socket), read.authority) == (address, authority_)


