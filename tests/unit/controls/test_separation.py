"""Separation of duties in a case: pairs, whole ways, numbers of persons, incompatible duties."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.controls.separation import hands
from tests.persons import act, ask, controlled, holders, sentences, signed, snapshot
from tests.samples import codes

PROPOSED, DECIDED = act("a", "propose"), act("b", "decide")


def test_nobody_does_all_of_the_steps() -> None:
    """The last of them is for somebody else, whoever did the first ones; two of three may lie in one hand."""
    policy = snapshot(powers=controlled("not_all: [[propose, pay, book]]"))
    paid = act("a", "pay")
    assert ask(policy, "a", "pay", PROPOSED, DECIDED).allowed
    refused = ask(policy, "a", "book", PROPOSED, DECIDED, paid)
    assert codes(refused) == {"SAME_PERSON_PRIOR_STEP"}
    assert "one person would have done it all" in sentences(refused)
    assert ask(policy, "c", "book", PROPOSED, DECIDED, paid).allowed


def test_a_delegate_s_acts_are_both_persons_acts() -> None:
    """Who acts for another has taken part, and so has the other."""
    policy = snapshot(powers=controlled("not_all: [[propose, pay, book]]"))
    paid = act("c", "pay", on_behalf="a")
    assert codes(ask(policy, "a", "book", PROPOSED, DECIDED, paid)) == {"SAME_PERSON_PRIOR_STEP"}


@pytest.mark.parametrize(
    ("n", "person", "allowed"), [(2, "a", True), (3, "a", True), (4, "a", False), (4, "c", True), (5, "c", False)]
)
def test_a_case_needs_so_many_persons(n: int, person: str, allowed: bool) -> None:
    """Two have acted and one step follows this one: who adds nobody is refused once the rest could not make it up."""
    policy = snapshot(powers=controlled(f"distinct_persons: {{min: {n}}}"))
    history = (PROPOSED, act("a", "review"), DECIDED)
    decision = ask(policy, person, "pay", *history)
    assert (decision.allowed, codes(decision)) == (allowed, set() if allowed else {"SAME_PERSON_PRIOR_STEP"})


def test_who_acts_for_another_adds_no_person() -> None:
    """One stands in for the other: together they are one hand."""
    policy = snapshot(powers=controlled("distinct_persons: {min: 5}"))
    history = (PROPOSED, act("b", "review", on_behalf="a"), act("c", "decide"), act("d", "pay"))
    refused = ask(policy, "e", "book", *history, people=holders(e="desk.keeper"))
    assert "has 4, and 0 more at most" in sentences(refused)


def test_incompatible_duties_are_refused_in_the_case() -> None:
    """By the posts held today, and by those used before in this case."""
    table = "incompatible: [{posts: [payer, keeper], reason: 出纳不管账, rule: IC-12, basis: 内控规范}]"
    policy = snapshot(duties=table)
    history = (PROPOSED, DECIDED, act("c", "pay", post="desk.payer"))
    asked: dict[str, Any] = {"acting_post": "desk.keeper"}
    assert ask(policy, "d", "book", *history, people=holders(d="desk.keeper"), **asked).allowed
    both = ask(policy, "d", "book", *history, people=holders(d="desk.keeper desk.payer"), **asked)
    assert codes(both) == {"SAME_PERSON_PRIOR_STEP"}
    assert "内控规范" in both.reason.zh
    used = ask(policy, "c", "book", *history, people=holders(c="desk.keeper"), **asked)
    assert codes(used) == {"SAME_PERSON_PRIOR_STEP"}


def test_types_stay_apart_by_person() -> None:
    """Who executed does not decide, and the other way round, where it is asked for."""
    policy = snapshot(powers=controlled("types_apart: true"))
    assert codes(ask(policy, "a", "decide", PROPOSED)) == {"SAME_PERSON_PRIOR_STEP"}
    assert codes(ask(policy, "b", "pay", PROPOSED, DECIDED)) == {"SAME_PERSON_PRIOR_STEP"}
    assert ask(policy, "a", "pay", PROPOSED, DECIDED).allowed


Group = st.frozensets(st.sampled_from("abcdef"), min_size=1, max_size=2)


@given(st.lists(Group, max_size=8))
def test_hands_are_the_parts_of_the_graph_of_acting_for(groups: list[frozenset[str]]) -> None:
    """Counted independently: walk from person to person along acts done for one another."""
    persons = set().union(*groups)
    found = 0
    while persons:
        found += 1
        reached, queue = set(), [persons.pop()]
        while queue:
            person = queue.pop()
            reached.add(person)
            queue += [other for group in groups if person in group for other in group - reached]
        persons -= reached
    assert hands(groups) == found


STEPS = ("propose", "review", "decide", "pay", "book")
WANTED = 3


def model_allows(person: str, step: str, done: list[tuple[str, str]]) -> bool:
    """The rules in other words, over (step, person) pairs: enough persons stay possible before the case ends, nobody has the
    whole way, and nothing follows the end."""
    after = [*done, (step, person)]
    closed = "book" in dict(done)
    missing = 0 if step == "book" else len([name for name in STEPS if name not in dict(after)])
    enough = len({who for _, who in after}) + missing >= WANTED
    whole_way = {"propose", "pay", "book"} <= {name for name, who in after if who == person}
    in_order = {"review": "propose", "decide": "propose", "pay": "decide", "book": "pay"}
    return step not in dict(done) and in_order.get(step, step) in dict(after) and enough and not whole_way and not closed


RANDOM_POLICY = snapshot(powers=controlled(f"distinct_persons: {{min: {WANTED}}}, not_all: [[propose, pay, book]]"))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(STEPS)), max_size=12))
def test_random_histories_agree_with_a_model(requests: list[tuple[str, str]]) -> None:
    """Every request of a random history is allowed exactly when the model allows it, and a case that ends has its persons."""
    done: list[tuple[str, str]] = []
    for person, step in requests:
        acts = [act(who, name) for name, who in done]
        assert ask(RANDOM_POLICY, person, step, *acts).allowed == model_allows(person, step, done), (done, person, step)
        if model_allows(person, step, done):
            done.append((step, person))
    if len(done) == len(STEPS):
        assert len({who for _, who in done}) >= WANTED


def test_a_co_signature_can_still_bring_a_person() -> None:
    """While a step that takes two is being signed, the second hand is still to come."""
    powers = controlled("distinct_persons: {min: 6}").replace(
        "posts: [deputy, head],", "posts: [deputy, head], officers: {min: 2},"
    )
    policy = snapshot(powers=powers)
    history = (PROPOSED, act("b", "review"))
    assert ask(policy, "c", "decide", *history, intent="co_sign").allowed
    refused = ask(policy, "d", "decide", *history, signed("a", "decide"))
    assert codes(refused) == {"SAME_PERSON_PRIOR_STEP"}
    assert ask(policy, "d", "decide", *history, signed("c", "decide")).allowed
