"""What may go wrong around a body: methods, addresses, headers, sizes and slowness; each has its status and its code."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from sidecar.http_api.guard import MAX_HEADER_BYTES, MAX_HEADERS
from tests.http_api.calling import ACCEPT, AUTHORIZE, BOTH, Sidecar, bearer, malformed, to

WHOLE = msgspec.json.encode(ACCEPT)
LIMIT = 64 * 1024
OUTCOME = "/v1/decisions/01J0000000000000000000000A/outcome"


def streaming(chunks: AsyncIterator[bytes], path: str = AUTHORIZE) -> httpx.Request:
    """A request whose body comes piece by piece, without a Content-Length."""
    headers = {**bearer("portal"), "content-type": "application/json", "x-request-id": "r-1"}
    return httpx.Request("POST", f"http://127.0.0.1:8181{path}", content=chunks, headers=headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "QUERY"])
@pytest.mark.parametrize("path", BOTH)
def test_decisions_are_asked_by_post_only(untouched: Sidecar, path: str, method: str) -> None:
    """Any other method is 405, names POST, and decides nothing, with a valid body and token too."""
    headers = {**bearer("portal"), "content-type": "application/json", "x-http-method-override": "POST", "x-request-id": "r-1"}
    request = httpx.Request(method, f"http://127.0.0.1:8181{path}", content=WHOLE, headers=headers)
    request.method = method  # httpx writes it in capitals
    response = untouched.send(request)
    assert (response.status_code, response.headers["allow"], response.headers["x-request-id"]) == (405, "POST", "r-1")
    assert "decision" not in response.text
    assert untouched.entries() == []


@pytest.mark.parametrize(
    "path",
    [
        *("/authorize/", "/Authorize", "//authorize", "/authorize/x", "/authorize%2f", "/authorize%00"),
        *("/access/v1/evaluation/", "/access/v1/Evaluation", "/access/v1", "/access/v1/evaluations/", "/", "/v1/authorize"),
        '/authorize/x"];allow',
    ],
)
def test_another_spelling_of_the_path_is_404(untouched: Sidecar, path: str) -> None:
    """T7, T17: no redirect, no folding of case or slashes, nothing in a path is read as a rule."""
    response = untouched.post(ACCEPT, path, request_id="r-1")
    assert (response.status_code, response.headers["x-request-id"]) == (404, "r-1")
    assert response.text == "not_found: nothing is served here, see /docs"
    assert untouched.entries() == []


def test_a_query_beside_the_path_is_not_read(sidecar: Sidecar) -> None:
    """T7: neither decision nor record know of it."""
    assert sidecar.answer(ACCEPT, f"{AUTHORIZE}?subject=head&decision=true&zzz=zzz")["decision"] is True
    assert "zzz" not in str(sidecar.entries())


@pytest.mark.parametrize(
    "kind",
    [
        *(None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"),
        *("application/json; charset=utf-16", "application/json; charset=gbk", "application/json; charset=latin-1"),
        *("application/jsonp", "application/problem+json", "json", "*/*", "application/json, text/plain"),
    ],
)
@pytest.mark.parametrize("path", BOTH)
def test_another_content_type_is_400(untouched: Sidecar, path: str, kind: str | None) -> None:
    """T10, as AuthZEN's certification asks: 400, not 415; also where the body is JSON."""
    response = untouched.send(to(path, WHOLE, headers={"content-type": kind}))
    malformed(response, 400, "content_type")
    assert untouched.entries() == []


@pytest.mark.parametrize(
    "kind",
    [
        *("application/json", "APPLICATION/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8"),
        *('application/json; charset="utf-8"', "application/json ;"),
    ],
)
def test_json_in_utf8_is_json_however_it_is_spelt(sidecar: Sidecar, kind: str) -> None:
    """The name is case-insensitive, and UTF-8 may be said."""
    assert sidecar.answer(ACCEPT, headers={"content-type": kind})["decision"] is True


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity", "x"])
@pytest.mark.parametrize("path", [*BOTH, OUTCOME])
def test_no_content_coding_is_accepted(untouched: Sidecar, path: str, coding: str) -> None:
    """T11: 415, before anything is unpacked."""
    response = untouched.send(to(path, b"\x1f\x8b" + b"\x00" * 100, headers={"content-encoding": coding, "x-request-id": "r-1"}))
    malformed(response, 415, "content_coding")
    assert response.headers["x-request-id"] == "r-1"


# name: (headers beside the usual ones, status, code)
HEADERS: dict[str, tuple[list[tuple[str, str]], int, str]] = {
    "two hosts": ([("host", "sidecar"), ("host", "other")], 400, "repeated_header"),
    "two content types": ([("content-type", "text/plain")], 400, "repeated_header"),
    "two tokens": ([("authorization", "Bearer x")], 400, "repeated_header"),
    "the same token twice": ([("authorization", bearer("portal")["authorization"])], 400, "repeated_header"),
    "two lengths": ([("content-length", "5"), ("content-length", "6")], 400, "repeated_header"),
    "too many": ([(f"x-{n}", "") for n in range(MAX_HEADERS)], 431, "headers_too_large"),
    "10,000": ([("x-a", "b")] * 10_000, 431, "headers_too_large"),
    "one too large": ([("x-a", "b" * MAX_HEADER_BYTES)], 431, "headers_too_large"),
    "one too large name": ([("x-" + "a" * MAX_HEADER_BYTES, "")], 431, "headers_too_large"),
    "together too large": ([(f"x-{n}", "b" * 512) for n in range(33)], 431, "headers_too_large"),
}


@pytest.mark.parametrize(("more", "status", "code"), HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("path", [*BOTH, OUTCOME, "/healthz"])
def test_bad_headers_are_refused(untouched: Sidecar, path: str, more: list[tuple[str, str]], status: int, code: str) -> None:
    """T2, T5, T9: what two readers could read differently is an error, on every path; the identifier comes back."""
    response = untouched.send(to(path, ACCEPT, request_id="r-1", more=more))
    malformed(response, status, code)
    assert response.headers["x-request-id"] == "r-1"
    assert untouched.entries() == []


def test_as_many_headers_as_allowed_are_taken(sidecar: Sidecar) -> None:
    """The bound counts all headers of the request, its own ones too."""
    request = to(AUTHORIZE, ACCEPT)
    room = MAX_HEADERS - len(request.headers.raw)
    assert sidecar.send(to(AUTHORIZE, ACCEPT, more=[(f"x-{n}", "") for n in range(room)])).status_code == 200
    assert sidecar.send(to(AUTHORIZE, ACCEPT, more=[(f"x-{n}", "") for n in range(room + 1)])).status_code == 431


@pytest.mark.parametrize("path", [*BOTH, OUTCOME, "/healthz", "/nowhere"])
def test_a_repeated_request_identifier_is_400(untouched: Sidecar, path: str) -> None:
    """Two identifiers name no request; the first one is echoed, alone."""
    response = untouched.send(to(path, ACCEPT, request_id="r-1", more=[("x-request-id", "r-2")]))
    malformed(response, 400, "repeated_header")
    assert response.headers.get_list("x-request-id") == ["r-1"]
    assert untouched.entries() == []


def test_a_long_request_identifier_is_400_and_not_echoed(untouched: Sidecar) -> None:
    """257 characters are one too many."""
    response = untouched.post(ACCEPT, request_id="x" * 257)
    malformed(response, 400, "bad_request_id")
    assert "x-request-id" not in response.headers


# -- size and time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*BOTH, OUTCOME, "/nowhere"])
@pytest.mark.parametrize("size", [LIMIT + 1, 1024 * 1024])
def test_a_body_over_the_limit_is_413(untouched: Sidecar, path: str, size: int) -> None:
    """T6: on every path, known or not."""
    response = untouched.send(to(path, WHOLE.ljust(size), request_id="r-1"))
    malformed(response, 413, "too_large")
    assert response.headers["x-request-id"] == "r-1"
    assert untouched.entries() == []


def test_a_body_at_the_limit_is_read(sidecar: Sidecar) -> None:
    """64 KiB exactly is not too large."""
    assert sidecar.send(to(AUTHORIZE, WHOLE.ljust(LIMIT))).json()["decision"] is True


def test_a_declared_length_over_the_limit_is_413_unread(untouched: Sidecar) -> None:
    """The announcement is enough: not a byte of the body is taken."""
    taken: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        taken.append(b"x")
        yield b"x"

    request = streaming(chunks())
    request.headers["content-length"] = str(LIMIT + 1)
    malformed(untouched.send(request), 413, "too_large")
    assert taken == []


def test_a_long_body_is_cut_off_at_the_limit(untouched: Sidecar) -> None:
    """T6: at most one piece beyond the limit is read, whatever the length said or not said."""
    taken: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1000):
            taken.append(4096)
            yield b" " * 4096

    malformed(untouched.send(streaming(chunks())), 413, "too_large")
    assert sum(taken) <= LIMIT + 4096


def test_a_length_that_lies_is_not_believed(untouched: Sidecar) -> None:
    """A small announcement does not open the door for a large body."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 4096

    request = streaming(chunks())
    request.headers["content-length"] = "10"
    malformed(untouched.send(request), 413, "too_large")


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000, "-1", "+5", "0x10", "1_0", "five", ""])
def test_a_length_that_is_no_number_is_no_failure(sidecar: Sidecar, length: str) -> None:
    """Servers refuse such lengths themselves; one that does not must not turn them into an error of ours."""
    response = sidecar.send(to(AUTHORIZE, ACCEPT, more=[("content-length", length)]))
    assert response.status_code in (200, 400, 413), response.text


def test_pieces_make_a_whole(sidecar: Sidecar) -> None:
    """A body in single bytes, cut inside characters too, is the same body."""
    body = msgspec.json.encode({**ACCEPT, "context": {**ACCEPT["context"], "channel": "窗口"}})

    async def chunks() -> AsyncIterator[bytes]:
        for n in range(len(body)):
            yield body[n : n + 1]
            yield b""

    assert sidecar.send(streaming(chunks())).json()["decision"] is True
    assert sidecar.entries()[0]["channel"] == "窗口"


@pytest.mark.parametrize("path", [*BOTH, OUTCOME])
def test_a_slow_body_is_408(path: str) -> None:
    """T8: who does not finish in time is told so, and was not decided; pauses within the time do no harm."""
    sidecar = Sidecar(body_deadline=0.05)

    async def chunks(pause: float) -> AsyncIterator[bytes]:
        yield WHOLE[:10]
        await asyncio.sleep(pause)
        yield WHOLE[10:]

    slow, quick = sidecar.together(streaming(chunks(0.3), path), streaming(chunks(0.001)))
    malformed(slow, 408, "too_slow")
    assert slow.headers["x-request-id"] == "r-1"
    assert quick.json()["decision"] is True
    assert [entry["request_id"] for entry in sidecar.entries()] == ["r-1"]


def raw(sidecar: Sidecar, scope: dict[str, Any], *messages: dict[str, Any]) -> list[Any]:
    """What the application sends when the server gives it exactly these messages."""
    sent: list[Any] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def talk() -> None:
        await sidecar.app(scope, receive, send)

    asyncio.run(talk())
    return sent


def test_a_client_that_leaves_in_the_middle_decides_nothing(untouched: Sidecar) -> None:
    """Half a body is no request, even where the half is complete JSON."""
    headers = [(name.lower(), value) for name, value in to(AUTHORIZE, ACCEPT).headers.raw if name.lower() != b"content-length"]
    scope = {"type": "http", "method": "POST", "path": AUTHORIZE, "headers": headers}
    sent = raw(untouched, scope, {"type": "http.request", "body": WHOLE, "more_body": True}, {"type": "http.disconnect"})
    assert (sent[0]["status"], sent[1]["body"].split(b":")[0]) == (400, b"gone")
    assert untouched.entries() == []


def test_a_websocket_is_closed(sidecar: Sidecar) -> None:
    """There is nothing to talk about in both directions."""
    sent = raw(sidecar, {"type": "websocket", "path": AUTHORIZE, "headers": []}, {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close", "code": 1008}]
