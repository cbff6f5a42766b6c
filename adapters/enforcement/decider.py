"""Asking the sidecar with the typed client, as an enforcement point needs it.

A question is asked once; on a broken connection once more under the same request identifier, which the sidecar answers the same.
Whatever fails is an unclear verdict, never an exception. An outcome that cannot be reported leaves the act counted, which is the
safe side.
"""

from typing import Any

import httpx
import structlog

from adapters.client import AsyncClient, Client, ClientError
from adapters.client.calls import DEADLINE
from adapters.enforcement.verdict import Verdict, verdict_of, without_decision

log = structlog.get_logger("quanheng.enforcement")


class HttpDecider:
    """One sidecar. `client` carries base address, token and time limits."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = AsyncClient(client, client.timeout.read or DEADLINE)

    async def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        try:
            return verdict_of(await self._client.evaluate(evaluation, request_id))
        except ClientError as fault:
            return without_decision(fault)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        try:
            await self._client.report(decision_id, performed=result == "performed", detail=detail)
        except ClientError as fault:
            _not_reported(decision_id, fault)


class BlockingDecider:
    """The same for points without an event loop (WSGI, Django)."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = Client(client, client.timeout.read or DEADLINE)

    def ask(self, evaluation: dict[str, Any], request_id: str) -> Verdict:
        try:
            return verdict_of(self._client.evaluate(evaluation, request_id))
        except ClientError as fault:
            return without_decision(fault)

    def report(self, decision_id: str, result: str, detail: str) -> None:
        try:
            self._client.report(decision_id, performed=result == "performed", detail=detail)
        except ClientError as fault:
            _not_reported(decision_id, fault)


def _not_reported(decision_id: str, fault: ClientError) -> None:
    log.warning("outcome not recorded", decision=decision_id, problem=fault.message)
