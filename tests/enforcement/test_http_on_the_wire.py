"""The proxy as a server of HTTP/1.1: requests that two readers could read differently, framing, waiting, limits."""

import asyncio
from typing import Any

import pytest

from tests.enforcement.chain import AS_JSON, DECIDE, DO, IN_JSON, NOTE, OFFICER, Sidecar, System, denying, proxy
from tests.enforcement.wire import QUICK, Answer, Chained, exchanged, request_bytes

H = b"Host: proxy.test\r\nX-Officer: o-1001\r\n"
GRANT = b'{"result": "grant"}'
NEXT = b"POST /things/T-9/do HTTP/1.1\r\n" + H + b"Content-Length: 0\r\n\r\n"
POST = b"POST /things/T-1/do HTTP/1.1\r\n" + H

# What follows the head is a second request to whoever reads the first one otherwise.
SMUGGLED = {
    "both lengths": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, turned round": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "a length twice": POST + b"Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "a length in hexadecimal": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length too long to count": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 3\r\n\r\nabc",
    "a folded line": POST + b"X-A: b\r\n Content-Length: 3\r\n\r\nabc",
    "a line feed alone": POST.replace(b"\r\n", b"\n") + b"\n",
    "a line feed alone in a header": POST + b"X-A: b\nContent-Length: 3\r\n\r\nabc",
    "a carriage return alone": POST + b"X-A: b\rContent-Length: 3\r\n\r\nabc",
    "NUL in a header": POST + b"X-A: b\x00c\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /things/T-1/do HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a line feed alone in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "a chunk that does not end": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "a chunk of no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "HTTP/0.9": b"POST /things/T-1/do\r\n\r\n",
    "HTTP/2.0": b"POST /things/T-1/do HTTP/2.0\r\n" + H + b"\r\n",
    "HTTP/1.2": b"POST /things/T-1/do HTTP/1.2\r\n" + H + b"\r\n",
    "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"POST /things/T-1/do HTTP/1.1\r\nX-Officer: o-1001\r\n\r\n",
    "two hosts": POST + b"Host: other\r\n\r\n",
    "an absolute address": b"POST http://proxy.test/things/T-1/do HTTP/1.1\r\n" + H + b"\r\n",
    "a fragment": b"POST /things/T-1/do#a HTTP/1.1\r\n" + H + b"\r\n",
    "NUL in the address": b"POST /things/T-1\x00/do HTTP/1.1\r\n" + H + b"\r\n",
    "a byte above ASCII in the address": b"POST /things/T-1\xff/do HTTP/1.1\r\n" + H + b"\r\n",
    "a tab for a blank": b"POST\t/things/T-1/do HTTP/1.1\r\n" + H + b"\r\n",
    "a method in small letters": b"post /things/T-1/do HTTP/1.1\r\n" + H + b"\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another protocol, with a body": POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    "a tunnel": b"CONNECT system.test:80 HTTP/1.1\r\n" + H + b"\r\n",
}


def talk(chained: Chained, sent: bytes, count: int = 1, **more: Any) -> list[Answer]:
    """The answers on one connection, until so many have come or it ends."""

    async def run() -> list[Answer]:
        async with chained.running() as running:
            return await exchanged(*await running.open(), sent, count=count, **more)

    return asyncio.run(run())


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_two_readers_could_read_differently_ends_the_connection(name: str) -> None:
    """At most one answer, a refusal; what stands behind is not read as a request, and nothing is forwarded."""
    system, sidecar = System(), Sidecar()
    answers = talk(proxy(system, sidecar), SMUGGLED[name] + NEXT, count=2)
    assert [answer.status in {400, 403, 501, 505} for answer in answers] == [True]
    assert not any(seen.path == b"/things/T-9/do" for seen in system.seen)
    assert not [question for question in sidecar.questions if question["resource"]["id"] == "T-9"]


@pytest.mark.parametrize("name", [name for name in SMUGGLED if "chunk" not in name or "coding" in name])
def test_of_a_head_that_is_not_clear_nothing_is_asked(name: str) -> None:
    system, sidecar = System(), Sidecar()
    talk(proxy(system, sidecar), SMUGGLED[name])
    assert (system.seen, sidecar.questions) == ([], [])


def test_requests_sent_at_once_are_judged_one_by_one_and_answered_in_order() -> None:
    system, sidecar = System(), Sidecar()
    several = b"".join(request_bytes("POST", f"/things/T-{n}/do", OFFICER) for n in range(20))
    answers = talk(proxy(system, sidecar), several + request_bytes("PUT", DO, OFFICER), count=21)
    assert [answer.status for answer in answers] == [200] * 20 + [403]
    assert [question["resource"]["id"] for question in sidecar.questions] == [f"T-{n}" for n in range(20)]
    assert len(system.seen) == 20


def test_a_refused_request_ends_no_connection() -> None:
    """One connection, kept: a refusal between two good requests."""
    system = System()
    several = request_bytes("GET", "/things") + request_bytes("GET", "/nowhere") + request_bytes("GET", "/things")
    assert [answer.status for answer in talk(proxy(system, Sidecar()), several, count=3)] == [200, 403, 200]


def test_a_body_in_chunks_is_framed_anew_and_trailers_end_here() -> None:
    """Extensions of chunks and trailers are between client and proxy."""
    system = System()
    chunks = b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Officer: o-9\r\nX-Trailer: 1\r\n\r\n"
    (answer,) = talk(proxy(system, Sidecar()), POST + chunks)
    (seen,) = system.seen
    assert (answer.status, seen.body) == (200, b"abcde")
    assert (seen.values("x-officer"), seen.values("x-trailer")) == ([b"o-1001"], [])


@pytest.mark.parametrize(
    ("version", "header", "kept"),
    [("1.1", None, True), ("1.1", "close", False), ("1.0", None, False), ("1.0", "keep-alive", True)],
)
def test_a_connection_is_kept_as_its_client_wishes(version: str, header: str | None, kept: bool) -> None:
    headers = [("Connection", header)] if header else []
    system = System(headers=[(b"content-length", b"4")])
    one = request_bytes("GET", "/things", *headers, version=version)
    second = one if kept else b""
    answers = talk(proxy(system, Sidecar()), one + second, count=2)
    assert [answer.status for answer in answers] == [200, 200][: 1 + kept]
    assert answers[0].values("connection") == {True: [] if version == "1.1" else ["keep-alive"], False: ["close"]}[kept]


def test_who_does_not_know_chunks_is_sent_none() -> None:
    """HTTP/1.0 and an answer without a length: its end is that of the connection."""
    (answer,) = talk(proxy(System(), Sidecar()), request_bytes("GET", "/things", version="1.0"))
    assert (answer.body, answer.ended, answer.values("transfer-encoding")) == (b"done", True, [])


def test_head_is_answered_without_a_body() -> None:
    """The connection behind is usable afterwards, as is the client's."""
    routes = "officer: {header: X-Officer}\nroutes: [{method: HEAD, path: /things, not_a_power: reading}]\n"
    chained = proxy(System(headers=[(b"content-length", b"4")]), Sidecar(), routes)

    async def run() -> list[Answer]:
        async with chained.running() as running:
            ends = await running.open()
            return [(await exchanged(*ends, request_bytes("HEAD", "/things"), head_only=True))[0] for _ in range(3)]

    assert [(answer.status, answer.values("content-length")) for answer in asyncio.run(run())] == [(200, ["4"])] * 3
    assert chained.connects == 1


def test_a_client_that_has_said_all_still_hears_the_answer() -> None:
    """Half-closed: it sends no more, and reads."""

    async def run() -> list[Answer]:
        async with proxy(System(), Sidecar()).running() as running:
            reader, writer = await running.open()
            writer.write(request_bytes("POST", DO, OFFICER))
            writer.write_eof()
            return await exchanged(reader, writer, b"")

    assert [answer.status for answer in asyncio.run(run())] == [200]


# -- a client that waits to be asked for its body ------------------------------------------------------------------------------

WAITS = ("Expect", "100-continue")


async def _asked_to_go_on(chained: Chained, target: str, *headers: tuple[str, str]) -> tuple[bytes, bytes]:
    """What came before the body was sent, and after."""
    async with chained.running() as running:
        reader, writer = await running.open()
        writer.write(request_bytes("POST", target, OFFICER, WAITS, ("Content-Length", str(len(GRANT))), *headers))
        first = await asyncio.wait_for(reader.read(65536), 5)
        if first.startswith(b"HTTP/1.1 100"):
            writer.write(GRANT)
            return first, await asyncio.wait_for(reader.read(65536), 5)
        return first, b""


@pytest.mark.parametrize("target", [DO, NOTE, DECIDE])
def test_a_client_that_waits_is_asked_for_its_body_when_it_is_wanted(target: str) -> None:
    system = System()
    first, then = asyncio.run(_asked_to_go_on(proxy(system, Sidecar()), target, IN_JSON))
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert then.startswith(b"HTTP/1.1 200 ")
    assert (system.seen[0].body, system.seen[0].values("expect")) == (GRANT, [])


@pytest.mark.parametrize(("target", "status"), [(DO, b"403"), ("/nowhere", b"403")])
def test_of_a_client_that_is_refused_no_body_is_asked(target: str, status: bytes) -> None:
    first, _ = asyncio.run(_asked_to_go_on(proxy(System(), denying(code="NO_POWER")), target))
    assert first.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in first


def test_another_expectation_is_refused() -> None:
    assert [a.status for a in talk(proxy(System(), Sidecar()), request_bytes("GET", "/things", ("Expect", "miracles")))] == [417]


# -- too much, too slow --------------------------------------------------------------------------------------------------------

TOO_LARGE = {
    "many headers": b"".join(b"X-%d: a\r\n" % n for n in range(101)) + b"\r\n",
    "a large header": b"X-A: " + b"a" * 70_000 + b"\r\n\r\n",
    "a line without an end": b"X-A: " + b"a" * 200_000,
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_head_beyond_its_bounds_is_refused(name: str) -> None:
    system = System()
    answers = talk(proxy(system, Sidecar()), POST + TOO_LARGE[name])
    assert ([answer.status for answer in answers], system.seen) == ([431], [])


def test_an_address_without_an_end_is_refused() -> None:
    assert [a.status for a in talk(proxy(System(), Sidecar()), b"GET /" + b"a" * 200_000)] == [431]


def test_a_head_that_does_not_come_in_time_is_refused() -> None:
    """However often a byte of it comes."""

    async def run() -> bytes:
        async with proxy(System(), Sidecar(), bounds=QUICK._replace(head_seconds=0.1)).running() as running:
            reader, writer = await running.open()
            for byte in POST:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
                if reader._buffer:  # type: ignore[attr-defined]
                    break
            return await asyncio.wait_for(reader.read(65536), 5)

    assert asyncio.run(run()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("target", [DO, DECIDE])
def test_a_body_that_stops_coming_is_no_whole_one(target: str) -> None:
    """408; what was forwarded of it is not ended as if it were whole, and the act stays counted."""
    system, sidecar = System(), Sidecar()
    sent = request_bytes("POST", target, OFFICER, IN_JSON, AS_JSON, ("Content-Length", "100")) + b'{"result"'
    chained = proxy(system, sidecar, bounds=QUICK._replace(stall_seconds=0.1, answer_seconds=2.0))
    (answer,) = talk(chained, sent)
    assert (answer.status, answer.json["code"]) == (408, "too_slow")
    assert (system.seen, sidecar.reports) == ([], [])


def test_an_unused_connection_is_closed_in_silence() -> None:
    async def run() -> bytes:
        async with proxy(System(), Sidecar(), bounds=QUICK._replace(head_seconds=0.05)).running() as running:
            reader, _ = await running.open()
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(run()) == b""


def test_above_the_limit_of_connections_nobody_is_served() -> None:
    """503 at once, and when one ends there is room again."""

    async def run() -> list[int]:
        async with proxy(System(), Sidecar(), bounds=QUICK._replace(clients=1)).running() as running:
            first, one = await running.open(), request_bytes("GET", "/things")
            answers = await exchanged(*first, one)
            answers += await exchanged(*await running.open(), one)
            first[1].close()
            await asyncio.sleep(0.05)
            answers += await exchanged(*await running.open(), one)
        return [answer.status for answer in answers]

    assert asyncio.run(run()) == [200, 503, 200]


def test_who_is_being_served_when_the_proxy_stops_has_an_answer() -> None:
    """No new request is taken, and the one that is being answered is answered whole."""
    entered = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        entered.set()
        await asyncio.sleep(0.1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})

    async def run() -> list[Answer]:
        async with proxy(slow, Sidecar(), bounds=QUICK._replace(answer_seconds=5.0)).running() as running:
            reader, writer = await running.open()
            writer.write(request_bytes("GET", "/things"))
            await entered.wait()
            stopping = asyncio.create_task(running.serving.stop())
            answers = await exchanged(reader, writer, b"")
            await stopping
        return answers

    assert [(answer.status, answer.body) for answer in asyncio.run(run())] == [(200, b"late")]
