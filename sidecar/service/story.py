"""The whole story of one recorded decision, for an inspector: who, by which appointment, which power and article, what each
control found, which earlier acts it rested on, what followed, by which policies.

It is told from the entry, and from the decision made again where that can be: then with names, appointments and the rows. What is
told is a JSON object; a part that is not known is left out, and `replay` says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.case_history.history import ActRecorded, CaseHistory
from sidecar.decision.decide import nearest
from sidecar.decision.engine import Failed
from sidecar.decision_log.entry import DecisionEntry
from sidecar.messages import told
from sidecar.ports.past import Past
from sidecar.ports.records import Filter, portions
from sidecar.replay.recorded import is_plain
from sidecar.service.inspect import as_shown
from sidecar.service.remaking import Remade

Part = dict[str, Any]
NEAREST = 3

_POST, _REGION, _CTL, _ARG = 1, 2, 7, 8  # columns of a p row, as in policies/model.conf
COUNTS, FAILED, REVOKED = "counts", "failed", "revoked"  # how it stands with an earlier act


def case_entries(past: Past, case_id: str) -> list[Part]:
    """All entries of a case in the log at hand, as programs see them."""
    found = portions(past, Filter(case_id=case_id)) if case_id else ()
    return [as_shown(stored) for portion in found for stored in portion]


def of_entry(entry: DecisionEntry, case: Sequence[Part]) -> Part:
    """What the log alone tells. `case` are the entries of its case."""
    subject = entry.subject
    return {
        "decision": {
            "seq": entry.seq,
            "decision_id": entry.decision_id,
            "request_id": entry.request_id,
            "time": entry.time,
            "time_source": entry.time_source,
            "decision": entry.decision,
            "code": entry.code,
            "reason": entry.reason,
            "intent": entry.intent,
            "case": entry.case_id,
            "case_version": entry.case_version,
        },
        "who": {
            "person": subject["person"],
            "type": subject["type"],
            "on_behalf_of": subject.get("on_behalf_of", ""),
            "delegation": subject.get("delegation", ""),
            "caller": entry.caller,
            "client_ip": entry.client_ip,
            "channel": entry.channel,
        },
        "appointment": {}
        if is_plain(entry)
        else {"post": subject["acting_post"], "organ": subject["organ"], "level": subject["level"]},
        "power": {
            "item": entry.item,
            "name": entry.item_name,
            "version": entry.item_version,
            "step": entry.action["step"],
            "verb": entry.action["verb"],
            "outcome": entry.action["outcome"],
            "region": entry.region,
            "articles": list(entry.basis),
            "sources": list(entry.sources),
        },
        "controls": [dict(judged) for judged in entry.rules_evaluated],
        "grounds": [dict(ground) for ground in entry.grounds],
        "obligations": [dict(due) for due in entry.obligations],
        "flags": [dict(flag) for flag in entry.flags],
        "facts": dict(entry.facts),
        "evidence": sorted(entry.evidence_digests),
        "party_token": entry.party_token,
        "co_signers": list(entry.officers),
        "ledgers": [dict(ledger) for ledger in entry.ledgers],
        "policy": {"digest": entry.policy_digest, "engine": entry.engine_version, "personnel": entry.personnel_digest},
        "outcome": next((_outcome(e) for e in case if e.get("kind") == "outcome" and _is_of(e, entry)), None),
        "later": [_later(e) for e in case if e["seq"] > entry.seq and _speaks_of(e, entry)],
    }


def _is_of(shown: Part, entry: DecisionEntry) -> bool:
    return shown.get("decision_id") == entry.decision_id


def _speaks_of(shown: Part, entry: DecisionEntry) -> bool:
    return shown.get("kind") == "decision" and shown.get("action", {}).get("corrects") == entry.decision_id


def _outcome(shown: Part) -> Part:
    return {name: shown.get(name, "") for name in ("seq", "time", "caller", "result", "detail")}


def _later(shown: Part) -> Part:
    """A decision that corrects or revokes the one that is told, allowed or not."""
    told_of = {name: shown.get(name, "") for name in ("seq", "decision_id", "time", "decision", "code")}
    return told_of | {"person": shown["subject"]["person"], "verb": shown["action"]["verb"]}


# -- with the decision made again -------------------------------------------------------------------------------------------


def enriched(story: Part, remade: Remade, case: Sequence[Part], rules: Mapping[str, Part]) -> Part:
    """The same with names, appointments and rows. `rules` are those of the catalogue, by id."""
    numbers = {e["decision_id"]: e["seq"] for e in case if e.get("kind") == "decision"}
    return story | {
        "who": story["who"] | {"delegation": _delegation(remade)},
        "appointment": _appointment(remade),
        "power": story["power"] | _power(remade),
        "controls": list(_controls(remade, rules)),
        "grounds": [_ground(remade, n, rules) for n in range(len(remade.decision.grounds))],
        "remedy": [{"post": post, "name": remade.policy.post_name(post)} for post in remade.decision.posts]
        if not remade.decision.allowed
        else [],
        "nearest": [] if remade.decision.allowed else [_near(remade, found) for found in _nearest(remade)],
        "case": _case(remade.history, remade, numbers),
        "ledgers": [ledger | {"entries": len(remade.ledgers[ledger["id"]].entries)} for ledger in story["ledgers"]],
    }


def _appointment(remade: Remade) -> Part:
    """The post that was acted through, and when it is held; also what else the officer holds that day."""
    policy, request, post = remade.policy, remade.request, remade.decision.post
    owner, day = request.on_behalf or request.person, remade.now.date()
    facts = policy.posts.get(post)
    organ = policy.organs.get(facts.organ) if facts else None
    spans = [a.span for a in remade.personnel.appointments(owner) if a.post == post]
    held = sorted(remade.personnel.posts(owner, day))
    return {
        "holder": owner,
        "post": post,
        "name": facts.name if facts else "",
        "unit": facts.unit if facts else "",
        "rank": facts.rank if facts else "",
        "organ": facts.organ if facts else "",
        "organ_name": organ.name if organ else "",
        "terms": [{"from": _day(span.start), "to": _day(span.end), "holds": span.holds(day)} for span in spans],
        "also_held": [{"post": other, "name": policy.post_name(other)} for other in held if other != post],
        "credentials": sorted(remade.personnel.credentials(request.person, day)),
    }


def _day(day: object) -> str:
    return str(day) if day else ""


def _delegation(remade: Remade) -> Part | None:
    """The delegation that carried the act."""
    request, document = remade.request, remade.decision.delegation
    found = remade.personnel.delegations(request.person, request.on_behalf) if request.on_behalf else ()
    lent = next((one for one in found if one.document == document), None)
    if lent is None:
        return None
    term = {"from": _day(lent.term.start), "to": _day(lent.term.end), "published": _day(lent.published)}
    return {"document": document, "kind": lent.kind, **term}


def _power(remade: Remade) -> Part:
    item = remade.policy.item(remade.request.item)
    if item is None:
        return {}
    step = item.steps.get(remade.request.step)
    rows = remade.policy.step(remade.request.item, remade.request.step).rows if step else ()
    used = set(remade.decision.rows)
    return {
        "class": item.power_class,
        "status": item.status,
        "from": item.since,
        "to": item.until,
        "level": item.level,
        "file": f"{item.file}:{item.line}",
        "step_name": step.name if step else "",
        "holders": [{"post": post, "name": remade.policy.post_name(post)} for post in (step.posts if step else ())],
        "rows": [_power_row(remade, row) for row in rows if row[_CTL] == "-" and row[0] in used],
    }


def _power_row(remade: Remade, row: Sequence[Any]) -> Part:
    source = remade.policy.source(tuple(row))
    return {"row": row[0], "rule": source.rule, "basis": source.basis, "source": f"{source.file}:{source.line}"}


def _controls(remade: Remade, rules: Mapping[str, Part]) -> Iterator[Part]:
    """Every control that was judged, with what it asks and what it found; also those that let the request pass."""
    rows = {row[0]: row for row in _rows(remade)}
    item = remade.policy.item(remade.request.item)
    steps = item.steps if item else {}
    reasons = {ground.row: ground.reason.in_both() for ground in remade.decision.grounds if ground.row}
    for judged in remade.decision.judged:
        row = rows[judged.row]
        source = remade.policy.source(row)
        note = told(source.note)
        yield {
            "row": judged.row,
            "rule": judged.rule,
            "rule_name": rules.get(judged.rule),
            "control": row[_CTL],
            "argument": row[_ARG],
            "argument_name": steps[row[_ARG]].name if row[_ARG] in steps else "",
            "basis": source.basis,
            "note": {"zh": note, "en": note} if isinstance(note, str) else note.in_both(),
            "source": f"{source.file}:{source.line}",
            "result": "stop" if judged.stopped else "pass",
            "found": reasons.get(judged.row),
        }


def _rows(remade: Remade) -> Sequence[Any]:
    item = remade.policy.item(remade.request.item)
    return remade.policy.step(remade.request.item, remade.request.step).rows if item and remade.request.step in item.steps else ()


def _ground(remade: Remade, n: int, rules: Mapping[str, Part]) -> Part:
    ground = remade.decision.grounds[n]
    return {
        "code": ground.code,
        "rule": ground.rule,
        "rule_name": rules.get(ground.rule),
        "basis": ground.basis,
        "row": ground.row,
        "source": ground.source,
        "reason": ground.reason.in_both(),
        "missing": list(ground.missing),
    }


def _nearest(remade: Remade) -> list[Failed]:
    return nearest(remade.policy, remade.personnel, remade.history, remade.request, remade.now, NEAREST)


def _near(remade: Remade, found: Failed) -> Part:
    """A power that came near, and which of its terms did not hold."""
    post, source = found.row[_POST].removeprefix("post:"), remade.policy.source(found.row)
    return {
        "row": found.row[0],
        "post": post,
        "name": remade.policy.post_name(post),
        "region": found.row[_REGION],
        "source": f"{source.file}:{source.line}",
        "failed": list(found.failed),
        "held": list(found.held),
    }


def _case(history: CaseHistory, remade: Remade, numbers: Mapping[str, int]) -> Part:
    """The case as it stood before the decision: every act in it, by the number of its entry where that is in this log."""
    item = remade.policy.item(history.item or remade.request.item)
    revoked = {act.corrects for act in history.acts if act.corrects and item and _verb(item.steps, act.step) == "revoke"}

    def shown(act: ActRecorded, standing: str) -> Part:
        steps = item.steps if item else {}
        return {
            "entry": numbers.get(act.decision_id),
            "decision_id": act.decision_id,
            "time": act.time,
            "person": act.person,
            "post": act.post,
            "step": act.step,
            "step_name": steps[act.step].name if act.step in steps else "",
            "kind": act.kind,
            "outcome": act.outcome or act.vote,
            "reported": act.decision_id in history.confirmed,
            "standing": standing,
        }

    acts = [shown(act, REVOKED if act.decision_id in revoked else COUNTS) for act in history.acts]
    acts += [shown(act, FAILED) for act in history.failed]
    return {
        "version": history.version,
        "acts": sorted(acts, key=lambda act: act["time"]),
        "facts": dict(history.facts),
        "party_token": history.party,
    }


def _verb(steps: Mapping[str, Any], step: str) -> str:
    return steps[step].verb if step in steps else ""
