"""The witness over HTTP: `POST /add-checkpoint`, and its key for people. It knows nothing of decisions."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sidecar.decision_log.notes import Cosigner
from sidecar.decision_log.witnessing import SIZE_TYPE, Asked, KnownLog, Refusal, Seen, judge, read_asked

MAX_BODY = 128 * 1024
TOO_LARGE = 413

log = structlog.get_logger("quanheng.witness")


class Memory(Protocol):
    """What was cosigned last. `advance` is one step: it compares and remembers, durably, or does neither."""

    def last(self, origin: str) -> Seen | None: ...

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool: ...


def witness_app(cosigner: Cosigner, logs: Mapping[str, KnownLog], memory: Memory, seconds: Callable[[], int]) -> Starlette:
    """`seconds` is the time since the epoch."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse(f"a request has at most {MAX_BODY} bytes", TOO_LARGE)
        asked = read_asked(body, logs)
        answer = asked if isinstance(asked, Refusal) else await asyncio.to_thread(_cosign, asked, cosigner, memory, seconds)
        if isinstance(answer, Refusal):
            log.warning("not cosigned", status=answer.status, told=answer.told.strip())
            kind = SIZE_TYPE if answer.size is not None else "text/plain; charset=utf-8"
            return Response(answer.told, answer.status, {"content-type": kind})  # as it is: no charset is added
        log.info("cosigned", log=asked.checkpoint.origin, size=asked.checkpoint.size)  # type: ignore[union-attr]
        return PlainTextResponse(answer)

    async def key(_: Request) -> Response:
        return PlainTextResponse(f"{cosigner.key}\n")

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/key", key, methods=["GET"])])


async def _body(request: Request) -> bytes | None:
    """The whole body, or None for one that is too large."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def _cosign(asked: Asked, cosigner: Cosigner, memory: Memory, seconds: Callable[[], int]) -> str | Refusal:
    """On a thread: it waits for the disk."""
    origin, size, root = asked.checkpoint
    seen = memory.last(origin)
    refusal = judge(asked, seen)
    if refusal is not None:
        return refusal
    if (seen is None or seen.size != size) and not memory.advance(origin, seen, Seen(size, root)):
        known = memory.last(origin)
        size_now = known.size if known else 0
        return Refusal(409, f"{size_now}\n", size_now)
    return cosigner.cosign(asked.note.text, seconds()).line()
