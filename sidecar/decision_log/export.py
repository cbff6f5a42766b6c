"""Entries in the forms other tools read: a row of a spreadsheet, a record of the Dutch Authorization Decision Log draft.

A cell of a spreadsheet that begins with = + - @ or a control character is a formula or command to some programs; it gets a quote
in front (OWASP, CSV Injection), because texts of callers stand in entries. The Authorization Decision Log
(Logius-standaarden/authorization-decision-log, draft) has one record a request for a decision: what was asked and answered in
`body`, policies, information and configuration by reference in `attributes`; a denial is `Ok`, for the request was answered.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Fields = Mapping[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _inner(holder: str, name: str) -> Callable[[Fields], object]:
    return lambda entry: entry.get(holder, {}).get(name, "")


def _joined(name: str) -> Callable[[Fields], object]:
    return lambda entry: "; ".join(map(str, entry.get(name, ())))


def _own(name: str) -> Callable[[Fields], object]:
    return lambda entry: entry.get(name, "")


_OWN = (
    "seq", "kind", "time", "decision_id", "request_id", "caller", "channel", "intent", "item", "item_name", "item_version",
    "case_id", "case_version", "party_token", "region", "decision", "code", "result", "detail",
)  # fmt: skip
# A column of the spreadsheet and where its cell stands in an entry.
COLUMNS: dict[str, Callable[[Fields], object]] = {
    **{name: _own(name) for name in _OWN},
    "officer": _inner("subject", "person"),
    "post": _inner("subject", "acting_post"),
    "unit": _inner("subject", "organ"),
    "step": _inner("action", "step"),
    "outcome": _inner("action", "outcome"),
    "reason_zh": _inner("reason", "zh"),
    "reason_en": _inner("reason", "en"),
    "rules": lambda entry: "; ".join(dict.fromkeys(g["rule"] for g in entry.get("grounds", ()) if g.get("rule"))),
    "basis": _joined("basis"),
    "rows": _joined("rows"),
    "sources": _joined("sources"),
    "policy_digest": _own("policy_digest"),
}


def cells_of(entry: Fields) -> list[str]:
    """One row, in the order of COLUMNS, safe in a spreadsheet."""
    return [_safe(str(read(entry))) for read in COLUMNS.values()]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def adl_record(entry: Fields, origin: str) -> dict[str, Any]:
    """A decision as a record of the Authorization Decision Log. `trace_id` and `span_id` are derived from the decision's
    identifier, so that a record which is brought in twice is the same."""
    digest = hashlib.sha256(entry["decision_id"].encode()).hexdigest()
    request = {
        "subject": {"type": "officer", "id": _inner("subject", "person")(entry), "properties": dict(entry.get("subject", {}))},
        "action": {"name": _inner("action", "step")(entry), "properties": dict(entry.get("action", {}))},
        "resource": {
            "type": "case",
            "id": entry.get("case_id", ""),
            "properties": {
                "item": entry.get("item", ""),
                "region": entry.get("region", ""),
                "party": entry.get("party_token", ""),
            },
        },
        "context": {"facts": dict(entry.get("facts", {}))},
    }
    answer = {
        "decision": entry.get("decision") == "allow",
        "context": {name: entry[name] for name in ("code", "reason", "grounds", "obligations", "decision_id") if name in entry},
    }
    return {
        "trace_id": digest[:32],
        "span_id": digest[32:48],
        "event_name": "adl.access_evaluation",
        "timestamp": int(datetime.fromisoformat(entry["time"]).timestamp() * 1000),
        "status": "Ok",
        "resource": {"name": "quanheng", "version": entry.get("engine_version", ""), "origin": origin},
        "attributes": {
            "adl.core.policies": entry.get("policy_digest", ""),
            "adl.core.information": entry.get("personnel_digest", ""),
            "adl.core.configuration": entry.get("engine_version", ""),
        },
        "body": {"adl.core.request": request, "adl.core.response": answer},
    }


def line_of(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
