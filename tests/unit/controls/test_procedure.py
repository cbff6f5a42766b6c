"""How cases end, how decisions are revoked and corrected, and what a failed act leaves behind."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import GRANT
from sidecar.decision.decision import Decision
from tests.samples import ACCEPTED, PENALTY, POWERS, PROFILES, act, ask, changed, codes, errors_of, snapshot
from tests.unit.controls.meetings import (
    COLLECTIVE,
    DRAFT,
    MEMBERS,
    ORGAN_WITH_GROUP,
    POWERS_WITH_GROUP,
    Case,
)
from tests.unit.controls.test_collective import ALL_FOR, record

REASON = frozenset({"reason"})


def decided() -> Case:
    """A case in which a decision was made."""
    case = Case()
    assert case.close(resolution=record(*ALL_FOR)).allowed
    assert case.ask("deputy", "decide", content=DRAFT, outcome=GRANT).allowed
    return case


def last(case: Case, step: str) -> str:
    return case.history.performances(step)[-1].decision_id


def refer(case: Case, step: str, corrects: str, evidence: frozenset[str] = REASON) -> Decision:
    return case.ask("deputy", step, corrects=corrects, evidence=evidence, outcome=GRANT)


def test_a_closed_case_takes_only_what_the_law_names() -> None:
    """After the archive nothing is done but to revoke or to correct; before it everything in its order."""
    case = decided()
    before = refer(case, "correct", last(case, "decide"))
    assert before.allowed
    assert case.ask("clerk", "archive").allowed
    assert codes(case.ask("clerk", "notify")) == {"CASE_CLOSED", "STEP_ALREADY_DONE"}
    assert "CASE_CLOSED" in codes(case.vote("m1"))
    assert refer(case, "revoke", last(case, "decide")).allowed


def test_a_correction_refers_and_changes_nothing() -> None:
    """It names a decision of this case and says why; the act it speaks of stays as it was."""
    case = decided()
    decision = last(case, "decide")
    acts = case.history.acts
    assert codes(refer(case, "correct", "")) == {"MISSING_REQUIREMENT"}
    assert codes(refer(case, "correct", "d-of-another-case")) == {"MISSING_REQUIREMENT"}
    assert codes(refer(case, "correct", decision, frozenset())) == {"MISSING_REQUIREMENT"}
    assert refer(case, "correct", decision).allowed
    assert case.history.acts[:-1] == acts
    assert case.history.acts[-1].corrects == decision


def test_what_was_revoked_opens_nothing_until_it_is_made_anew() -> None:
    """Nothing may follow a revoked decision, it cannot be revoked twice, and a new one may be made and revoked in its turn."""
    case = decided()
    first = last(case, "decide")
    assert codes(case.ask("deputy", "decide", content=DRAFT, outcome=GRANT)) == {"STEP_ALREADY_DONE"}
    assert refer(case, "revoke", first).allowed
    assert codes(refer(case, "revoke", first)) == {"STEP_ALREADY_DONE"}
    assert case.ask("deputy", "decide", content=DRAFT, outcome=GRANT).allowed
    assert last(case, "decide") != first


def test_a_revoked_step_says_so() -> None:
    """The refusal of what follows names the revocation, not a step that was never done."""
    powers = POWERS_WITH_GROUP.replace(
        "posts: [front.clerk], after: [decide]}", "posts: [front.clerk], after: [decide], closes: false}"
    )
    powers = powers.replace("verb: archive", "verb: issue").replace("id: archive", "id: issue")
    case = Case(snapshot(powers, organ=ORGAN_WITH_GROUP, penalty=PENALTY + COLLECTIVE))
    case.close(resolution=record(*ALL_FOR))
    case.ask("deputy", "decide", content=DRAFT, outcome=GRANT)
    refer(case, "revoke", last(case, "decide"))
    refused = case.ask("clerk", "issue")
    assert codes(refused) == {"STEP_OUT_OF_ORDER"}
    assert "revoked" in refused.reason.en


def test_a_failed_act_is_told_apart_from_one_never_done() -> None:
    """The refusal says that the step was allowed and failed, and the case keeps the failed act beside those that count."""
    case = decided()
    never = Case().ask("clerk", "archive")
    failed = last(case, "decide")
    case.report(failed, "failed")
    refused = case.ask("clerk", "archive")
    assert codes(refused) == codes(never)
    assert "reported to have failed" in refused.reason.en
    assert "reported to have failed" not in never.reason.en
    assert [act.decision_id for act in case.history.failed] == [failed]
    assert case.ask("deputy", "decide", content=DRAFT, outcome=GRANT).allowed
    assert case.ask("clerk", "archive").allowed


def test_a_failed_revocation_revokes_nothing() -> None:
    """What was to be revoked stands, until a revocation is performed."""
    case = decided()
    assert refer(case, "revoke", last(case, "decide")).allowed
    case.report(case.history.acts[-1].decision_id, "failed")
    assert case.ask("clerk", "archive").allowed


def test_a_failed_closing_closes_nothing() -> None:
    """The case goes on, and may be closed again."""
    case = decided()
    assert case.ask("clerk", "archive").allowed
    case.report(last(case, "archive"), "failed")
    assert case.ask("clerk", "archive").allowed
    assert "STEP_ALREADY_DONE" in codes(case.ask("clerk", "archive"))


def test_an_outcome_reported_as_performed_is_kept() -> None:
    """So that a reader sees which acts nobody has reported on."""
    case = decided()
    done = last(case, "decide")
    case.report(done, "performed")
    assert case.history.confirmed == {done}
    assert case.ask("clerk", "archive").allowed


STEPS = st.sampled_from(["decide", "archive", "correct", "revoke", "notify", "deliberate"])
TRIES = st.lists(st.tuples(STEPS, st.sampled_from([*MEMBERS, "deputy", "clerk"]), st.booleans()), max_size=15)


@given(TRIES)
def test_nothing_follows_the_end_of_a_case(tries: list[tuple[str, str, bool]]) -> None:
    """Whatever is tried in whatever order, and whichever acts fail afterwards: behind a standing archive there are only acts that
    revoke or correct, each naming a decision before it."""
    case = decided()
    for step, person, fails in tries:
        acts = ["none", *(act.decision_id for act in case.history.acts if act.step == "decide")]
        decision = case.ask(person, step, content=DRAFT, outcome=GRANT, corrects=acts[-1], evidence=REASON)
        if decision.allowed and fails:
            case.report(case.history.acts[-1].decision_id, "failed")
    names = [act.step for act in case.history.acts]
    behind = case.history.acts[names.index("archive") + 1 :] if "archive" in names else ()
    assert {act.step for act in behind} <= {"correct", "revoke"}
    everything = [act.decision_id for act in (*case.history.acts, *case.history.failed)]
    assert all(act.corrects in everything for act in behind)


# -- what profiles and items ask -----------------------------------------------------------------------------------------

LICENSING_EVIDENCE = "evidence_when: [{evidence: heard, when: site_done, rule: AL-36, basis: 行政许可法第三十六条}], "


def licensing(evidence: str = LICENSING_EVIDENCE) -> str:
    return changed("requires: [reason_if_refused], ", f"requires: [reason_if_refused], {evidence}", PROFILES)


def test_evidence_is_asked_for_only_where_its_condition_holds() -> None:
    """And one that an earlier act carried is not asked for again."""
    policy = snapshot(licensing=licensing())
    reviewed = (*ACCEPTED, act("review", "reviewer"))
    site = (act("site", "checker", kind="co_signed"), act("site", "head"))
    assert ask("deputy", "decide", *reviewed, policy=policy).allowed
    refused = ask("deputy", "decide", *reviewed, *site, policy=policy)
    assert (codes(refused), refused.rule) == ({"MISSING_REQUIREMENT"}, "AL-36")
    assert ask("deputy", "decide", *reviewed, *site, policy=policy, evidence=frozenset({"heard"})).allowed
    heard = act("review", "reviewer", evidence=("heard",))
    assert ask("deputy", "decide", *ACCEPTED, heard, *site, policy=policy).allowed


def test_evidence_about_a_step_that_the_item_lacks_is_not_asked_for() -> None:
    """A profile that asks who was heard at a hearing asks nothing of an item that has none."""
    powers = changed(
        "      - {id: site, name: 核查, verb: inspect, type: execute, posts: [checker, head], after: [accept],"
        " officers: {min: 2, credential: work_card}}\n",
        "",
        POWERS,
    )
    policy: Any = snapshot(powers, licensing=licensing())
    assert not [row for row in policy.step("permit", "decide").rows if "evidence_when" in row]


def test_a_step_may_not_leave_open_what_its_profile_closes() -> None:
    """`closes: false` against a profile's `closes: true` is found."""
    penalty = changed("verb: collect, type: execute,", "verb: collect, type: execute, closes: true,", PENALTY + COLLECTIVE)
    collects = "      - {id: collect, name: 收缴, verb: collect, type: execute, posts: [front.clerk], closes: false}\n"
    powers = POWERS_WITH_GROUP.replace("      - {id: archive,", f"{collects}      - {{id: archive,")
    assert "LOOSER_CLOSES" in {f.code for f in errors_of(powers=powers, organ=ORGAN_WITH_GROUP, penalty=penalty)}
    kept = powers.replace(", closes: false}", "}")
    assert not errors_of(powers=kept, organ=ORGAN_WITH_GROUP, penalty=penalty)


@pytest.mark.parametrize(("level", "allowed"), [("1", True), ("2", True), ("3", True), ("4", False), ("5", False)])
def test_the_deciding_organ_or_one_above_revokes(level: str, allowed: bool) -> None:
    """行政许可法 69: never one below."""
    case = decided()
    decision = case.ask("deputy", "revoke", corrects=last(case, "decide"), evidence=REASON, outcome=GRANT, level=level)
    assert (decision.allowed, codes(decision)) == (allowed, set() if allowed else {"WRONG_LEVEL"})
