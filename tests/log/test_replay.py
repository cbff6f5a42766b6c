"""Every recorded decision is made again: the same, bit for bit, or it is told what differs, or why it cannot be."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.replay.recorded import Cause
from tests.http_api.calling import ACCEPT, AUTHORIZE, DECIDE, REVIEW, asking, to
from tests.http_api.test_meetings import PEOPLE as MEMBERS
from tests.http_api.test_meetings import RECORD, closing, vote
from tests.log.offices import Office
from tests.samples import EVERYONE, SNAPSHOT, changed, personnel, snapshot
from tests.unit.controls.meetings import POLICY as MEETINGS
from tests.unit.controls.purchases import BUYING, buying_policy
from tests.unit.controls.purchases import PEOPLE as BUYERS
from tests.unit.controls.purchases import POLICY as PURCHASES


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """With a case that was accepted, reviewed and refused to its reviewer."""
    office = Office(tmp_path)
    office.allowed(ACCEPT, REVIEW)
    office.sidecar.answer(asking("reviewer", "decide", outcome="grant"))
    yield office
    office.close()


PERSONS = st.sampled_from(["clerk", "checker", "head", "deputy", "reviewer", "all", "boss", "m1", "m2", "nobody"])
FACTS = st.dictionaries(
    st.sampled_from(["amount", "sum", "group", "urgent", "serious", "complex", "undeclared"]),
    st.integers(0, 600) | st.booleans() | st.sampled_from(["30 yuan", "many", ""][:2]),
    max_size=3,
)
BODIES = st.builds(
    lambda person, step, facts, rest: asking(person, step, facts=facts, **{k: v for k, v in rest.items() if v is not None}),
    PERSONS,
    st.sampled_from(["accept", "review", "site", "hear", "decide", "issue", "act", "approve", "file", "deliberate", "none"]),
    FACTS,
    st.fixed_dictionaries(
        {
            "case": st.sampled_from(["C-1", "C-2", "案〔2026〕1号"]),
            "item": st.sampled_from(["permit", "permit", "fine", "buy", "unlisted", None]),
            "region": st.sampled_from([None, None, "650200", "110000"]),
            "party": st.sampled_from([None, None, "甲公司", "乙公司"]),
            "level": st.sampled_from([None, None, "3", "2"]),
            "acting_post": st.sampled_from([None, None, "front.clerk", "front.head", "law.reviewer"]),
            "outcome": st.sampled_from([None, "grant", "refuse"]),
            "intent": st.sampled_from([None, None, None, "question", "co_sign", "vote"]),
            "evidence": st.sampled_from([None, ["drawings"], {"reason": "见卷宗"}]),
            "channel": st.sampled_from([None, "窗口"]),
        }
    ),
)
# What happens: requests at once under an identifier or none, an act that failed, hours that pass, other grounds in force.
TURNS = st.one_of(
    st.lists(st.tuples(BODIES, st.sampled_from([None, None, "r1", "r2"])), min_size=1, max_size=5),
    st.just("fail"),
    st.integers(1, 400),
    st.sampled_from([(SNAPSHOT, EVERYONE), (MEETINGS, MEMBERS), (PURCHASES, BUYERS), (PURCHASES, EVERYONE)]),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(TURNS, min_size=1, max_size=8))
def test_whatever_was_decided_is_decided_again(turns: list[Any]) -> None:
    """Random officers, requests, races, retries, failures, reloads and days: no difference, nothing that cannot be made again."""
    with TemporaryDirectory() as folder:
        office, asked = Office(Path(folder)), 0
        for turn in turns:
            if isinstance(turn, list):
                answers = office.sidecar.together(*[to(AUTHORIZE, body, request_id=name) for body, name in turn])
                asked += len([answer for answer in answers if answer.status_code == 200])
            elif turn == "fail":
                _report_a_failure(office)
            elif isinstance(turn, int):
                office.sidecar.clock.move(hours=turn)
            else:
                office.serve(*turn)
        replayed, run = office.replay()
        assert [(r.seq, r.differences, r.cause, r.told) for r in replayed if not r.is_same] == []
        assert run.tally.same == run.tally.decisions == len(office.sidecar.entries(kind="decision")) <= asked
        office.close()


def _report_a_failure(office: Office) -> None:
    allowed = office.sidecar.entries(kind="decision", decision="allow")
    if allowed:
        office.sidecar.report(allowed[-1]["decision_id"], {"result": "failed"})


def test_a_meeting_and_a_purchase_are_decided_again(office: Office) -> None:
    """Votes, the record of a meeting, what is counted across cases, and a failure that gives it back."""
    office.serve(MEETINGS, MEMBERS)
    facts = {"serious": True, "complex": False}
    office.allowed(
        asking("head", "file", case="F-1", item="fine", facts=facts), asking("clerk", "notify", case="F-1", item="fine")
    )
    office.allowed(*[vote(person, case="F-1") for person in ("m1", "m2", "boss")])
    office.sidecar.answer(closing({**RECORD, "case": "F-1"}, case="F-1"))
    office.serve(PURCHASES, BUYERS)
    buy = {"item": "buy", "outcome": "grant", "facts": {"sum": 60, "group": 1}}
    (bought,) = office.allowed(asking("boss", "decide", case="B-1", **buy))
    counted = asyncio.run(office.store.read_ledger("split:buy:2026:1"))
    assert office.sidecar.answer(asking("boss", "decide", case="B-2", **buy))["context"]["code"] == "OUT_OF_SCOPE"
    office.sidecar.report(bought, {"result": "failed"})
    office.allowed(asking("boss", "decide", case="B-2", **buy))
    replayed, run = office.replay()
    assert [r.differences for r in replayed if not r.is_same] == []
    assert (run.tally.same, run.tally.others["outcome"]) == (12, 1)
    assert {entry["code"] for entry in office.sidecar.entries(kind="decision")} >= {"VOTED", "OUT_OF_SCOPE", "ALLOWED"}
    assert office.sidecar.entries(case_id="B-2")[0]["ledgers"] == [
        {"id": "split:buy:2026:1", "version": 1, "digest": counted.digest}
    ]


def test_items_of_a_batch_are_decided_again(office: Office) -> None:
    """Each is a decision of its own; so are those of callers that may not ask, or promise less than what follows."""
    items = [{"action": {"name": step}} for step in ("decide", "issue", "none")]
    body = {**asking("deputy", "decide", outcome="grant"), "evaluations": items}
    answer = office.sidecar.answer(body, "/access/v1/evaluations")
    assert len(answer["evaluations"]) == 3
    limited = asking("deputy", "decide", outcome="grant")
    limited["context"]["supported_obligations"] = []
    office.sidecar.answer(limited)
    replayed, run = office.replay()
    assert [r.differences for r in replayed if not r.is_same] == []
    assert run.tally.same == 3 + 3 + 1


def test_only_what_is_wanted_is_replayed(office: Office) -> None:
    """By officer, say; the history is whole all the same."""
    replayed, _ = office.replay(officer="reviewer")
    assert [(r.seq, r.is_same) for r in replayed] == [(2, True), (3, True)]


# -- what somebody changed beside the entries ------------------------------------------------------------------------------


def tampered(office: Office, statement: str, *values: object) -> list[tuple[int, list[str]]]:
    """What a replay finds after a change of the record that no leaf hash covers."""
    with sqlite3.connect(office.record) as connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()
    replayed, _ = office.replay()
    return [(r.seq, [difference.where for difference in r.differences]) for r in replayed if r.differences]


def test_an_act_that_was_rewritten_is_found(office: Office) -> None:
    """Every later decision of the case rests on a digest that no longer fits, and those whom it concerns come out otherwise."""
    found = tampered(
        office, "UPDATE case_events SET event = replace(event, '\"reviewer\"', '\"other\"') WHERE case_id = 'C-1' AND version = 2"
    )
    ((seq, where),) = found
    assert seq == 3
    assert "case_digest" in where


def test_an_answer_that_was_rewritten_is_found(tmp_path: Path) -> None:
    """A retry would be told that it may."""
    office = Office(tmp_path)
    office.sidecar.send(to(AUTHORIZE, asking("nobody"), request_id="r1"))
    with sqlite3.connect(office.record) as connection:
        answer = json.loads(connection.execute("SELECT answer FROM requests").fetchone()[0])
    connection.close()
    assert office.replay()[0][0].is_same
    found = tampered(office, "UPDATE requests SET answer = ?", json.dumps({**answer, "decision": True}).encode())
    assert found == [(1, ["answer.decision"])]
    office.close()


def test_a_total_that_was_lowered_is_found(tmp_path: Path) -> None:
    """The act that was counted tells what it counted for."""
    office = Office(tmp_path)
    office.serve(PURCHASES, BUYERS)
    office.allowed(asking("boss", "decide", item="buy", outcome="grant", facts={"sum": 60, "group": 1}))
    found = tampered(office, "UPDATE ledger_changes SET change = replace(change, '6000', '1000')")
    assert found == [(1, ["ledger(split:buy:2026:1).add[1].amount"])]
    office.close()


def test_another_policy_in_the_place_of_the_one_of_the_day_is_told_member_by_member(office: Office) -> None:
    """Never just "different": which ground, which row, which bits."""
    looser = snapshot(changed("name: 示范许可", "name: 样板许可"))
    office.served[SNAPSHOT.digest] = looser
    replayed, run = office.replay()
    assert [r.seq for r in replayed if not r.is_same] == [1, 2, 3]
    told = {difference.where: (difference.recorded, difference.again) for difference in replayed[-1].differences}
    assert told["policy_digest"] == (SNAPSHOT.digest, looser.digest)
    assert told["item_name"] == ("示范许可", "样板许可")
    assert run.tally.differing["policy_digest"] == 3


# -- what cannot be decided again is said, and why ---------------------------------------------------------------------------


def causes(office: Office, **wanted: Any) -> list[Cause | None]:
    return [replayed.cause for replayed in office.replay(**wanted)[0]]


def test_policies_that_are_not_at_hand(office: Office) -> None:
    office.served.clear()
    assert causes(office) == [Cause.POLICY_NOT_KEPT] * 3
    assert SNAPSHOT.digest in office.replay()[0][0].told


def test_registers_that_are_not_at_hand(office: Office) -> None:
    shutil.rmtree(office.data / "kept/personnel")
    assert causes(office) == [Cause.PERSONNEL_NOT_KEPT] * 3


def test_acts_that_are_not_at_hand(office: Office) -> None:
    """They may lie in the log of another sidecar."""
    with sqlite3.connect(office.record) as connection:
        connection.execute("DELETE FROM case_events WHERE version = 1")
    connection.close()
    assert causes(office) == [None, Cause.HISTORY_NOT_WHOLE, Cause.HISTORY_NOT_WHOLE]


def test_an_entry_that_was_altered(office: Office) -> None:
    with sqlite3.connect(office.record) as connection:
        connection.execute("UPDATE entries SET body = replace(body, 'reviewer', 'other') WHERE seq = 2")
    connection.close()
    assert causes(office) == [None, Cause.ALTERED, None]


def test_an_entry_of_an_earlier_version(tmp_path: Path) -> None:
    """It names no registers: what was asked is not whole in it."""
    office = Office(tmp_path)
    office.sidecar.authorizer.swap(type(office.sidecar.authorizer.standing)(SNAPSHOT, EVERYONE))
    office.allowed(ACCEPT)
    assert causes(office) == [Cause.EARLIER_FORM]
    office.close()


# -- by another policy -------------------------------------------------------------------------------------------------------


def changes(office: Office, other: Any) -> dict[int, tuple[str, tuple[str, ...]]]:
    replayed, _ = office.replay(other)
    return {r.seq: (r.change.kind, r.change.rules) for r in replayed if r.change is not None}


def test_the_same_policy_changes_nothing(office: Office) -> None:
    assert changes(office, SNAPSHOT) == {}


def test_a_control_that_is_taken_out_is_found_exactly(office: Office) -> None:
    """Only the decision it made would come out otherwise, and it is told by which rule."""
    office.serve(people=personnel({"both": ["law.reviewer", "front.deputy"], "clerk": "front.clerk"}))
    office.allowed(asking(case="C-2"), asking("both", "review", case="C-2", evidence=["drawings"]))
    refused = office.sidecar.answer(asking("both", "decide", case="C-2", outcome="grant"))
    assert refused["context"]["code"] == "SAME_PERSON_PRIOR_STEP"
    looser = snapshot(changed("separation: [[review, decide]]", "separation: [[review, issue]]"))
    assert changes(office, looser)[6][0] == "newly_allowed"
    assert changes(office, looser).keys() == {3, 6}


def test_a_stricter_policy_refuses_and_says_by_which_rule(office: Office) -> None:
    """An application needs evidence now."""
    stricter = snapshot(changed("posts: [front.clerk]}", "posts: [front.clerk], requires: [identity]}"))
    replayed, run = office.replay(stricter)
    (change,) = [(r.seq, r.change) for r in replayed if r.change]
    assert change[0] == 1
    assert (change[1].kind, change[1].code) == ("newly_refused", "MISSING_REQUIREMENT")
    assert run.tally.by_officer == {"clerk": {"newly_refused": 1}}
    assert run.tally.by_item == {"permit": {"newly_refused": 1}}
    assert list(run.tally.by_rule) == list(change[1].rules)


def test_other_obligations_are_told(office: Office) -> None:
    """A longer limit changes no answer, but what falls due."""
    office.allowed(DECIDE, asking("clerk", "issue"))
    longer = snapshot(changed("limit: {n: 10, unit: workday}", "limit: {n: 5, unit: workday}"))
    found = changes(office, longer)
    assert {kind for kind, _ in found.values()} == {"other_obligations"}


def test_facts_that_another_policy_reads_and_nobody_recorded_make_it_uncertain(tmp_path: Path) -> None:
    """A fact that was asserted stands in the entry as a digest only."""
    office = Office(tmp_path)
    office.allowed(asking(facts={"amount": 100, "storeys": 3}), asking(case="C-2"))
    facts = "facts: [{name: amount, type: integer, label: 数额}"
    powers = changed(facts, facts + ", {name: storeys, type: integer, label: 层数}")
    reads = snapshot(changed("required_when: amount >= large", "required_when: storeys >= large", powers))
    replayed, _ = office.replay(reads)
    assert [r.cause for r in replayed] == [Cause.FACTS_NOT_RECORDED, None]
    assert "storeys" in replayed[0].told
    office.close()


def test_a_total_that_was_not_kept_is_not_taken_for_empty(office: Office) -> None:
    """Another policy counts what nobody counted then."""
    counted = next(line for line in BUYING.splitlines(keepends=True) if line.startswith("emergency:"))
    office.serve(buying_policy(profile=BUYING.replace(counted, "")), BUYERS)
    office.allowed(asking("checker", "act", case="B-1", item="buy", facts={"urgent": True}))
    assert [r.cause for r in office.replay(PURCHASES, item="buy")[0]] == [Cause.NOT_COUNTED]
