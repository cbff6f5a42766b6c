"""Recusal: declared interests by degree and by time, recusals asked for in the case, and the principal's own matters."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import ActRecorded
from sidecar.personnel.registers import Appointment, Interest, Personnel, Span, after_years
from sidecar.power_list import vocabulary as words
from tests.persons import EVERYBODY, POSTS, POWERS, PROFILE, act, ask, controlled, errors, files, sentences, signed, snapshot
from tests.samples import changed, codes, compiled, moment

STEPS = """      - {id: ask-off, name: 申请, verb: request_recusal, type: execute, posts: [asker], optional: true, max_times: 99}
      - {id: rule, name: 决定, verb: rule_on_recusal, type: decide, posts: [deputy, head], optional: true, max_times: 99}
"""
RULED = changed("    controls:", STEPS + "    controls:", POWERS)
POLICY = snapshot(powers=RULED)
HISTORY = (act("d", "propose"),)


def interested(person: str, relation: str, span: Span = Span()) -> Personnel:  # noqa: B008 - a value
    held = [Appointment(name, post, Span()) for name in "abcd" for post in POSTS]
    return Personnel(held, [], [Interest(person, "party", relation, span)])


@pytest.mark.parametrize("code", sorted(words.KIN))
def test_every_kind_of_kin_is_kin_and_of_one_degree(code: str) -> None:
    """A policy that bars kin bars it, one that bars another degree does not; kin that is not specified counts as any."""
    (degree,) = words.COUNTS_AS[code] & set(words.KIN_DEGREES)
    others = [name for name in words.KIN_DEGREES if name != degree]
    barred = snapshot(powers=controlled(f"recusal: [{degree}]"))
    free = snapshot(powers=controlled(f"recusal: [{', '.join(others)}]"))
    people = interested("a", code)
    for policy, expected in ((POLICY, {"RECUSAL"}), (barred, {"RECUSAL"}), (free, set())):
        assert codes(ask(policy, "a", "review", *HISTORY, people=people, party="party")) == expected
    assert codes(ask(free, "a", "review", *HISTORY, people=interested("a", "kin"), party="party")) == {"RECUSAL"}


def test_every_declaration_is_one_of_the_tables() -> None:
    """No code of kin is spelt like a relation, and each counts as something a policy may name."""
    assert not words.KIN.keys() & words.RELATIONS.keys()
    spelt = [label for labels in words.DECLARABLE.values() for label in labels]
    assert len(spelt) == len(set(spelt))
    assert all(counts & words.RELATIONS.keys() for counts in words.COUNTS_AS.values())
    assert words.COUNTS_AS.keys() == words.DECLARABLE.keys()


def test_the_one_a_delegate_acts_for_is_asked_too() -> None:
    """Standing in for somebody does not wash off their interest."""
    found = codes(ask(POLICY, "b", "review", *HISTORY, people=interested("a", "child"), party="party", on_behalf="a"))
    assert "RECUSAL" in found


def test_a_relation_that_ended_bars_as_long_as_is_asked() -> None:
    """Three years by the relation itself, more where the item says so, nothing for one that must hold today."""
    ended = Span(date(2015, 1, 1), date(2022, 6, 30))
    people = interested("a", "employment_3y", ended)
    three = snapshot(powers=controlled("recusal: [employment_3y]"))
    five = snapshot(
        powers=controlled("recusal: [employment_3y], look_back: [{relation: employment_3y, years: 5, basis: 本局规定}]")
    )
    for policy, last in ((three, date(2025, 6, 30)), (five, date(2027, 6, 30))):
        asked: dict[str, Any] = {"people": people, "party": "party"}
        assert codes(ask(policy, "a", "review", *HISTORY, now=moment(last), **asked)) == {"RECUSAL"}
        assert ask(policy, "a", "review", *HISTORY, now=moment(last + timedelta(1)), **asked).allowed
    assert ask(POLICY, "a", "review", *HISTORY, people=interested("a", "spouse", ended), party="party").allowed


def test_years_are_counted_by_the_calendar() -> None:
    """The same day, or the last of the month where there is none."""
    assert after_years(date(2023, 6, 30), 3) == date(2026, 6, 30)
    assert after_years(date(2024, 2, 29), 3) == date(2027, 2, 28)
    assert after_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_an_interest_asks_for_the_party() -> None:
    """Without it nobody can say whether it bars."""
    assert codes(ask(POLICY, "a", "review", *HISTORY, people=interested("a", "child"))) == {"MISSING_REQUIREMENT"}


def test_the_rows_of_a_profile_and_an_item_are_one() -> None:
    """All relations, each with the longer time."""
    profile = PROFILE + (
        "recusal: {relations: [former_employment, director_3y], rule: CS-76, basis: 公务员法,\n"
        "  look_back: [{relation: former_employment, years: 2, basis: 略}]}\n"
    )
    powers = controlled("recusal: [kin], look_back: [{relation: former_employment, years: 1, basis: 略}]")
    rows = {
        row.cells[8]
        for row in compiled(files(powers=powers, profile=profile)).rows
        if row.ptype == "p" and row.cells[7] == "recusal"
    }
    assert rows == {"director_3y=3|former_employment=2|kin"}


def test_a_request_and_a_ruling_name_their_officer() -> None:
    """And a ruling says what it is."""
    assert codes(ask(POLICY, "d", "ask-off", *HISTORY)) == {"MISSING_REQUIREMENT"}
    assert codes(ask(POLICY, "a", "rule", *HISTORY, about="z")) == {"MISSING_REQUIREMENT"}
    assert ask(POLICY, "a", "rule", *HISTORY, about="z", outcome="grant").allowed


def test_nobody_rules_on_their_own_recusal() -> None:
    """Nor through a delegate."""
    asked = {"about": "a", "outcome": "refuse"}
    assert codes(ask(POLICY, "a", "rule", *HISTORY, **asked)) == {"RECUSAL"}
    assert "RECUSAL" in codes(ask(POLICY, "b", "rule", *HISTORY, on_behalf="a", **asked))


def test_who_recorded_a_request_may_still_decide() -> None:
    """To put a request on record is no exercise of the power: it takes no part in what must stay apart."""
    powers = RULED.replace("controls: {recusal: [kin]}", "controls: {types_apart: true, distinct_persons: {min: 5}}")
    assert errors(powers=powers) == []
    policy = snapshot(powers=powers)
    asked_off = act("a", "ask-off", about="c")
    assert ask(policy, "a", "decide", *HISTORY, asked_off).allowed
    history = (*HISTORY, act("c", "review"), act("b", "decide"), asked_off)
    assert codes(ask(policy, "b", "pay", *history)) == {"SAME_PERSON_PRIOR_STEP"}


def test_a_recused_signer_no_longer_counts() -> None:
    """What they signed was given by one who should not have."""
    powers = RULED.replace(
        "posts: [deputy, head], after: [propose]", "posts: [deputy, head], officers: {min: 2}, after: [propose]"
    )
    policy = snapshot(powers=powers)
    history = (*HISTORY, signed("a", "decide"))
    assert ask(policy, "b", "decide", *history).allowed
    granted = act("c", "rule", about="a", outcome="grant")
    assert codes(ask(policy, "b", "decide", *history, granted)) == {"TOO_FEW_OFFICERS"}


@pytest.mark.parametrize("relation", ["own_interest", "child", "kin_interest"])
def test_the_principal_s_own_matter_is_decided_by_nobody_here(relation: str) -> None:
    """Whoever asks; what leads up to the decision may be done."""
    profile = (
        PROFILE + "recusal: {relations: [ownership], rule: CS-76, basis: 公务员法, principal: {rule: P1-OWN, basis: 公务员法}}\n"
    )
    policy = snapshot(profile=profile, powers=controlled("types_apart: false"))
    own = Personnel(
        [*(Appointment("a", post, Span()) for post in POSTS), Appointment("z", "top.head", Span())],
        [],
        [Interest("z", "party", relation, Span())],
    )
    assert codes(ask(policy, "a", "decide", *HISTORY, people=own, party="party")) == {"PRINCIPAL_BARRED"}
    assert codes(ask(policy, "a", "decide", *HISTORY, people=own)) == {"MISSING_REQUIREMENT"}
    assert ask(policy, "a", "decide", *HISTORY, people=own, party="other").allowed
    assert ask(policy, "a", "review", *HISTORY, people=own, party="party").allowed


Event = st.tuples(st.sampled_from(["ask-off", "rule"]), st.sampled_from("ab"), st.sampled_from(["grant", "refuse"]))


@given(st.lists(Event, max_size=8))
def test_random_requests_and_rulings_agree_with_a_model(events: list[tuple[str, str, str]]) -> None:
    """The model walks the events of one officer backwards: the last one says how it stands."""
    acts: list[ActRecorded] = [*HISTORY]
    for step, about, outcome in events:
        acts.append(act("c", step, about=about, outcome=outcome if step == "rule" else ""))
    for person in "ab":
        last = next((event for event in reversed(events) if event[1] == person), None)
        out = last is not None and last[0] == "rule" and last[2] == "grant"
        waiting = last is not None and last[0] == "ask-off"
        review = ask(POLICY, person, "review", *acts, people=EVERYBODY)
        decide = ask(POLICY, person, "decide", *acts, people=EVERYBODY)
        assert codes(review) == ({"RECUSAL"} if out else set())
        assert codes(decide) == ({"RECUSAL"} if out or waiting else set())
        due = [duty.kind for duty in decide.obligations]
        pending = any(next((e for e in reversed(events) if e[1] == who), ("", "", ""))[0] == "ask-off" for who in "ab")
        assert due == (["rule_on_recusal"] if pending and decide.allowed else [])


def test_a_refusal_says_which_of_them_it_is() -> None:
    """Asked for, or granted: what the officer can do about it differs."""
    pending, granted = act("d", "ask-off", about="a"), act("c", "rule", about="a", outcome="grant")
    assert "asked for and not ruled" in sentences(ask(POLICY, "a", "decide", *HISTORY, pending))
    assert "You are recused" in sentences(ask(POLICY, "a", "decide", *HISTORY, pending, granted))
