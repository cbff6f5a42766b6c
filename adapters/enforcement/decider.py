"""Asking the sidecar over HTTP: an allow is HTTP 200 with the JSON value `true`, and nothing else is.

Everything that is not a clear answer (unreachable, slow, another status, malformed) is unclear, and no enforcement point acts
on it.
"""

from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from sidecar.messages import Sentence

log = structlog.get_logger("quanheng.enforcement")


UNSAID = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sidecar said. `clear` is False when it said nothing that can be acted on; `malformed` is code and message when it
    said that the request itself is wrong."""

    allowed: bool
    clear: bool
    problem: str = ""
    malformed: tuple[str, str] | None = None
    decision_id: str = ""
    code: str = "DENIED"
    reason: Sentence = UNSAID
    rule: str = ""
    basis: str = ""
    posts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()

    @classmethod
    def unclear(cls, problem: str) -> "Verdict":
        return cls(allowed=False, clear=False, problem=problem)


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
            except httpx.RequestError as fault:
                problem = f"{type(fault).__name__}: {fault}"
                log.warning("sidecar unreachable", attempt=attempt, problem=problem)
        return Verdict.unclear(problem)

    async def report(self, decision_id: str, result: str, detail: str) -> None:
        """Report an outcome; a report that cannot be made leaves the act counted, which is the safe side."""
        try:
            response = await self._client.post(f"/v1/decisions/{decision_id}/outcome", json={"result": result, "detail": detail})
            if response.status_code != httpx.codes.OK:
                log.warning("outcome not recorded", decision=decision_id, status=response.status_code)
        except httpx.RequestError as fault:
            log.warning("outcome not recorded", decision=decision_id, problem=str(fault))


def _read(response: httpx.Response) -> Verdict:
    if response.status_code == httpx.codes.BAD_REQUEST:
        code, _, message = response.text[:500].partition(": ")
        return Verdict(allowed=False, clear=False, problem=response.text[:200], malformed=(code, message))
    if response.status_code != httpx.codes.OK:
        told = f": {response.text[:200]}" if httpx.codes.is_client_error(response.status_code) else ""
        return Verdict.unclear(f"HTTP {response.status_code}{told}")
    try:
        answer = response.json()
    except ValueError:
        return Verdict.unclear("the answer is not JSON")
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        return Verdict.unclear("the answer holds no decision")
    if answer["decision"] and not _text(_block(answer.get("context")).get("decision_id")):
        return Verdict.unclear("the allow names no decision")
    return _verdict(allowed=answer["decision"], context=_block(answer.get("context")))


def _verdict(*, allowed: bool, context: dict[str, Any]) -> Verdict:
    """The decision with what stands beside it, as far as it has the documented shape."""
    reason, remedy, duties = _block(context.get("reason")), _block(context.get("remedy")), context.get("obligations")
    return Verdict(
        allowed,
        clear=True,
        decision_id=_text(context.get("decision_id")),
        code=_text(context.get("code")) or "DENIED",
        reason=Sentence(_text(reason.get("zh")), _text(reason.get("en"))),
        rule=_text(context.get("rule")),
        basis=_text(context.get("basis")),
        posts=_texts(remedy.get("posts")),
        names=_texts(remedy.get("names")),
        obligations=_texts([_block(duty).get("id") for duty in duties] if isinstance(duties, list) else []),
    )


def _block(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
