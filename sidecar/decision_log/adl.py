"""An entry of a decision as a record of the Authorization Decision Log, a draft standard of the Dutch government
(Logius-standaarden/authorization-decision-log, section Specifications, as of commit 0511b858).

A record holds what was asked and what was answered in `body`, both in the form of AuthZEN, and refers in `attributes` to whatever
else the decision stood on: policies, information, configuration, each an object from the name of a source to what finds it there.
A denial is `Ok`, for the request was answered. Here it is what the entry holds: parties as tokens, evidence by name, of facts
those that a condition read; the reasons that members gave at a meeting are digests there and left out here.

`trace_id` and `span_id` come from the decision's identifier, of which 80 bits are random and none says who asked: so a record
that is brought in twice is the same one. Which field comes from where: docs/reference/authorization-decision-log.md.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Fields = Mapping[str, Any]
Part = dict[str, Any]

EVENT = "adl.access_evaluation"
OFFICER = "officer"


def adl_record(entry: Fields, origin: str) -> Part:
    """`entry` as it is shown, with `leaf`; `origin` is the name of its log."""
    digest = hashlib.sha256(entry["decision_id"].encode()).hexdigest()
    return {
        "trace_id": digest[:32],
        "span_id": digest[32:48],
        "event_name": EVENT,
        "timestamp": int(datetime.fromisoformat(entry["time"]).timestamp() * 1000),
        "status": "Ok",
        "resource": _given(
            {"service.name": "quanheng", "service.version": entry["engine_version"], "quanheng.log.origin": origin}
        ),
        "attributes": _given(
            {
                "adl.core.policies": {"casbin" if _is_plain(entry) else "power_list": entry["policy_digest"]},
                "adl.core.information": _information(entry),
                "adl.core.configuration": {"quanheng": entry["engine_version"]},
                "quanheng.log.index": entry["seq"] - 1,
                "quanheng.log.leaf": entry["leaf"],
                "quanheng.decision.id": entry["decision_id"],
                "quanheng.request.id": entry["request_id"],
            }
        ),
        "body": {"adl.core.request": _request(entry), "adl.core.response": _response(entry)},
    }


def _is_plain(entry: Fields) -> bool:
    """Whether a plain Casbin policy decided: it knows no delegation and no cases, and its entries name none."""
    return "on_behalf_of" not in entry["subject"] and not entry["case_id"]


def _information(entry: Fields) -> Part:
    """The registers, the case as it stood before the decision, and what was counted across cases."""
    entered = entry["decision"] == "allow" and entry["intent"] != "question"
    before = entry["case_version"] - entered
    case = {"id": entry["case_id"], "version": before} if entry["case_id"] and before else None
    ledgers = {one["id"]: {"version": one["version"], "digest": one["digest"]} for one in entry.get("ledgers", ())}
    return _given({"personnel": entry.get("personnel_digest", ""), "case": case, "ledgers": ledgers})


def _request(entry: Fields) -> Part:
    """What was asked, as an AuthZEN evaluation: by what the entry says was asked otherwise, else by what it says was found."""
    subject, action, asked = entry["subject"], entry["action"], entry.get("asked", {})
    if _is_plain(entry):
        kind, _, name = entry["item"].partition(":")
        return {
            "subject": {"type": subject["type"], "id": subject["person"]},
            "action": {"name": action["step"]},
            "resource": {"type": kind, "id": name},
        }
    by = {"acting_post": asked.get("acting_post", subject["acting_post"]), "on_behalf_of": subject.get("on_behalf_of", "")}
    does = {name: action.get(name, "") for name in ("outcome", "vote", "about", "corrects")}
    on = {
        "item": entry["item"],
        "region": asked.get("region", entry["region"]),
        "party": asked.get("party", entry["party_token"]),
        "level": asked.get("level", ""),
    }
    about = {"type": "case", "id": entry["case_id"]} if entry["case_id"] else {"type": "item", "id": on.pop("item")}
    return {
        "subject": {"type": subject["type"], "id": _identifier(subject), "properties": _given(by)},
        "action": {"name": action["step"], "properties": _given(does)},
        "resource": {**about, "properties": _given(on)},
        "context": _given(_context(entry, asked)),
    }


def _identifier(subject: Fields) -> str:
    """As it was asked: who is no officer is recorded behind the type, so that nobody is spelt like one."""
    person: str = subject["person"]
    return person if subject["type"] == OFFICER else person.removeprefix(f"{subject['type']}:")


def _context(entry: Fields, asked: Fields) -> Part:
    action, resolution = entry["action"], entry.get("resolution") or {}
    draw = {"pool": asked["pool"].split(), "drawn": action["drawn"].split()} if action.get("drawn") and "pool" in asked else {}
    return {
        "intent": entry["intent"],
        "channel": entry["channel"],
        "facts": dict(entry["facts"]),
        "evidence": sorted(entry["evidence_digests"]),
        "content": action.get("content", ""),
        "resolution": _resolution(resolution) if resolution else {},
        "draw": draw,
    }


def _resolution(record: Fields) -> Part:
    members = [
        _given({"id": member["person"], "vote": member["vote"]}) | {"present": member["present"]} for member in record["members"]
    ]
    told = {"id": record["id"], "case": record["case_id"], "content": record["content"], "chair": record["chair"]}
    amount = {"amount": record["amount"]} if "amount" in record else {}
    return told | {"members": members} | amount


def _response(entry: Fields) -> Part:
    """What was answered, as far as the entry holds it; obligations in the form of their AuthZEN profile."""
    obligations = [
        {"id": due["id"], "type": due["kind"], "properties": _given({"arg": due["arg"], "due": due.get("due", "")})}
        for due in entry["obligations"]
    ]
    told = {name: entry[name] for name in ("code", "reason", "grounds", "rows", "sources", "decision_id")}
    return {"decision": entry["decision"] == "allow", "context": _given({**told, "obligations": obligations})}


def _given(members: Part) -> Part:
    """Without what the entry has not."""
    return {name: value for name, value in members.items() if value not in ("", None, {}, [])}
