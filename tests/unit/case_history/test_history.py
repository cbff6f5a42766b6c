"""A case is the fold of its events."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import CaseEvent, CaseHistory, OutcomeReported, extend, fold
from tests.samples import act

STEPS, PEOPLE = ("accept", "review"), ("clerk", "head")


def failed(decision_id: str) -> OutcomeReported:
    return OutcomeReported(decision_id, "failed", "2026-01-05T10:00:00.000+08:00")


acts = st.builds(
    lambda step, person, kind, n: act(step, person, kind=kind, decision_id=f"d{n}", facts={"amount": n}),
    st.sampled_from(STEPS),
    st.sampled_from(PEOPLE),
    st.sampled_from(("performed", "co_signed")),
    st.integers(0, 9),
)
events = st.lists(st.one_of(acts, st.integers(0, 9).map(lambda n: failed(f"d{n}"))), max_size=12)


@given(events)
def test_a_fold_is_its_events_one_by_one(given_events: list[CaseEvent]) -> None:
    """Folding at once or extending step by step, and at any split, gives the same case; each event is one version."""
    whole = fold("C-1", given_events)
    assert whole.version == len(given_events)
    for split in range(len(given_events) + 1):
        part = fold("C-1", given_events[:split])
        for event in given_events[split:]:
            part = extend(part, event)
        assert part == whole


@given(events)
def test_what_counts_is_what_was_not_failed(given_events: list[CaseEvent]) -> None:
    """An act counts unless a later report says it failed; facts are those of the acts that count."""
    case = fold("C-1", given_events)
    expected = []
    for n, event in enumerate(given_events):
        if isinstance(event, OutcomeReported):
            continue
        later = [e.decision_id for e in given_events[n + 1 :] if isinstance(e, OutcomeReported)]
        if event.decision_id not in later:
            expected.append(event)
    assert list(case.acts) == expected
    assert case.facts.get("amount") == (expected[-1].facts["amount"] if expected else None)


def test_a_signature_is_spent_by_the_act_it_was_given_for() -> None:
    """The next performance needs new signatures."""
    signed = [act("review", "clerk", kind="co_signed"), act("review", "head", kind="co_signed")]
    assert fold("C-1", signed).open_signatures("review") == {"clerk", "head"}
    assert fold("C-1", [*signed, act("review", "deputy")]).open_signatures("review") == frozenset()
    assert fold("C-1", [*signed, act("accept", "deputy")]).open_signatures("review") == {"clerk", "head"}


def test_a_co_signature_is_no_performance() -> None:
    case = fold("C-1", [act("review", "clerk", kind="co_signed")])
    assert not case.is_done("review")


def test_the_first_act_fixes_the_case_for_good() -> None:
    """Item, region and party stay even when that act failed; a party named later is fixed then."""
    first = act("accept", "clerk", decision_id="d1", region="650203")
    case = fold("C-1", [first, act("review", "head", item="other", region="650201", party="pty-1"), failed("d1")])
    assert (case.item, case.region, case.party) == ("permit", "650203", "pty-1")
    assert not case.is_done("accept")


def test_performed_reports_change_nothing_but_the_version() -> None:
    """Confirmation is history too."""
    before = fold("C-1", [act("accept", "clerk", decision_id="d1")])
    after = extend(before, OutcomeReported("d1", "performed", "2026-01-05T10:00:00.000+08:00"))
    assert (after.acts, after.version) == (before.acts, before.version + 1)
    assert CaseHistory("C-1").version == 0
