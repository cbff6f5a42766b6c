"""Asking the sidecar over kept connections, without the weight of a general HTTP client: as `HttpDecider`, several times faster.

A question is asked once; on a broken connection once more under the same request identifier, which the sidecar answers the same.
Both together take `seconds` at most. Whatever fails is an unclear verdict, never an exception.
"""

import asyncio
from typing import Any

import httpx
import msgspec
import structlog

from adapters.client import ClientError
from adapters.client.answers import decision_of
from adapters.client.calls import MAX_ANSWER, overloaded
from adapters.enforcement.proxy.upstream import LostError, NotConnectedError, Pool
from adapters.enforcement.verdict import Verdict, verdict_of, without_decision

_ATTEMPTS = (1, 2)
_UNAVAILABLE = 503

log = structlog.get_logger("quanheng.enforcement")


class PooledDecider:
    """One sidecar at the end of a pool. `token` is this point's own towards the sidecar, empty where none is asked for."""

    def __init__(self, pool: Pool, authority: bytes, token: str, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds
        authorization = b"authorization: Bearer %s\r\n" % token.encode() if token else b""
        self._lines = b"host: %s\r\n%scontent-type: application/json\r\n" % (authority, authorization)

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        body, identifier = msgspec.json.encode(evaluation), b"x-request-id: %s\r\n" % request_id.encode()
        problem = "no answer in time"
        try:
            async with asyncio.timeout(self._seconds):
                for attempt in _ATTEMPTS:
                    try:
                        status, headers, data = await self._post(b"/authorize", body, identifier)
                    except (LostError, NotConnectedError) as fault:
                        problem = str(fault)
                        log.warning("sidecar unreachable", attempt=attempt, problem=problem)
                        continue
                    wait = overloaded(status, httpx.Headers(headers)) if status == _UNAVAILABLE else None
                    if wait is None or attempt == _ATTEMPTS[-1] or wait.seconds >= self._seconds:
                        return verdict_of(decision_of(status, data))
                    problem = wait.problem
                    await asyncio.sleep(wait.seconds)
        except TimeoutError:
            log.warning("sidecar unreachable", attempt=0, problem=problem)
        except ClientError as fault:
            return without_decision(fault)
        return Verdict(allowed=False, clear=False, problem=problem)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        body = msgspec.json.encode({"result": result, "detail": detail})
        try:
            async with asyncio.timeout(self._seconds):
                status, _, _ = await self._post(f"/v1/decisions/{decision_id}/outcome".encode(), body, b"")
        except (LostError, NotConnectedError, TimeoutError) as fault:
            log.warning("outcome not recorded", decision=decision_id, problem=str(fault) or "no answer in time")
        else:
            if status != 200:  # noqa: PLR2004
                log.warning("outcome not recorded", decision=decision_id, status=status)

    async def _post(self, path: bytes, body: bytes, more: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        head = b"POST %s HTTP/1.1\r\n%s%scontent-length: %d\r\n\r\n" % (path, self._lines, more, len(body))
        connection = await self._pool.get()
        try:
            answer = await connection.begin(head + body, head_only=False, whole=True, seconds=self._seconds)
            data = answer.body.gathered()
            if data is None:
                data = await _whole(answer.body)
        except BaseException:  # also when the time is over: an answer that comes later must not be taken for the next one
            connection.end()
            raise
        return answer.status, answer.headers, data


async def _whole(body: Any) -> bytes:
    data = bytearray()
    while piece := await body.piece():
        data += piece
        if len(data) > MAX_ANSWER:
            raise LostError("the answer is too large")
    return bytes(data)
