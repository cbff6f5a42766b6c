"""Deliberation: a small model of the rules, written apart from the guards, agrees with them on random meetings."""

from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import CO_SIGNED
from sidecar.case_history.resolution import MemberVote, Resolution
from sidecar.power_list.shares import share_label, share_of, spelt_in_row
from tests.samples import PENALTY, codes, errors_of, findings_of, personnel
from tests.unit.controls.meetings import (
    CHAIR,
    CLERK,
    COLLECTIVE,
    DRAFT,
    DUE,
    HEAD_POLICY,
    MEMBERS,
    ORGAN_WITH_GROUP,
    OTHER_DRAFT,
    PEOPLE,
    POWERS_WITH_GROUP,
    Case,
    meeting_policy,
)


class Tried(NamedTuple):
    """One thing somebody tries: to vote, or to close the vote with an outcome."""

    person: str
    vote: str
    evidence: frozenset[str]
    content: str
    outcome: str  # empty for a vote


PERSONS = st.sampled_from([*DUE, CLERK, "deputy"])
EVIDENCE = st.frozensets(st.sampled_from(["dissent", "reason"]))
DRAFTS = st.sampled_from([DRAFT, DRAFT, DRAFT, OTHER_DRAFT])
VOTES = st.builds(Tried, PERSONS, st.sampled_from(["for", "for", "against", "abstain", ""]), EVIDENCE, DRAFTS, st.just(""))
CLOSINGS = st.builds(
    Tried, st.sampled_from([CLERK, CLERK, "m1"]), st.just(""), EVIDENCE, DRAFTS, st.sampled_from(["grant", "refuse"])
)
MEETINGS = st.lists(st.one_of(VOTES, VOTES, VOTES, CLOSINGS), max_size=24)


class Model:
    """What the rules of a meeting come to, without posts, rows or guards: five due, more than half of them attend and agree."""

    def __init__(self) -> None:
        self.cast: list[tuple[str, str]] = []
        self.draft = ""
        self.rejected: set[str] = set()
        self.adopted = False

    def allows(self, tried: Tried) -> bool:
        if self.adopted or tried.content in self.rejected or (self.draft and tried.content != self.draft):
            return False
        return self._may_close(tried) if tried.outcome else self._may_vote(tried)

    def _may_vote(self, tried: Tried) -> bool:
        voted = [person for person, _ in self.cast]
        if tried.person not in DUE or tried.person in voted or not tried.vote:
            return False
        if tried.vote == "against" and "dissent" not in tried.evidence:
            return False
        if tried.person != CHAIR:
            return CHAIR not in voted
        if (len(voted) + 1) * 2 <= len(DUE):
            return False
        opposite = {"for": "against", "against": "for"}.get(tried.vote)
        others_opposed = sum(vote == opposite for _, vote in self.cast) * 2 > len(self.cast)
        return not others_opposed or "reason" in tried.evidence

    def _may_close(self, tried: Tried) -> bool:
        agreed = sum(vote == "for" for _, vote in self.cast)
        adopted = agreed * 2 > len(DUE)
        return tried.person == CLERK and len(self.cast) * 2 > len(DUE) and (tried.outcome == "grant") == adopted

    def take(self, tried: Tried) -> None:
        if not tried.outcome:
            self.cast.append((tried.person, tried.vote))
            self.draft = tried.content
            return
        self.adopted = tried.outcome == "grant"
        self.rejected |= {tried.content} if tried.outcome == "refuse" else set()
        self.cast, self.draft = [], ""


@given(MEETINGS)
def test_the_model_agrees_on_every_meeting(tries: list[Tried]) -> None:
    """Whoever votes or closes in whatever order: the guards allow exactly what the rules of the meeting do."""
    model, case = Model(), Case()
    for tried in tries:
        if tried.outcome:
            decision = case.close(tried.outcome, tried.person, tried.content)
        else:
            decision = case.vote(tried.person, tried.vote, tried.evidence, tried.content)
        assert decision.allowed == model.allows(tried), (tried, codes(decision))
        if decision.allowed:
            model.take(tried)


@given(MEETINGS)
def test_nothing_is_adopted_without_its_votes(tries: list[Tried]) -> None:
    """In no history that can be reached is a draft adopted that fewer than three of the five agreed to, each once."""
    case = Case()
    for tried in tries:
        before = case.history
        if tried.outcome and case.close(tried.outcome, tried.person, tried.content).allowed and tried.outcome == "grant":
            voices = [act for act in before.since_performed("deliberate") if act.content == tried.content]
            agreed = {act.person for act in voices if act.vote == "for"}
            assert len(agreed) >= 3
            assert len({act.person for act in voices}) == len(voices)
        elif not tried.outcome:
            case.vote(tried.person, tried.vote, tried.evidence, tried.content)


@given(st.permutations(DUE), st.integers(2, 5), st.lists(st.sampled_from(["for", "against", "abstain"]), min_size=5, max_size=5))
def test_a_record_is_judged_as_the_votes_it_tells_of(order: list[str], here: int, votes: list[str]) -> None:
    """Brought whole or cast one by one, the same meeting comes to the same outcome; what could not be cast cannot be brought."""
    voices = list(zip(order[:here], votes, strict=False))
    record = tuple(MemberVote(person, vote, reason="sha256:1") for person, vote in voices)
    cast = Case()
    valid = all(cast.vote(person, vote, frozenset({"dissent", "reason"})).allowed for person, vote in voices)
    chair = order[here - 1] if CHAIR not in order[:here] else CHAIR
    for outcome in ("grant", "refuse"):
        brought = Case().close(outcome, resolution=Resolution("R-1", "C-1", DRAFT, chair, record)).allowed
        assert brought == (valid and cast.ask(CLERK, "deliberate", outcome=outcome, content=DRAFT, intent="question").allowed)


def record(*voices: tuple[str, str], chair: str = CHAIR, content: str = DRAFT, case: str = "C-1") -> Resolution:
    return Resolution("R-1", case, content, chair, tuple(MemberVote(person, vote, reason="sha256:1") for person, vote in voices))


ALL_FOR = tuple((person, "for") for person in DUE)


def test_who_holds_two_posts_has_one_vote() -> None:
    """A member who also presides is one person, due once and heard once."""
    people = personnel({"m1": ["law.member", "front.boss"], "m2": "law.member", CLERK: "law.minutes"})
    case = Case(people=people)
    assert case.vote("m2").allowed
    assert case.vote("m1").allowed
    assert codes(case.vote("m1")) == {"STEP_ALREADY_DONE"}
    assert case.close().allowed


def test_a_member_votes_through_the_members_post() -> None:
    """Also where they keep the minutes too: the record says as what they voted, and as what they closed."""
    people = personnel({"m1": ["law.member", "law.minutes"], "m2": "law.member", CHAIR: "front.boss"})
    case = Case(people=people)
    assert case.vote("m1").post == "law.member"
    assert case.vote("m2").post == "law.member"
    assert case.vote(CHAIR).post == "front.boss"
    assert case.close(person="m1").post == "law.minutes"


def test_one_person_is_no_body() -> None:
    """Where one alone is due, nothing can be deliberated: the matter goes up."""
    case = Case(people=personnel({"m1": "law.member", CLERK: "law.minutes"}))
    assert case.vote("m1").allowed
    assert codes(case.close()) == {"RESOLUTION_INVALID"}


def test_who_is_due_is_who_holds_the_post_on_that_day() -> None:
    """A vote cast in office counts no more once its member has left: quorum is of the day the vote is closed."""
    case = Case()
    assert all(case.vote(person).allowed for person in ("m1", "m2", CHAIR))
    case.people = personnel({"m1": "law.member", "m2": "law.member", "m5": "law.member", CLERK: "law.minutes"})
    assert codes(case.close()) == {"RESOLUTION_INVALID"}
    case.people = PEOPLE
    assert case.close().allowed


def test_a_vote_cannot_be_cast_for_somebody_else() -> None:
    """Not even by one who acts for them otherwise."""
    decision = Case().ask("m1", "deliberate", intent="vote", vote="for", content=DRAFT, on_behalf="m2")
    assert "DELEGATION_INVALID" in codes(decision)


def test_where_the_head_decides_the_outcome_follows_the_head() -> None:
    """On the basis of the discussion, with the reason where most were of another mind, and never without the head."""
    against = frozenset({"dissent", "reason"})
    case = Case(HEAD_POLICY)
    assert all(case.vote(person).allowed for person in MEMBERS)
    assert codes(case.close("grant")) == {"RESOLUTION_INVALID"}  # the head has not spoken
    assert codes(case.vote(CHAIR, "against", frozenset({"dissent"}))) == {"RESOLUTION_INVALID"}
    assert case.vote(CHAIR, "against", against).allowed
    assert codes(case.close("grant")) == {"RESOLUTION_INVALID"}
    assert case.close("refuse").allowed


def test_what_follows_is_what_was_resolved() -> None:
    """The draft that was adopted and no other; and a draft that was not adopted founds nothing but a refusal."""
    case = Case()
    assert case.close(resolution=record(*ALL_FOR)).allowed
    assert codes(case.ask("deputy", "decide", content=OTHER_DRAFT)) == {"RESOLUTION_INVALID"}
    assert codes(case.ask("deputy", "decide")) == {"MISSING_REQUIREMENT"}
    assert case.ask("deputy", "decide", content=DRAFT).allowed
    rejected = Case()
    assert rejected.close("refuse", resolution=record(*((p, "against") for p in DUE))).allowed
    assert "COLLECTIVE_REQUIRED" in codes(rejected.ask("deputy", "decide", content=DRAFT, outcome="grant"))


def test_a_failed_closing_leaves_the_votes_open() -> None:
    """The votes stand, and the closing is done again; the members are not asked twice."""
    case = Case()
    assert all(case.vote(person).allowed for person in ("m1", "m2", CHAIR))
    assert case.close().allowed
    decision_id = case.history.acts[-1].decision_id
    case.report(decision_id, "failed")
    assert "COLLECTIVE_REQUIRED" in codes(case.ask("deputy", "decide", content=DRAFT))
    assert codes(case.vote("m1")) >= {"STEP_ALREADY_DONE"}
    assert case.close().allowed
    assert [act.decision_id for act in case.history.failed] == [decision_id]
    assert not [act for act in case.history.acts if act.kind == CO_SIGNED]


# -- shares --------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 20), st.integers(1, 20))
def test_a_share_is_exact(count: int, whole: int, part: int, of: int) -> None:
    """Counted with whole numbers: no rounding, and half is more than half."""
    assert share_of("half").met(count, whole) == (2 * count > whole)
    assert share_of("two_thirds").met(count, whole) == (3 * count >= 2 * whole)
    assert share_of("all").met(count, whole) == (count >= whole)
    if part <= of:
        assert share_of(f"{part}/{of}").met(count, whole) == (count * of >= part * whole)
        assert share_of(f"{part}:{of}") == share_of(f"{part}/{of}")


def test_of_two_shares_the_greater_is_harder() -> None:
    """So that a profile can tell whether an item loosens it."""
    written = ["1/3", "1/2", "half", "3/5", "two_thirds", "4/5", "all"]
    assert sorted(written, key=share_of) == written
    assert share_of("过半数") == share_of("half")
    assert not share_of("1/2").met(0, 0)
    assert (spelt_in_row("2/3"), share_label("3:5")) == ("2:3", ("3/5以上", "at least 3/5"))
    assert share_of("1/2").part == Fraction(1, 2)


@pytest.mark.parametrize("text", ["", "most", "0/3", "4/3", "0.5", "2/0", "half "])
def test_what_is_no_share_is_refused(text: str) -> None:
    """In a file as in a row."""
    with pytest.raises(ValueError, match="^" + text.replace(".", r"\.") + "$"):
        share_of(text)


# -- what check finds ----------------------------------------------------------------------------------------------------


def found(collective: str, powers: str = POWERS_WITH_GROUP) -> set[str]:
    changed = powers.replace("collective: {members: [law.member], chair: boss}", f"collective: {collective}")
    return {finding.code for finding in findings_of(powers=changed, organ=ORGAN_WITH_GROUP, penalty=PENALTY + COLLECTIVE)}


@pytest.mark.parametrize(
    ("collective", "code"),
    [
        ("{quorum: 1/2}", "LOOSER_SHARE"),
        ("{majority: 1/3}", "LOOSER_SHARE"),
        ("{chair_last: false}", "LOOSER_MEETING"),
        ("{record_dissent: false}", "LOOSER_MEETING"),
        ("{members: [nobody]}", "UNKNOWN_POST"),
        ("{chair: nobody}", "UNKNOWN_POST"),
        ("{quorum: most}", "NOT_IN_TABLE"),
        ("{amount: sum_of_it}", "UNKNOWN_FACT"),
    ],
)
def test_a_body_that_loosens_or_cannot_be_is_found(collective: str, code: str) -> None:
    """Each mistake under its own code; the same block without it has none."""
    assert code in found(collective)
    assert not found("{quorum: two_thirds, majority: 3/5}") & {"LOOSER_SHARE", "LOOSER_MEETING", "UNKNOWN_POST"}


def test_a_loosened_share_shows_both_places() -> None:
    """Where the item says less and where the profile asks for more."""
    powers = POWERS_WITH_GROUP.replace("collective: {members: [law.member], chair: boss}", "collective: {quorum: 1/3}")
    (finding,) = errors_of(powers=powers, organ=ORGAN_WITH_GROUP, penalty=PENALTY + COLLECTIVE)
    assert finding.code == "LOOSER_SHARE"
    assert str(finding.place).startswith("office/powers.yaml:")
    assert str(finding.facts["first"]).startswith("profiles/penalty.yaml:")


def test_a_meeting_that_nobody_chairs_is_doubted() -> None:
    """Where nobody presides, nobody can speak last."""
    organ = ORGAN_WITH_GROUP.replace("rank: principal", "rank: leader")
    powers = POWERS_WITH_GROUP.replace(", chair: boss", "")
    assert "NO_CHAIR" in {f.code for f in findings_of(powers=powers, organ=organ, penalty=PENALTY + COLLECTIVE)}
    assert meeting_policy() is not None


def test_items_that_leave_the_meeting_to_their_profile_are_doubted_together() -> None:
    """One warning an organ, at the first of them, with their number; however many a workbook brings."""
    organ = ORGAN_WITH_GROUP.replace("rank: principal", "rank: leader")
    silent = POWERS_WITH_GROUP.replace("    controls:\n      collective: {members: [law.member], chair: boss}\n", "")
    assert silent != POWERS_WITH_GROUP
    second = silent[silent.index("  - id: fine") :].replace("- id: fine", "- id: other-fine")
    found = [f for f in findings_of(powers=silent + second, organ=organ, penalty=PENALTY + COLLECTIVE) if "CHAIR" in f.code]
    assert [(f.code, f.facts["n"]) for f in found] == [("NO_CHAIR_BY_PROFILE", 2)]
