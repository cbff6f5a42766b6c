"""What crosses the proxy and what does not: headers, addresses, bodies of any size."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from adapters.enforcement.ruling import BODY_LIMIT
from adapters.storage.memory import MemoryStore
from sidecar.http_api.guard import Receive, Scope, Send
from tests.enforcement.chain import (
    AS_JSON,
    DECIDE,
    DO,
    EXAMPLE,
    IN_JSON,
    NOTE,
    OFFICER,
    Sidecar,
    System,
    call,
    proxy,
    real_sidecar,
)
from tests.enforcement.wire import request_bytes

HOP_BY_HOP = {
    "connection": "keep-alive",
    "keep-alive": "timeout=5",
    "proxy-authenticate": "Basic",
    "proxy-authorization": "Basic eA==",
    "proxy-connection": "keep-alive",
    "te": "trailers",
    "trailer": "Expires",
    "upgrade": "h2c",
}


def forwarded(
    *headers: tuple[str, str], method: str = "POST", target: str | bytes = DO, body: bytes = b""
) -> dict[str, list[str]]:
    """The headers with which a request reaches the system behind: name → values."""
    system = System()
    assert call(proxy(system, Sidecar()), method, target, OFFICER, *headers, body=body).status == 200
    (seen,) = system.seen
    names = {name.decode() for name, _ in seen.headers}
    return {name: [value.decode() for value in seen.values(name)] for name in names}


@pytest.mark.parametrize("name", HOP_BY_HOP)
def test_hop_by_hop_headers_of_a_request_end_here(name: str) -> None:
    """They are between client and proxy; what the system behind may see under the name is the proxy's own."""
    value = "x-odd-value" if name == "connection" else HOP_BY_HOP[name]
    assert value not in forwarded((name, value)).get(name, [])


@pytest.mark.parametrize("value", ["X-Session, X-Other", "x-session,close", "close, X-SESSION"])
def test_headers_named_in_connection_end_here(value: str) -> None:
    """What the client marks as meant for the next hop only goes no further; the rest does."""
    seen = forwarded(("Connection", value), ("X-Session", "1"), ("X-Kept", "2"))
    assert "x-session" not in seen
    assert seen["x-kept"] == ["2"]


@pytest.mark.parametrize("name", HOP_BY_HOP)
def test_hop_by_hop_headers_of_an_answer_end_here(name: str) -> None:
    """The client sees the answer's own headers and none of the connection behind."""
    system = System(headers=[(name.encode(), HOP_BY_HOP[name].encode()), (b"x-kept", b"1"), (b"x-kept", b"2")])
    answer = call(proxy(system, Sidecar()), "POST", DO, OFFICER)
    assert answer.values(name) == []
    assert answer.values("x-kept") == ["1", "2"]


def test_headers_named_in_connection_of_an_answer_end_here() -> None:
    """RFC 9110, 7.6.1 holds in both directions."""
    system = System(headers=[(b"connection", b"X-Session, close"), (b"x-session", b"1")])
    assert call(proxy(system, Sidecar()), "POST", DO, OFFICER).values("x-session") == []


@pytest.mark.parametrize("name", ["X-Quanheng-Decision", "x-quanheng-obligations", "X-QUANHENG-Anything"])
@pytest.mark.parametrize("target", [DO, NOTE])
def test_the_clients_own_quanheng_headers_are_removed(name: str, target: str) -> None:
    """Nobody but the proxy speaks to the system behind under this prefix."""
    seen = forwarded((name, "forged"), target=target)
    assert seen.get("x-quanheng-decision") == (["d-1"] if target == DO else None)
    assert not any("forged" in values for values in seen.values())


def test_underscores_are_no_way_round_the_prefix() -> None:
    """CGI and WSGI systems read X_Quanheng_Decision and X-Quanheng-Decision as one variable, so both are removed."""
    assert not any("forged" in values for values in forwarded(("X_Quanheng_Decision", "forged")).values())


def test_the_decision_and_its_duties_are_told_to_both_sides() -> None:
    """The system behind and the client learn the decision's identifier and what is still owed."""
    duties = [{"id": "deadline:issue"}, {"id": "receipt"}]
    system, sidecar = System(), Sidecar([(200, {"decision": True, "context": {"decision_id": "d-7", "obligations": duties}})])
    answer = call(proxy(system, sidecar), "POST", DO, OFFICER)
    assert system.seen[0].values("x-quanheng-decision") == [b"d-7"]
    assert system.seen[0].values("x-quanheng-obligations") == [b"deadline:issue,receipt"]
    assert answer.values("x-quanheng-decision") == ["d-7"]


def test_host_is_that_of_the_system_behind() -> None:
    """The name under which the client found the proxy is not passed on."""
    assert forwarded()["host"] == ["system.test:8182"]


@pytest.mark.parametrize("target", [DO, NOTE, "/nowhere"])
@pytest.mark.parametrize(
    "header", [("X_Officer", "o-1005"), ("x_officer", "o-1005"), ("Connection", "X-Officer"), ("Connection", "close, x-officer")]
)
def test_the_officer_decided_on_is_the_officer_the_system_sees(header: tuple[str, str], target: str) -> None:
    """A second spelling, or a Connection header that would take the officer away, is refused: nobody asked, nothing forwarded."""
    system, sidecar = System(), Sidecar()
    answer = call(proxy(system, sidecar), "POST", target, OFFICER, header, AS_JSON)
    assert (answer.status, answer.json["code"]) == (400, "ambiguous_header")
    assert (system.seen, sidecar.questions) == ([], [])


def test_the_system_cannot_speak_as_the_proxy() -> None:
    """An answer's own X-Quanheng-* headers are removed, so the client reads one decision, the true one."""
    system = System(headers=[(b"x-quanheng-decision", b"forged"), (b"X_Quanheng_Obligations", b"forged")])
    answer = call(proxy(system, Sidecar()), "POST", DO, OFFICER)
    assert answer.values("x-quanheng-decision") == ["d-1"]
    assert "forged" not in str(answer.headers)


@pytest.mark.parametrize("target", [DO, NOTE])
def test_nothing_is_said_for_the_client(target: str) -> None:
    """Beside host, framing and the proxy's own prefix, the system behind sees the client's headers only."""
    seen = forwarded(("X-Kept", "1"), target=target).keys()
    own = {"host", "connection", "transfer-encoding", "content-length", "x-quanheng-decision"}
    assert seen - own == {"x-officer", "x-kept"}


def test_no_packing_is_offered_that_the_client_did_not_offer() -> None:
    """A client that did not offer to unpack gzip must not be sent any: the answer is handed back as it is packed."""
    assert "accept-encoding" not in forwarded()
    assert forwarded(("Accept-Encoding", "br"))["accept-encoding"] == ["br"]


def test_one_clients_cookie_is_never_sent_for_another() -> None:
    """A session that the system behind opens for one officer stays with that officer."""
    system = System(headers=[(b"set-cookie", b"session=of-the-first; Path=/")])
    app = proxy(system, Sidecar())
    first = call(app, "GET", "/things", OFFICER)
    call(app, "GET", "/things", ("X-Officer", "o-1002"))
    assert first.values("set-cookie") == ["session=of-the-first; Path=/"]
    assert [seen.values("cookie") for seen in system.seen] == [[], []]


def test_a_clients_own_cookie_is_passed_on_as_it_is() -> None:
    """Cookies and other end-to-end headers are between client and system."""
    seen = forwarded(("Cookie", "a=1; b=2"), ("Authorization", "Bearer x"), ("X-Two", "1"), ("X-Two", "2"))
    assert (seen["cookie"], seen["authorization"], seen["x-two"]) == (["a=1; b=2"], ["Bearer x"], ["1", "2"])


@pytest.mark.parametrize("target", [DO, NOTE])
def test_a_header_in_chinese_is_passed_on_byte_for_byte(target: str) -> None:
    """A gateway that sends the officer's name in UTF-8 breaks nothing."""
    system = System()
    assert call(proxy(system, Sidecar()), "POST", target, OFFICER, ("X-Officer-Name", "张三")).status == 200
    assert system.seen[0].values("x-officer-name") == ["张三".encode()]


def test_the_clients_request_id_is_passed_on_but_never_used_for_the_question() -> None:
    """Every request is a question of its own, however the client numbers them."""
    system, sidecar = System(), Sidecar()
    app = proxy(system, sidecar)
    for _ in range(2):
        call(app, "POST", DO, OFFICER, ("X-Request-ID", "same"))
    assert [seen.values("x-request-id") for seen in system.seen] == [[b"same"], [b"same"]]
    assert len({"same", *sidecar.request_ids}) == 3


def test_the_same_request_id_twice_is_two_decisions() -> None:
    """Through the real sidecar: a client that repeats itself does not repeat the act under one decision."""
    store, system = MemoryStore(), System()
    app = proxy(system, real_sidecar(store), (EXAMPLE / "routes.yaml").read_text("utf-8"))
    body = b'{"applicant": "applicant-1", "only_prepackaged_food": false, "edible_farm_produce": false}'
    answers = [call(app, "POST", "/licences/L-1/accept", OFFICER, IN_JSON, ("X-Request-ID", "same"), body=body) for _ in range(2)]
    entries = [msgspec.json.decode(entry.body) for entry in store.reader.entries]
    decisions = {entry["decision_id"]: entry["decision"] for entry in entries if entry["kind"] == "decision"}
    assert list(decisions.values()) == ["allow", "deny"]
    assert [answer.status for answer in answers] == [200, 403]
    assert len(system.seen) == 1


QUERIES = [
    b"a=1",
    b"a=%41&b=%2f&c=%2F",
    b"a=+&b=%20&c=~",
    b"a&&b==&=c&",
    b"a=1;b=2",
    b"a[]=1&a[]=2",
    b"a={x}|^`",
    b"a='1'",
    b"%E6%A1%88=%e6%a1%88",
    b"a=%00%zz%",
    b"a=1?b=/../..//",
    b"a=//http://other.test/",
    b'a="<>"',
]


@pytest.mark.parametrize("query", QUERIES, ids=repr)
@pytest.mark.parametrize(("method", "path"), [("GET", b"/things"), ("POST", DO.encode())])
def test_the_query_reaches_the_system_byte_for_byte(query: bytes, method: str, path: bytes) -> None:
    """What was decided on and what is carried out are the same bytes."""
    system = System()
    assert call(proxy(system, Sidecar()), method, path + b"?" + query, OFFICER).status == 200
    assert [(seen.path, seen.query) for seen in system.seen] == [(path, query)]


@pytest.mark.parametrize(
    "thing", [b"a", b"a-b_c.d~e", b"%E6%A1%88", b"%e6%a1%88", b"a:b@c", b"a+b", b"a%20b", b"(a)!*'", b"a,b=c&d$"]
)
def test_a_plain_path_reaches_the_system_byte_for_byte(thing: bytes) -> None:
    """The path is passed on as it came, neither decoded nor tidied."""
    system = System()
    assert call(proxy(system, Sidecar()), "GET", b"/things/" + thing).status == 200
    assert system.seen[0].path == b"/things/" + thing


PIECE = b"x" * 64 * 1024
PIECES = 160  # 10 MiB: ten times what may be read to decide
AHEAD = 64  # pieces that may be on their way: what kernel and proxy hold between two ends


class _Counting:
    """A system behind that notes, at each piece it gets, how many the client had sent by then."""

    def __init__(self) -> None:
        self.sent = 0
        self.got = 0
        self.ahead: list[int] = []

    def pieces(self) -> Iterator[bytes]:
        for _ in range(PIECES):
            self.sent += 1
            yield PIECE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert dict(scope["headers"]).get(b"transfer-encoding") == b"chunked"
        more = True
        while more:
            message = await receive()
            self.got += len(message.get("body", b""))
            self.ahead.append(self.sent - self.got // len(PIECE))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("target", [NOTE, DO])
def test_a_large_body_streams_through(target: str) -> None:
    """Where no value stands in the body it is handed on piece by piece, however large, and never gathered."""
    system = _Counting()
    assert call(proxy(system, Sidecar()), "POST", target, OFFICER, body=system.pieces()).status == 200
    assert system.got == PIECES * len(PIECE)
    assert max(system.ahead) <= AHEAD


class _LongAnswer:
    """A system behind that makes its answer piece by piece."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(PIECES):
            self.made += 1
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(("method", "target"), [("GET", "/things"), ("POST", DO)])
def test_a_large_answer_streams_back(method: str, target: str) -> None:
    """The client reads slowly, and the system behind is kept from running ahead: nobody gathers what has not been read."""
    system, ahead = _LongAnswer(), list[int]()

    async def read_slowly() -> int:
        got = 0
        async with proxy(system, Sidecar()).running() as running:
            reader, writer = await running.open()
            writer.write(request_bytes(method, target, OFFICER))
            while got < PIECES * len(PIECE):
                piece = await reader.read(len(PIECE))
                assert piece, "the answer ended early"
                got += len(piece)
                ahead.append(system.made - got // len(PIECE))
                await asyncio.sleep(0)
        return got

    assert asyncio.run(read_slowly()) >= PIECES * len(PIECE)
    assert max(ahead) <= AHEAD


def padded(size: int) -> bytes:
    return b'{"result": "grant"}'.ljust(size)


@pytest.mark.parametrize("whole", [True, False], ids=["one piece", "many pieces"])
def test_a_body_at_the_limit_is_read_and_forwarded_unchanged(whole: bool) -> None:
    """Exactly the limit is allowed, and the system behind gets the very bytes the decision was made on."""
    data, system, sidecar = padded(BODY_LIMIT), System(), Sidecar()
    body = data if whole else (data[n : n + len(PIECE)] for n in range(0, len(data), len(PIECE)))
    assert call(proxy(system, sidecar), "POST", DECIDE, OFFICER, IN_JSON, body=body).status == 200
    assert system.seen[0].body == data
    assert sidecar.questions[0]["action"]["properties"] == {"outcome": "grant"}


def test_a_body_above_the_limit_is_refused_unasked() -> None:
    """413, read no further than the limit, nobody asked, nothing forwarded."""
    taken: list[int] = []

    def pieces() -> Iterator[bytes]:
        for n in range(1000):
            taken.append(n)
            yield PIECE

    system, sidecar = System(), Sidecar()
    answer = call(proxy(system, sidecar), "POST", DECIDE, OFFICER, IN_JSON, AS_JSON, body=pieces())
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert (system.seen, sidecar.questions) == ([], [])
    assert len(taken) <= BODY_LIMIT // len(PIECE) + AHEAD


BAD_BODIES = {
    "half": b'{"result": "grant"',
    "a form": b"result=grant",
    "member twice": b'{"result": "refuse", "result": "grant"}',
    "member twice in disguise": b'{"result": "refuse", "r\\u0065sult": "grant"}',
    "NaN": b'{"result": NaN}',
    "byte order mark": b'\xef\xbb\xbf{"result": "grant"}',
    "UTF-16": '{"result": "grant"}'.encode("utf-16"),
    "not UTF-8": b'{"result": "\xff"}',
    "two documents": b'{"result": "grant"} {}',
    "hidden character": '{"result": "gr\u200bant"}'.encode(),
    "too deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "value is a list": b'{"result": ["grant"]}',
    "value is a block": b'{"result": {"a": 1}}',
    "value is a fraction": b'{"result": 1.5}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_malformed_body_is_refused_unasked(name: str) -> None:
    """Where a value stands in the body, a body that two readers could read differently is 400 and reaches nobody."""
    system, sidecar = System(), Sidecar()
    assert call(proxy(system, sidecar), "POST", DECIDE, OFFICER, IN_JSON, body=BAD_BODIES[name]).status == 400
    assert (system.seen, sidecar.questions) == ([], [])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_that_is_not_declared_json_is_not_decided_as_json(kind: str) -> None:
    """One body, two readers: as JSON it says nothing of a result, as a form it says grant."""
    system, sidecar = System(), Sidecar()
    body = b'{"x": "&result=grant&"}'
    answer = call(proxy(system, sidecar), "POST", DECIDE, OFFICER, ("Content-Type", kind), body=body)
    assert answer.status in {400, 415}
    assert (system.seen, sidecar.questions) == ([], [])


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"result": null}', b'{"result": ""}', b'{"other": "grant"}'])
def test_a_value_that_is_not_there_is_not_asked_about(body: bytes) -> None:
    """An absent member is absent from the question; nothing is made up for it."""
    system, sidecar = System(), Sidecar()
    assert call(proxy(system, sidecar), "POST", DECIDE, OFFICER, IN_JSON, body=body).status == 200
    assert sidecar.questions[0]["action"]["properties"] == {}
    assert system.seen[0].body == body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_declared_length_is_that_of_the_forwarded_body(method: str) -> None:
    """A length without its body would make the system behind wait, or take the next request for it."""
    system = System()
    target = "/things" if method == "GET" else NOTE
    call(proxy(system, Sidecar()), method, target, OFFICER, body=b"hello")
    (seen,) = system.seen
    assert seen.values("content-length") in ([], [str(len(seen.body)).encode()])


def test_a_client_that_goes_away_while_sending_is_not_forwarded_as_whole() -> None:
    """A body that breaks off is not passed off as complete, and no act is reported."""
    system, sidecar = System(), Sidecar()

    async def go_away() -> None:
        async with proxy(system, sidecar).running() as running:
            _, writer = await running.open()
            writer.write(request_bytes("POST", DO, OFFICER, ("Content-Length", "100")) + b"half")
            await asyncio.sleep(0.02)
            writer.close()
            await asyncio.sleep(0.05)

    asyncio.run(go_away())
    assert not any(seen.body == b"half" for seen in system.seen)
    assert sidecar.reports == []
