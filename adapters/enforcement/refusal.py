"""What a refused request is told: 403 where the sidecar said no, 409 where only a signature is lacking.

A request that lacks nothing but the co-signature of another officer is held: nothing is forwarded and nothing kept, for the point
must not act later on what was true earlier. The answer says which act waits, who may sign and where; the same request passes once
they have (RFC 9110, section 15.5.10: who asked may be able to resolve the conflict and send the request again).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.enforcement.verdict import Verdict
from sidecar.messages import Sentence


class Refusal(NamedTuple):
    """Why a request goes no further. `facts` are for programs, `lines` for people."""

    status: int
    code: str
    reason: Sentence
    facts: Mapping[str, Any] = {}
    lines: tuple[str, ...] = ()


def denied(verdict: Verdict) -> Refusal:
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
    return Refusal(403, verdict.code, verdict.reason, facts, tuple(line for line in lines if line))


def held(verdict: Verdict, evaluation: Mapping[str, Any], signing: str) -> Refusal:
    """409: the same, with the act that waits. `signing` is method and path of the co-signature, empty where there is none."""
    refusal = denied(verdict)
    item, step, case = act_of(evaluation)
    waiting = {"item": item, "step": step, "case": case, "intent": "co_sign", **({"at": signing} if signing else {})}
    lines = [*refusal.lines, f"待会签 waits for a co-signature: {item} / {step} / {case}"]
    if signing:
        lines.append(f"会签地址 to be signed at: {signing}")
    return refusal._replace(status=409, facts={**refusal.facts, "held": waiting}, lines=tuple(lines))


def act_of(evaluation: Mapping[str, Any]) -> tuple[str, str, str]:
    """Item, step and case of an evaluation."""
    resource = evaluation["resource"]
    return resource["properties"]["item"], evaluation["action"]["name"], resource["id"]
