"""Asking the sidecar over HTTP: an allow is HTTP 200 with the JSON value `true`, and nothing else is.

Everything that is not a clear answer (unreachable, slow, another status, malformed) is unclear, and no enforcement point acts
on it.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

log = structlog.get_logger("quanheng.enforcement")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on."""

    allowed: bool
    clear: bool
    context: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def unclear(cls, problem: str) -> "Verdict":
        return cls(allowed=False, clear=False, problem=problem)

    @property
    def decision_id(self) -> str:
        return str(self.context.get("decision_id", ""))


class HttpDecider:
    """One sidecar. `client` carries base address, token and time limits."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        """Ask once; on a broken connection once more under the same identifier, which the sidecar answers the same."""
        for attempt in (1, 2):
            try:
                response = await self._client.post("/authorize", json=evaluation, headers={"X-Request-ID": request_id})
                return _read(response)
            except httpx.TransportError as fault:
                problem = f"{type(fault).__name__}: {fault}"
                log.warning("sidecar unreachable", attempt=attempt, problem=problem)
        return Verdict.unclear(problem)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        """Report an outcome; a report that cannot be made leaves the act counted, which is the safe side."""
        try:
            response = await self._client.post(f"/v1/decisions/{decision_id}/outcome", json={"result": result, "detail": detail})
            if response.status_code != httpx.codes.OK:
                log.warning("outcome not recorded", decision=decision_id, status=response.status_code)
        except httpx.TransportError as fault:
            log.warning("outcome not recorded", decision=decision_id, problem=str(fault))


def _read(response: httpx.Response) -> Verdict:
    if response.status_code != httpx.codes.OK:
        told = f": {response.text[:200]}" if httpx.codes.is_client_error(response.status_code) else ""
        return Verdict.unclear(f"HTTP {response.status_code}{told}")
    try:
        answer = response.json()
    except ValueError:
        return Verdict.unclear("the answer is not JSON")
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        return Verdict.unclear("the answer holds no decision")
    context = answer.get("context")
    return Verdict(answer["decision"], clear=True, context=context if isinstance(context, dict) else {})
