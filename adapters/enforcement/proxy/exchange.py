"""What the proxy does with one request: match the route → read what the route needs → ask the sidecar → fulfil what it fulfils
itself → forward, or answer 403 with a reason a person can read → report the outcome. Closed failure everywhere: unmapped, unclear
or malformed is not forwarded.

Outcome: a 2xx or 3xx answer of the system behind is `performed`; a 4xx answer, and a connection that never opened, is `failed`.
After a 5xx, a time-out or a connection that broke nobody knows what happened, so nothing is reported and the act stays
counted: a system that crashes must not hand anyone a second chance. A failure is reported before the client hears of it, so that
the client may try again at once; a performance is reported after, and nobody waits for it.

The client's X-Request-ID is passed on but never used towards the sidecar: a client that repeats itself would otherwise repeat
the act under one decision. Client-sent X-Quanheng-* headers are removed; the decision is told to the system behind in headers
of that name.

A client that waits to be asked for its body (`Expect: 100-continue`) is asked only when its request has passed, or when the body
must be read to decide.
"""

import asyncio
import functools
import math
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from adapters.enforcement.asking import decided, result_of, still_allowed
from adapters.enforcement.headers import believable, forwarded, returned
from adapters.enforcement.proxy.client import Client, Request
from adapters.enforcement.proxy.heads import Head, answer_head, chunk, framed, last_chunk, request_head
from adapters.enforcement.proxy.reverse_proxy import OWN_PREFIX, ReverseProxy
from adapters.enforcement.proxy.tunnel import Still, carry
from adapters.enforcement.proxy.upstream import Answer, Connection, LostError, NotConnectedError, Pool
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.ruling import BODY_LIMIT, Incoming, Ruling, malformed, too_large
from sidecar.errors import RequestError

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_UPGRADE = b"connection: Upgrade\r\nupgrade: websocket\r\n"
_SWITCHED = 101
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_LOCAL = ("", "127.0.0.1", "::1")

Later = Callable[[Coroutine[Any, Any, None]], None]

log = structlog.get_logger("quanheng.proxy")


class Exchanges:
    """Serves requests with the rules of a proxy and the connections of a pool. `later` runs what nobody waits for."""

    def __init__(self, proxy: ReverseProxy, pool: Pool, authority: bytes, later: Later) -> None:
        self._proxy, self._pool, self._authority, self._later = proxy, pool, authority, later

    async def serve(self, request: Request, client: Client) -> bool:
        """Whether the connection of the client may be used again."""
        head = request.head
        if head is None:
            fault = request.fault or RequestError("bad_http", "this is not HTTP/1.1")
            unknown = Incoming("", "", "", request.headers, client.peer)
            return self._refuse(client, None, unknown, malformed(fault), keep_alive=False)
        path, _, query = head.target.partition(b"?")
        incoming = Incoming(
            head.method, path.decode("latin-1"), query.decode("latin-1"), tuple(head.headers), client.peer, None, head.websocket
        )
        if path.startswith(OWN_PREFIX):
            return self._own(request, head, client, incoming)
        try:
            return await self._serve(request, head, client, incoming)
        except RequestError as fault:  # the client broke off, or sent what cannot be read to the end
            return self._refuse(client, head, incoming, malformed(fault), keep_alive=False)

    async def _serve(self, request: Request, head: Head, client: Client, incoming: Incoming) -> bool:
        matched = self._proxy.enforcement.match(incoming)
        if isinstance(matched, Ruling):
            return self._refuse(client, head, incoming, matched, keep_alive=request.body.ended)
        if self._proxy.down:
            refused = self._proxy.enforcement.refused("down", 503, "SYSTEM_DOWN")
            return self._refuse(client, head, incoming, refused, keep_alive=request.body.ended)
        data = None
        if matched.route.reads_body:
            client.go_on(request)
            data = await _whole(request, head)
            incoming = incoming._replace(body=data)
        ruling = await decided(self._proxy.enforcement, self._proxy.decider, incoming, matched)
        if ruling.duties:
            ruling = await self._proxy.fulfilled(ruling)
        if not ruling.passes:
            return self._refuse(client, head, incoming, ruling, keep_alive=request.body.ended)
        self._proxy.count(ruling.result)
        still = functools.partial(still_allowed, self._proxy.enforcement, self._proxy.decider, incoming, matched)
        return await self._perform(request, head, data, client, ruling, still)

    def _refuse(self, client: Client, head: Head | None, incoming: Incoming, ruling: Ruling, *, keep_alive: bool) -> bool:
        """A body that is still to come is not read: the connection ends."""
        self._proxy.count(ruling.result)
        if ruling.result == "unmapped":
            log.warning("unmapped route", method=incoming.method, path=incoming.raw_path)
        keep_alive = keep_alive and head is not None and head.keep_alive
        if ruling.refusal:
            reply = reply_of(ruling.refusal, incoming.headers, f"{incoming.method} {incoming.raw_path}".strip())
            client.reply(reply, head, keep_alive=keep_alive)
        return keep_alive

    def _own(self, request: Request, head: Head, client: Client, incoming: Incoming) -> bool:
        """For this machine only."""
        if client.peer.address not in _LOCAL:
            unmapped = self._proxy.enforcement.refused("unmapped", 403, "UNMAPPED_ROUTE")
            return self._refuse(client, head, incoming, unmapped, keep_alive=request.body.ended)
        keep_alive = head.keep_alive and request.body.ended
        client.reply(self._proxy.own(head.target), head, keep_alive=keep_alive)
        return keep_alive

    # -- forwarding -------------------------------------------------------------------------------------------------------------

    async def _perform(
        self, request: Request, head: Head, data: bytes | None, client: Client, ruling: Ruling, still: Still
    ) -> bool:
        try:
            upstream, answer, pump = await self._answered(request, head, data, client, ruling)
        except NotConnectedError as fault:
            log.error("upstream cannot be reached", problem=str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            await self._proxy.report(ruling, 0)
            return self._broken(request, head, client, "NOT_CONNECTED")
        except LostError as fault:
            log.error("upstream broke", problem=str(fault))  # noqa: TRY400 - expected, a stack adds nothing
            return self._broken(request, head, client, "UNKNOWN_OUTCOME")
        if answer.status == _SWITCHED:
            return await self._switched(request, head, client, upstream, answer, ruling, still)
        if result_of(answer.status) == "failed":
            await self._proxy.report(ruling, answer.status)
        whole = await self._return(head, client, upstream, answer, ruling)
        if pump and not pump.done():  # the answer ended before the body: the rest of it is nobody's
            pump.cancel()
            upstream.end()
        if whole is not None and result_of(answer.status) == "performed" and ruling.decision_id:
            self._later(self._proxy.report(ruling, answer.status))
        return bool(whole) and request.body.ended

    async def _answered(
        self, request: Request, head: Head, data: bytes | None, client: Client, ruling: Ruling
    ) -> tuple[Connection, Answer, "asyncio.Task[None] | None"]:
        """Forward and wait for the head of the answer. Raises NotConnectedError, LostError, or what is wrong with the body."""
        body = request.body.gathered() if data is None else data
        sent = self._head(head, client, body, ruling)
        upstream = await self._pool.get()
        try:
            return upstream, *await self._ask(upstream, request, head, client, sent, body)
        except LostError:
            # A kept connection that the server was just ending: what changes nothing and was not decided is asked once more.
            untouched = upstream.reused and upstream.silent and not ruling.decision_id
            if not (untouched and head.method in _REPEATABLE and body is not None):
                raise
        upstream = await self._pool.get()
        return upstream, *await self._ask(upstream, request, head, client, sent, body)

    async def _ask(
        self, upstream: Connection, request: Request, head: Head, client: Client, sent: bytes, body: bytes | None
    ) -> tuple[Answer, "asyncio.Task[None] | None"]:
        """The head of the answer, and where the body is still on its way who carries it."""
        seconds, head_only = self._pool.bounds.answer_seconds, head.method == "HEAD"
        if body is not None:
            return await upstream.begin(sent + body, head_only=head_only, whole=True, seconds=seconds), None
        client.go_on(request)
        answered = upstream.begin(sent, head_only=head_only, whole=False, seconds=math.inf)
        pump = asyncio.create_task(_pump(request, upstream, in_chunks=head.length is None, seconds=seconds))
        pump.add_done_callback(_seen)
        try:
            return await answered, pump
        except LostError:
            if pump.done() and not pump.cancelled() and isinstance(fault := pump.exception(), RequestError):
                raise fault from None
            pump.cancel()
            raise

    def _head(self, head: Head, client: Client, body: bytes | None, ruling: Ruling) -> bytes:
        """What the system behind is sent: the client's end-to-end headers, what is told, and framing made anew."""
        kept = [header for header in head.headers if header[0] not in _FRAMING]
        if not self._proxy.enforcement.believes(client.peer):
            kept = believable(kept, self._proxy.enforcement.told_by_gateways)
        if head.websocket:
            framing = _UPGRADE
        elif body is None:
            framing = framed(head.length)
        elif body or head.method in _BODY_METHODS or any(name == b"content-length" for name, _ in head.headers):
            framing = framed(len(body))
        else:
            framing = b""
        return request_head(head.method, head.target, self._authority, forwarded(kept, ruling.told), framing)

    async def _return(self, head: Head, client: Client, upstream: Connection, answer: Answer, ruling: Ruling) -> bool | None:
        """Hand the answer back piece by piece. Whether the connection may be used again; None when the answer broke off."""
        passing = [header for header in answer.headers if header[0] != b"content-length"]
        framing = answer_head(head, answer.status, returned(passing, ruling.told), answer.length)
        data = answer.body.gathered()
        if data is not None:
            tail = (chunk(data) if data else b"") + last_chunk() if framing.in_chunks else data
            client.write(framing.head + tail)
        else:
            client.write(framing.head)
            try:
                while (piece := await answer.body.piece()) and not client.gone:
                    client.write(chunk(piece) if framing.in_chunks else piece)
                    await client.gate.passed()
            except LostError as fault:
                log.error("upstream broke off its answer", problem=str(fault))  # noqa: TRY400 - expected
                client.cut()
                return None
            if client.gone:
                upstream.end()
            elif framing.in_chunks:
                client.write(last_chunk())
        await client.gate.passed()
        return framing.keep_alive

    async def _switched(
        self,
        request: Request,
        head: Head,
        client: Client,
        upstream: Connection,
        answer: Answer,
        ruling: Ruling,
        still: Still,
    ) -> bool:
        if not head.websocket:
            upstream.end()
            log.error("upstream broke", problem="it switched protocols unasked")
            return self._broken(request, head, client, "UNKNOWN_OUTCOME")
        lines = [b"%s: %s\r\n" % header for header in returned(answer.headers, ruling.told) if header[0] not in _FRAMING]
        client.write(b"".join((b"HTTP/1.1 101 Switching Protocols\r\n", _UPGRADE, *lines, b"\r\n")))
        if ruling.decision_id:
            self._later(self._proxy.report(ruling, answer.status))
        ended = await carry(client, upstream, self._pool.watch, self._pool.bounds, still if ruling.decision_id else None)
        if ended:
            self._proxy.count("ended")
            log.info("websocket ended", decision=ruling.decision_id, reason=ended)
        return False

    def _broken(self, request: Request, head: Head, client: Client, code: str) -> bool:
        keep_alive = head.keep_alive and request.body.ended
        refusal = self._proxy.enforcement.refused("broken", 502, code).refusal
        asked = f"{head.method} {head.target.partition(b'?')[0].decode('latin-1')}"
        if refusal:
            client.reply(reply_of(refusal, tuple(head.headers), asked), head, keep_alive=keep_alive)
        return keep_alive


async def _whole(request: Request, head: Head) -> bytes:
    """A body that must be read to decide. Raises RequestError beyond its bound."""
    if head.length is not None and head.length > BODY_LIMIT:
        raise too_large()
    data = bytearray()
    while piece := await request.body.piece():
        data += piece
        if len(data) > BODY_LIMIT:
            raise too_large()
    return bytes(data)


async def _pump(request: Request, upstream: Connection, *, in_chunks: bool, seconds: float) -> None:
    """The body on its way. One that breaks off is not passed off as whole: the connection behind ends with it."""
    try:
        while piece := await request.body.piece():
            upstream.transport.write(chunk(piece) if in_chunks else piece)
            await upstream.gate.passed()
    except RequestError:
        upstream.end()
        raise
    if in_chunks:
        upstream.transport.write(last_chunk())
    upstream.sent(seconds)


def _seen(pump: "asyncio.Task[None]") -> None:
    if not pump.cancelled():
        pump.exception()  # told already, by what became of the request
