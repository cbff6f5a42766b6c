"""Asking the sidecar over kept connections, without the weight of a general HTTP client: as `HttpDecider`, several times faster.

A question is asked once; on a broken connection, or when the sidecar says that it is overloaded, once more under the same
request identifier, which the sidecar answers the same. Both together take `seconds` at most. Whatever fails is an unclear
verdict, never an exception.

Reports of outcomes go the same way, for saying the same again changes nothing, but over connections of their own: so none stands
before a question, and all that goes over one connection has the same head, which the sidecar knows by its bytes (ADR 0013).
"""

import asyncio
import math
from typing import Any

import httpx
import msgspec
import structlog

from adapters.client import ClientError, Decision
from adapters.client.answers import decision_in, decision_of
from adapters.client.calls import ATTEMPTS, MAX_ANSWER, comes_again, overloaded
from adapters.enforcement.proxy.flow import Flow
from adapters.enforcement.proxy.upstream import Connection, LostError, NotConnectedError, Pool
from adapters.enforcement.verdict import Verdict, verdict_of, without_decision

_OK, _UNAVAILABLE = 200, 503
_LATE = "no answer in time"
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode

log = structlog.get_logger("quanheng.enforcement")


class PooledDecider:
    """One sidecar at the end of two pools. `token` is this point's own towards the sidecar, empty where none is asked for."""

    def __init__(self, questions: Pool, reports: Pool, authority: bytes, token: str, seconds: float) -> None:
        self._questions, self._reports, self._seconds = questions, reports, seconds
        authorization = b"authorization: Bearer %s\r\n" % token.encode() if token else b""
        self._lines = b"host: %s\r\n%scontent-type: application/json\r\n" % (authority, authorization)

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        asked = self._post(b"/authorize", b"x-request-id: %s\r\n" % request_id.encode(), _encode(evaluation))
        try:
            status, data = await self._answered(self._questions, asked)
            return verdict_of(_read(status, data))
        except (LostError, NotConnectedError) as fault:
            return Verdict(allowed=False, clear=False, problem=str(fault))
        except ClientError as fault:
            return without_decision(fault)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        told = self._post(b"/v1/decisions/%s/outcome" % decision_id.encode(), b"", _encode({"result": result, "detail": detail}))
        try:
            status, _ = await self._answered(self._reports, told)
        except (LostError, NotConnectedError) as fault:
            log.warning("outcome not recorded", decision=decision_id, problem=str(fault))
        else:
            if status != _OK:
                log.warning("outcome not recorded", decision=decision_id, status=status)

    def _post(self, path: bytes, more: bytes, body: bytes) -> bytes:
        return b"POST %s HTTP/1.1\r\n%s%scontent-length: %d\r\n\r\n%s" % (path, self._lines, more, len(body), body)

    async def _answered(self, pool: Pool, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises LostError or NotConnectedError where there is none in time."""
        now, problem = pool.watch.loop.time, _LATE
        until = now() + self._seconds
        for attempt in range(1, ATTEMPTS + 1):
            if now() >= until:
                break
            try:
                status, headers, data = await _exchanged(pool, request, until)
            except (LostError, NotConnectedError) as fault:
                problem = str(fault)
                log.warning("sidecar unreachable", attempt=attempt, problem=problem)
                continue
            wait = overloaded(status, httpx.Headers(headers)) if status == _UNAVAILABLE else None
            if wait is None or not comes_again(wait, attempt, until - now()):
                return status, data
            problem = wait.problem
            await asyncio.sleep(wait.seconds)
        raise LostError(problem)


def _read(status: int, data: bytes) -> Decision:
    """As the client reads it, which also says what is wrong; decoded by the quicker decoder where that can."""
    try:
        answer = _decode(data) if status == _OK else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    return decision_in(answer, status) if isinstance(answer, dict) else decision_of(status, data)


async def _exchanged(pool: Pool, request: bytes, until: float) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    connection = pool.kept() or await _connected(pool, until)
    timer = pool.watch.loop.call_at(until, connection.lose, _LATE)  # to the moment, which the watch is not
    try:
        answer = await connection.begin(request, head_only=False, whole=True, seconds=math.inf)
        data = answer.body.gathered()
        return answer.status, answer.headers, await _whole(answer.body) if data is None else data
    except BaseException:  # also when nobody waits any more: an answer that comes later must not be taken for the next one
        connection.end()
        raise
    finally:
        timer.cancel()


async def _connected(pool: Pool, until: float) -> Connection:
    try:
        async with asyncio.timeout_at(until):
            return await pool.get()
    except TimeoutError:
        raise NotConnectedError("NO_CONNECTION_IN_TIME") from None


async def _whole(body: Flow) -> bytes:
    data = bytearray()
    while piece := await body.piece():
        data += piece
        if len(data) > MAX_ANSWER:
            raise LostError("ANSWER_TOO_LARGE")
    return bytes(data)
