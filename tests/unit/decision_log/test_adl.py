"""Records of the Authorization Decision Log, held against the words of the draft and against what was really asked."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest

from sidecar.decision_log.adl import adl_record
from sidecar.decision_log.entry import DecisionEntry
from sidecar.personnel.registers import Term
from sidecar.ports.records import Filter
from sidecar.replay.recorded import request_of
from sidecar.service.asked import evaluation_of, read_request
from sidecar.service.authorize import Standing
from sidecar.service.inspect import as_shown
from tests.http_api.calling import ACCEPT, DECIDE, EVALUATION, REVIEW, Body, Plain, Sidecar, asking, to
from tests.http_api.certification import READS, certified_policy
from tests.http_api.test_delegates import by_helper, standing_in
from tests.http_api.test_meetings import PEOPLE, RECORD, closing, vote
from tests.unit.controls.meetings import CHAIR, POLICY

SCHEMA = json.loads((Path(__file__).with_name("adl.schema.json")).read_text("utf-8"))
ORIGIN = "record.example/binhe"

Records = list[tuple[DecisionEntry, Body]]


def valid(record: Body) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(record)


def records_of(service: Sidecar | Plain) -> Records:
    """Every decision of a service with its record, as it is read back from a line."""
    stored = service.store.reader.since(Filter(kind="decision"), after=0, limit=100)
    return [
        (msgspec.json.decode(one.body, type=DecisionEntry), json.loads(json.dumps(adl_record(as_shown(one), ORIGIN))))
        for one in stored
    ]


def office() -> Sidecar:
    """A case to its decision, refusals, questions, an item nobody has, a party and a region that are asked or found."""
    sidecar = Sidecar()
    sidecar.allowed(asking(party="甲公司", region="650200", acting_post="front.clerk"), REVIEW, DECIDE)
    for body in (
        ACCEPT,
        asking("nobody"),
        asking(intent="question", case="C-2", channel="window", level="3"),
        asking(item="of-no-list", case="C-3"),
        asking("deputy", "decide", outcome="refuse", case="C-4"),
        asking("checker", "site", intent="co_sign", case="C-1"),
        asking(resource_type="item", case="permit", item=None, intent="question"),
        asking(subject_type="service"),
        asking(facts={"amount": "many"}, case="C-5"),
    ):
        sidecar.answer(body)
    return sidecar


def meeting() -> Sidecar:
    sidecar = Sidecar()
    sidecar.authorizer.swap(Standing(POLICY, PEOPLE))
    facts = {"serious": True, "complex": False}
    sidecar.allowed(asking("head", "file", item="fine", facts=facts), asking("clerk", "notify", item="fine"))
    sidecar.allowed(*[vote(person) for person in ("m1", "m2", CHAIR)])
    sidecar.answer(closing(RECORD))
    return sidecar


def delegate() -> Sidecar:
    sidecar = Sidecar(people=standing_in(Term()))
    sidecar.allowed(by_helper())
    return sidecar


OFFICES: dict[str, Callable[[], Sidecar]] = {"office": office, "meeting": meeting, "delegate": delegate}


@pytest.mark.parametrize("made", OFFICES.values(), ids=OFFICES)
def test_every_record_is_as_the_draft_has_it(made: Callable[[], Sidecar]) -> None:
    """Allows, refusals, questions, votes and signatures; each with the level of detail that refers to all it stood on."""
    records = records_of(made())
    assert records
    for entry, record in records:
        valid(record)
        attributes = record["attributes"]
        assert attributes["adl.core.policies"] == {"power_list": entry.policy_digest}
        assert attributes["adl.core.configuration"] == {"quanheng": entry.engine_version}
        assert (attributes["quanheng.log.index"], attributes["quanheng.decision.id"]) == (entry.seq - 1, entry.decision_id)
        assert record["body"]["adl.core.response"]["decision"] is (entry.decision == "allow")
        assert (record["status"], record["resource"]["quanheng.log.origin"]) == ("Ok", ORIGIN)
    assert len({(record["trace_id"], record["span_id"]) for _, record in records}) == len(records)


@pytest.mark.parametrize("made", OFFICES.values(), ids=OFFICES)
def test_the_request_of_a_record_is_the_one_that_was_asked(made: Callable[[], Sidecar]) -> None:
    """Read by the service as any request, it is what was decided; the party is a token, and what members said is left out."""
    for entry, record in records_of(made()):
        told = record["body"]["adl.core.request"]
        if entry.asked.get("unreadable"):  # of such a fact no value is recorded
            assert "amount" not in told["context"].get("facts", {})
            continue
        again = read_request(evaluation_of(told), lambda party: party)
        asked = request_of(entry)
        if asked.resolution:
            members = tuple(msgspec.structs.replace(member, reason="") for member in asked.resolution.members)
            asked = msgspec.structs.replace(asked, resolution=msgspec.structs.replace(asked.resolution, members=members))
        assert again.request == asked
        assert (again.subject_type, again.channel) == (entry.subject["type"], entry.channel)


def test_what_a_decision_stood_on_is_referred_to() -> None:
    """The case at the version it had before: none for the first act, and a refusal adds none."""
    versions = [
        (record["body"]["adl.core.request"]["action"]["name"], record["attributes"].get("adl.core.information"))
        for entry, record in records_of(office())
        if entry.case_id == "C-1"
    ]
    assert versions[:4] == [
        ("accept", None),
        ("review", {"case": {"id": "C-1", "version": 1}}),
        ("decide", {"case": {"id": "C-1", "version": 2}}),
        ("accept", {"case": {"id": "C-1", "version": 3}}),
    ]


def test_a_plain_policy_is_told_as_one() -> None:
    """Its own subjects and resources, and nothing of cases or registers."""
    plain = Plain(certified_policy())
    plain.send(to(EVALUATION, READS))
    ((entry, record),) = records_of(plain)
    valid(record)
    request = record["body"]["adl.core.request"]
    assert (request["subject"], request["action"], request["resource"]) == (
        {"type": READS["subject"]["type"], "id": READS["subject"]["id"]},
        {"name": READS["action"]["name"]},
        {"type": READS["resource"]["type"], "id": READS["resource"]["id"]},
    )
    assert record["attributes"]["adl.core.policies"] == {"casbin": entry.policy_digest}
    assert "adl.core.information" not in record["attributes"]


# what is changed in a record → it is none any more
BROKEN: dict[str, Callable[[Body], object]] = {
    "no trace": lambda r: r.pop("trace_id"),
    "an upper case span": lambda r: r.update(span_id=r["span_id"].upper().replace("0", "A")),
    "no span": lambda r: r.update(span_id="0" * 16),
    "another event": lambda r: r.update(event_name="access_evaluation"),
    "a moment in words": lambda r: r.update(timestamp="2026-01-05T09:00:00Z"),
    "a denial as a failure": lambda r: r.update(status="Denied"),
    "a member of our own": lambda r: r.update(decision_id="d"),
    "a policy that is no object": lambda r: r["attributes"].update({"adl.core.policies": "sha256:0"}),
    "an empty reference": lambda r: r["attributes"].update({"adl.core.policies": {"power_list": ""}}),
    "an attribute of the standard that it does not have": lambda r: r["attributes"].update({"adl.core.leaf": {}}),
    "an attribute without a name space": lambda r: r["attributes"].update({"leaf": "0"}),
    "the request in both places": lambda r: r["attributes"].update({"adl.core.request": {"id": "r"}}),
    "the policies in both places": lambda r: r["body"].update({"adl.core.policies": {"power_list": "p"}}),
    "no answer": lambda r: r["body"].pop("adl.core.response"),
    "an answer in words": lambda r: r["body"]["adl.core.response"].update(decision="allow"),
    "a request without a resource": lambda r: r["body"]["adl.core.request"].pop("resource"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_the_schema_refuses_what_the_draft_does(change: Callable[[Body], object]) -> None:
    """So that a record which passes it says something."""
    sidecar = Sidecar()
    sidecar.allowed(ACCEPT)
    ((_, record),) = records_of(sidecar)
    valid(record)
    change(record)
    with pytest.raises(jsonschema.ValidationError):
        valid(record)
