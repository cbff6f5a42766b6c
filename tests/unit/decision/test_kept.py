"""Decisions that are given again: never where anything they rest on, or are told with, differs."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import AccessRequest
from sidecar.decision.decide import decide
from tests.samples import ACCEPTED, EVERYONE, SNAPSHOT, act, ask, history, moment, snapshot

REQUESTS = st.builds(
    AccessRequest,
    person=st.sampled_from(["clerk", "checker", "reviewer", "deputy", "head", "all", "nobody"]),
    step=st.sampled_from(["accept", "review", "decide", "issue", "none"]),
    item=st.sampled_from(["permit", "permit", "unknown"]),
    case_id=st.sampled_from(["C-1", "C-2"]),
    region=st.sampled_from(["", "650200", "110000", "650201"]),
    party=st.sampled_from(["", "pty-1", "pty-2"]),
    acting_post=st.sampled_from(["", "front.deputy", "front.clerk", "no.post"]),
    outcome=st.sampled_from(["", "grant", "refuse"]),
    intent=st.sampled_from(["exercise", "question", "co_sign", "vote"]),
    facts=st.dictionaries(st.sampled_from(["amount", "other"]), st.sampled_from([0, 1, True, 100, "100 yuan"]), max_size=2),
    evidence=st.frozensets(st.sampled_from(["drawings", "reason"])),
)
HISTORIES = st.sampled_from(
    [
        CaseHistory("C-1"),
        history(*ACCEPTED),
        history(*ACCEPTED, act("review", "reviewer")),
        history(*ACCEPTED, act("review", "all"), act("decide", "deputy", outcome="refuse")),
        history(act("accept", "clerk", outcome="refuse")),
    ]
)
FRESH = snapshot()  # forgets between two decisions
DAYS = st.sampled_from([date(2026, 1, 5), date(2020, 1, 1), date(2040, 1, 1)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REQUESTS, HISTORIES, DAYS), min_size=1, max_size=12))
def test_a_decision_given_again_is_the_one_that_would_be_made(asked: list[tuple[AccessRequest, CaseHistory, date]]) -> None:
    """However many requests came before, and in whatever order."""
    for request, case, day in asked:
        FRESH.kept.clear()
        fresh = decide(FRESH, EVERYONE, case, request, moment(day))
        assert decide(SNAPSHOT, EVERYONE, case, request, moment(day)) == fresh


def test_region_outcome_and_intent_are_told_apart() -> None:
    """An allow for one is never given for another; each names what was asked."""
    policy = snapshot()
    reviewed = (*ACCEPTED, act("review", "reviewer"))
    granted = ask("deputy", "decide", *reviewed, policy=policy, outcome="grant")
    refused = ask("deputy", "decide", *reviewed, policy=policy, outcome="refuse", evidence=frozenset({"reason"}))
    assert (granted.allowed, refused.allowed) == (True, True)
    assert granted.obligations != refused.obligations
    assert ask("deputy", "decide", *reviewed, policy=policy, outcome="grant") is granted


def test_no_more_decisions_are_kept_than_there_is_room_for() -> None:
    """Whoever asks about ever new regions fills nothing."""
    policy = snapshot()
    for n in range(9000):
        ask("clerk", "accept", policy=policy, region=f"{110000 + n}")
    assert len(policy.kept) == 8192
