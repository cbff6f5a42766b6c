"""Entries and events for stores: valid by default, one field changed per test."""

from typing import Any

from sidecar.case_history.history import ActRecorded
from sidecar.case_history.ledger import LedgerEntry
from sidecar.decision_log.entry import DecisionEntry
from sidecar.ports.records import Commit


def an_act(decision_id: str, step: str, person: str = "o-1") -> ActRecorded:
    return ActRecorded(
        decision_id=decision_id,
        kind="performed",
        step=step,
        person=person,
        post="unit.post",
        time="2026-01-05T10:00:00.000+08:00",
        item="item",
        region="990100",
    )


def an_amount(decision_id: str, case_id: str, amount: int = 1, *, due: str = "") -> LedgerEntry:
    return LedgerEntry(decision_id, case_id, "amount", amount, "2026-01-05T10:00:00.000+08:00", due)


def an_entry(decision_id: str, case_id: str, **changes: Any) -> DecisionEntry:
    person, step = changes.pop("person", "o-1"), changes.pop("step", "accept")
    fields: dict[str, Any] = {
        "decision_id": decision_id,
        "request_id": "",
        "time": "2026-01-05T10:00:00.000+08:00",
        "time_source": "test",
        "caller": "portal",
        "client_ip": "127.0.0.1",
        "channel": "",
        "intent": "exercise",
        "subject": {"type": "officer", "person": person, "acting_post": "unit.post", "organ": "o", "level": "3"},
        "action": {"step": step, "outcome": "", "verb": "accept"},
        "item": "item",
        "item_name": "事项",
        "item_version": 1,
        "case_id": case_id,
        "case_version": 1,
        "party_token": "",
        "region": "990100",
        "decision": "allow",
        "code": "ALLOWED",
        "reason": {"zh": "准许", "en": "allowed"},
        "grounds": [],
        "rules_evaluated": [],
        "obligations": [],
        "rows": ["item.accept.a1"],
        "sources": ["o/powers.yaml:1"],
        "basis": ["建筑法第7条"],
        "officers": [],
        "facts": {},
        "facts_digest": "",
        "evidence_digests": {},
        "policy_digest": "sha256:0",
        "engine_version": "test",
        "latency_us": 1,
    }
    return DecisionEntry(**(fields | changes))


def act_on(case: str, version: int, decision: str, step: str, **changes: Any) -> Commit:
    """A commit of an act; `key`, `act`, `answer` and `ledgers` are the commit's, what else is changed the entry's."""
    key, act, answer = changes.pop("key", None), changes.pop("act", "act"), changes.pop("answer", b"{}")
    person, ledgers = changes.get("person", "o-1"), changes.pop("ledgers", ())
    entry, event = an_entry(decision, case, step=step, **changes), an_act(decision, step, person)
    return Commit(entry, case, version, event, key, act, answer, ledgers)
