"""Why a request was not forwarded: the same reason as JSON for programs, as a page for browsers, as text for everyone else."""

import json
from html import escape
from typing import Any

from adapters.enforcement.decider import Verdict
from sidecar.errors import RequestError
from sidecar.http_api.guard import Reply, Scope, Send, send_reply
from sidecar.messages import CATALOGUE, Sentence, say


async def send_refusal(scope: Scope, send: Send, verdict: Verdict) -> None:
    """403 with what the sidecar said: the reason, its rule and article, who may act, and which decision it was."""
    facts = {
        "decision_id": verdict.decision_id,
        "rule": verdict.rule,
        "basis": verdict.basis,
        "remedy": {"posts": verdict.posts, "names": verdict.names},
    }
    lines = [f"{verdict.rule}  {verdict.basis}".strip()]
    if verdict.names:
        lines.append(f"可办理岗位 who may act: {'、'.join(verdict.names)}")
    if verdict.decision_id:
        lines.append(f"决定编号 decision: {verdict.decision_id}")
    await _send(scope, send, 403, verdict.code, verdict.reason, facts, lines)


async def send_malformed(scope: Scope, send: Send, refusal: RequestError) -> None:
    """What is wrong with the request itself; `refusal` carries the status."""
    code = f"REQUEST_{refusal.code.upper()}"
    sentence = say(code if code in CATALOGUE else "REQUEST_MALFORMED", detail=refusal.message)
    await _send(scope, send, refusal.status_hint, refusal.code, sentence, {}, [])


async def send_reason(scope: Scope, send: Send, status: int, code: str) -> None:
    """A reason of the proxy's own."""
    await _send(scope, send, status, code, say(code), {}, [])


async def _send(
    scope: Scope, send: Send, status: int, code: str, reason: Sentence, facts: dict[str, Any], lines: list[str]
) -> None:
    accept = next((value for key, value in scope["headers"] if key == b"accept"), b"").decode("latin-1")
    if "application/json" in accept:
        body = json.dumps({"code": code, "reason": reason.in_both(), **facts}, ensure_ascii=False).encode()
        await send_reply(send, Reply(status, body, b"application/json"))
        return
    asked = f"{scope['method']} {scope['path']}"
    shown = [reason.zh, reason.en, f"{code}  {asked}", *(line for line in lines if line)]
    if "text/html" in accept:
        page = "".join(f"<p>{escape(line)}</p>" for line in shown)
        body = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(code)}</title>{page}</html>'.encode()
        await send_reply(send, Reply(status, body, b"text/html; charset=utf-8"))
    else:
        await send_reply(send, Reply(status, ("\n".join(shown) + "\n").encode()))
