"""Deliberations over HTTP: votes are acts of their own, a record is bounded, checked and kept with its members in clear."""

from typing import Any

import pytest

from sidecar.service.authorize import Standing
from tests.http_api.calling import AUTHORIZE, Body, Sidecar, asking, malformed, to
from tests.samples import personnel
from tests.unit.controls.meetings import CHAIR, CLERK, DRAFT, DUE, MEMBERS, POLICY

_OTHERS = {CHAIR: "front.boss", CLERK: "law.minutes", "head": "front.head", "clerk": "front.clerk"}
PEOPLE = personnel({**dict.fromkeys(MEMBERS, "law.member"), **_OTHERS})


@pytest.fixture
def sidecar() -> Sidecar:
    """With a case that is ready to be deliberated."""
    sidecar = Sidecar()
    sidecar.authorizer.swap(Standing(POLICY, PEOPLE))
    facts = {"serious": True, "complex": False}
    sidecar.allowed(asking("head", "file", item="fine", facts=facts), asking("clerk", "notify", item="fine"))
    return sidecar


def vote(person: str, how: str = "for", **changes: Any) -> Body:
    body = asking(person, "deliberate", item="fine", intent="vote", **changes)
    body["action"]["properties"]["vote"] = how
    body["context"]["content"] = DRAFT
    return body


def member(person: str, how: str = "for", **changes: Any) -> Body:
    return {"id": person, "vote": how, **changes}


def closing(record: object = None, **changes: Any) -> Body:
    body = asking(CLERK, "deliberate", item="fine", outcome="grant", **changes)
    body["context"]["content"] = DRAFT
    if record is not None:
        body["context"]["resolution"] = record
    return body


RECORD: Body = {
    "id": "党组纪要〔2026〕3号",
    "case": "C-1",
    "content": DRAFT,
    "chair": CHAIR,
    "members": [
        member("m1"),
        member("m2", "against", reason="处罚过重"),
        member("m3"),
        {"id": "m4", "present": False},
        member(CHAIR),
    ],
}


def test_votes_are_collected_and_closed(sidecar: Sidecar) -> None:
    """Each vote answers that the deliberation is not done yet; the closing is what does it."""
    answers = sidecar.allowed(*[vote(person) for person in ("m1", "m2", CHAIR)])
    assert [answer["code"] for answer in answers] == ["VOTED"] * 3
    assert sidecar.allowed(closing())[0]["code"] == "ALLOWED"
    acts = sidecar.case().acts
    assert [(act.person, act.kind, act.vote, act.content) for act in acts[2:-1]] == [
        (p, "voted", "for", DRAFT) for p in ("m1", "m2", CHAIR)
    ]


def test_of_one_vote_cast_many_times_at_once_one_counts(sidecar: Sidecar) -> None:
    """No member is heard twice by asking at once, and a retry gets its first answer."""
    answers = sidecar.together(*[to(AUTHORIZE, vote("m1")) for _ in range(12)])
    assert [answer.json()["context"]["code"] for answer in answers].count("VOTED") == 1
    retried = sidecar.together(*[to(AUTHORIZE, vote("m2"), request_id="r1") for _ in range(6)])
    assert len({answer.content for answer in retried}) == 1
    assert [act.person for act in sidecar.case().acts if act.kind == "voted"] == ["m1", "m2"]


def test_a_record_is_kept_with_its_members(sidecar: Sidecar) -> None:
    """Who voted how stands in clear in the entry, for whom it may lessen liability; what was said only as a digest."""
    sidecar.allowed(closing(RECORD))
    (entry,) = [entry for entry in sidecar.entries() if entry["resolution"]]
    kept = entry["resolution"]
    assert (kept["id"], kept["case_id"], kept["content"], kept["chair"]) == (RECORD["id"], "C-1", DRAFT, CHAIR)
    assert [(m["person"], m["vote"], m["present"]) for m in kept["members"]] == [
        ("m1", "for", True),
        ("m2", "against", True),
        ("m3", "for", True),
        ("m4", "", False),
        (CHAIR, "for", True),
    ]
    reasons = [m["reason"] for m in kept["members"]]
    assert [bool(reason) for reason in reasons] == [False, True, False, False, False]
    assert reasons[1].startswith("sha256:")
    assert "处罚过重" not in str(entry)
    assert entry["action"]["content"] == DRAFT
    assert sidecar.case().acts[-1].resolution.id == RECORD["id"]


def test_a_refused_record_is_kept_too(sidecar: Sidecar) -> None:
    """What was brought and not accepted is part of what happened."""
    answer = sidecar.answer(closing({**RECORD, "case": "C-2"}))
    assert answer["context"]["code"] == "RESOLUTION_INVALID"
    assert sidecar.entries()[-1]["resolution"]["case_id"] == "C-2"


def changed(**fields: Any) -> Body:
    return {name: value for name, value in {**RECORD, **fields}.items() if value is not ...}


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("R-1", "bad_resolution"),
        ([], "bad_resolution"),
        ({}, "bad_resolution"),
        (changed(id=...), "bad_resolution"),
        (changed(id=""), "bad_resolution"),
        (changed(id="a" * 129), "bad_resolution"),
        (changed(case="C 1"), "bad_resolution"),
        (changed(chair=7), "bad_resolution"),
        (changed(content=...), "bad_digest"),
        (changed(content="sha256:" + "A" * 64), "bad_digest"),
        (changed(content="md5:" + "a" * 64), "bad_digest"),
        (changed(members=[]), "bad_resolution"),
        (changed(members={}), "bad_resolution"),
        (changed(members=[member("m1")] * 100), "bad_resolution"),
        (changed(members=["m1"]), "bad_resolution"),
        (changed(members=[member("m1", "yes")]), "bad_resolution"),
        (changed(members=[member("m1", "")]), "bad_resolution"),
        (changed(members=[member("m1", present=False)]), "bad_resolution"),
        (changed(members=[member("m1", present="yes")]), "bad_resolution"),
        (changed(members=[member("m1", reason="x" * 2001)]), "bad_resolution"),
        (changed(members=[member("m1", reason=3)]), "bad_resolution"),
        (changed(members=[member("../m1")]), "bad_resolution"),
        (changed(amount="many"), "bad_resolution"),
        (changed(amount=True), "bad_resolution"),
        (changed(amount=1.5), "bad_resolution"),
        (changed(amount=2**53), "int_range"),
    ],
)
def test_a_malformed_record_is_refused(sidecar: Sidecar, record: object, code: str) -> None:
    """Each with its field named, and nothing recorded; the same record unspoilt is accepted."""
    before = len(sidecar.entries())
    malformed(sidecar.post(closing(record)), 400, code)
    assert len(sidecar.entries()) == before
    assert sidecar.answer(closing(RECORD))["decision"]


@pytest.mark.parametrize("content", ["", "draft", "sha256:" + "a" * 63, "sha256:" + "a" * 65, 7, None])
def test_a_draft_is_named_by_its_digest(sidecar: Sidecar, content: object) -> None:
    """Anything else is no digest."""
    body = closing(RECORD)
    body["context"]["content"] = content
    malformed(sidecar.post(body), 400, "bad_digest")


def test_everybody_due_may_be_in_a_record(sidecar: Sidecar) -> None:
    """The bound of a record is far above any body; the sum may say its unit."""
    record = changed(members=[member(person) for person in DUE], amount="30.5 wan_yuan")
    assert sidecar.answer(closing(record))["decision"]
    assert sidecar.entries()[-1]["resolution"]["amount"] == "30.5 wan_yuan"
