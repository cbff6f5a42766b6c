"""Outcomes: `POST /v1/decisions/{id}/outcome`. Every act that is let through is reported, so this is half of the hot path."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sidecar.errors import NotFoundError, OverloadedError, RequestError, StoreError
from sidecar.http_api.callers import Callers
from sidecar.http_api.guard import JSON, OVERLOADED, Reply
from sidecar.http_api.heads import Head, asking_caller, check_content_type
from sidecar.http_api.strict_json import read_json
from sidecar.ports.telling import Then
from sidecar.service.answering import CallerFacts
from sidecar.service.outcome import OutcomeReports

LOG_UNAVAILABLE = "LOG_UNAVAILABLE: the record cannot be read or written now"

log = structlog.get_logger("quanheng.http")


class OutcomeReport(BaseModel):
    """What became of an act: it was performed, or it failed and counts no longer."""

    model_config = ConfigDict(strict=True)

    result: Literal["performed", "failed"]
    detail: str = Field(default="", max_length=200)


class Outcomes:
    """Answers reports, which arrive like requests for decisions, in the lane or as ASGI requests."""

    def __init__(self, reports: OutcomeReports, callers: Callers) -> None:
        self._reports, self._callers = reports, callers

    def begin(self, head: Head, body: bytes, then: Then[Reply]) -> None:
        """Record one report, then tell the reply. Raises RequestError for one that cannot be understood."""
        caller = asking_caller(self._callers, head, "this caller may not ask")
        if head.content_type != "application/json":
            check_content_type(head.content_type)
        report = _report(body)

        def recorded(done: bytes | Exception) -> None:
            then(_reply(done))

        facts = CallerFacts(caller.name, head.client_ip, head.request_id, caller.limits)
        try:
            self._reports.begin(head.reported, report.result, report.detail, facts, recorded)
        except (NotFoundError, StoreError) as fault:
            asyncio.get_running_loop().call_soon(recorded, fault)


def _report(body: bytes) -> OutcomeReport:
    """Read with the same strictness as a request for a decision."""
    try:
        return OutcomeReport.model_validate(read_json(body))
    except ValidationError as fault:
        raise RequestError("bad_request", problems(fault.errors())) from None


def problems(errors: Sequence[Any]) -> str:
    """What pydantic found wrong, in one line."""
    return "; ".join(f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}" for error in errors)


def _reply(done: bytes | Exception) -> Reply | Exception:
    if isinstance(done, bytes):
        return Reply(200, done, JSON)
    if isinstance(done, NotFoundError):
        return Reply(404, f"not_found: {done.message}".encode())
    if isinstance(done, StoreError) and not isinstance(done, OverloadedError):
        log.error("record unavailable", problem=done.message)
        return Reply(503, LOG_UNAVAILABLE.encode(), extra=((b"retry-after", OVERLOADED.seconds),))
    return done
