"""Asking the sidecar over HTTP, with an event loop and without one.

A question is asked once; on a broken connection once more under the same request identifier, which the sidecar answers the same.
Whatever fails is an unclear verdict, never an exception. An outcome that cannot be reported leaves the act counted, which is the
safe side.
"""

from typing import Any

import httpx
import structlog

from adapters.enforcement.verdict import Verdict, verdict_of

log = structlog.get_logger("quanheng.enforcement")

_ATTEMPTS = (1, 2)


class HttpDecider:
    """One sidecar. `client` carries base address, token and time limits."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        problem = ""
        for attempt in _ATTEMPTS:
            try:
                response = await self._client.post("/authorize", json=evaluation, headers={"X-Request-ID": request_id})
                return verdict_of(response.status_code, response.content)
            except httpx.RequestError as fault:
                problem = _unreachable(attempt, fault)
        return Verdict.unclear(problem)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        try:
            response = await self._client.post(_outcome_path(decision_id), json={"result": result, "detail": detail})
            _reported(decision_id, response)
        except httpx.RequestError as fault:
            _not_reported(decision_id, fault)


class BlockingDecider:
    """The same for points without an event loop (WSGI, Django)."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        problem = ""
        for attempt in _ATTEMPTS:
            try:
                response = self._client.post("/authorize", json=evaluation, headers={"X-Request-ID": request_id})
                return verdict_of(response.status_code, response.content)
            except httpx.RequestError as fault:
                problem = _unreachable(attempt, fault)
        return Verdict.unclear(problem)

    def report(self, decision_id: str, result: str, detail: str) -> None:
        try:
            _reported(decision_id, self._client.post(_outcome_path(decision_id), json={"result": result, "detail": detail}))
        except httpx.RequestError as fault:
            _not_reported(decision_id, fault)


def _outcome_path(decision_id: str) -> str:
    return f"/v1/decisions/{decision_id}/outcome"


def _unreachable(attempt: int, fault: httpx.RequestError) -> str:
    problem = f"{type(fault).__name__}: {fault}"
    log.warning("sidecar unreachable", attempt=attempt, problem=problem)
    return problem


def _reported(decision_id: str, response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        log.warning("outcome not recorded", decision=decision_id, status=response.status_code)


def _not_reported(decision_id: str, fault: httpx.RequestError) -> None:
    log.warning("outcome not recorded", decision=decision_id, problem=str(fault))
