"""Receipts: what a caller keeps to prove later that a decision was recorded, asked for with `context.options.receipt`.

    "signed"   the log's signed word that the decision stands at its place, at once
    "proof"    that, and the way from it to the root of a signed checkpoint: the answer waits until one covers it

A receipt holds no entry, only its leaf hash. With the entry (from a reader of the log) or the log itself it proves which decision
it is about; a log that later shows another entry at that place has broken its word.
"""

import base64

import msgspec

from sidecar.decision_log.proof import Evidence
from sidecar.errors import RequestError, StoreError
from sidecar.service.answering import encode
from sidecar.service.asked import EvaluationRequest
from sidecar.service.log_keeper import LogKeeper

SIGNED, PROOF = "signed", "proof"


def wanted_receipt(wire: EvaluationRequest) -> str:
    """Which receipt is asked for; empty for none. Raises RequestError."""
    options = wire.context["options"]
    if not isinstance(options, dict):
        raise RequestError("bad_options", "context.options must be an object")
    wanted = options.get("receipt", "")
    if wanted not in ("", SIGNED, PROOF):
        raise RequestError("bad_options", f"context.options.receipt must be {SIGNED} or {PROOF}, or left out")
    return str(wanted)


async def with_receipt(body: bytes, wanted: str, keeper: LogKeeper | None) -> bytes:
    """An answer with its receipt. The answer stands without one where none can be given, and says why."""
    answer = msgspec.json.decode(body)
    try:
        answer["context"]["receipt"] = await _receipt(answer["context"].get("decision_id", ""), wanted, keeper)
    except StoreError as fault:
        answer["context"]["receipt"] = {"unavailable": fault.message}
    return encode(answer)


async def _receipt(decision_id: str, wanted: str, keeper: LogKeeper | None) -> dict[str, object]:
    stored = await keeper.store.find_decision(decision_id) if keeper and decision_id else None
    if keeper is None or stored is None:
        raise StoreError("NO_RECEIPT")
    receipt: dict[str, object] = {
        "origin": keeper.identity.origin,
        "index": stored.seq - 1,
        "leaf": base64.b64encode(stored.leaf).decode(),
        "note": keeper.receipt(stored),
    }
    if wanted == PROOF:
        evidence = await keeper.evidence(stored)
        receipt["proof"] = str(Evidence(b"", evidence.index, evidence.path, evidence.note))
    return receipt
