"""Acting for another: in writing, within scope and term, never wider than the delegator's power, never passed on."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.personnel.registers import Appointment, Delegation, Personnel, Span, Term
from tests.persons import POSTS, POWERS, PROFILE, act, ask, controlled, errors, files, local, sentences, signed, snapshot
from tests.samples import TODAY, changed, codes, compiled, moment

HISTORY = (act("x", "propose"),)
POLICY = snapshot()
NOON = local("2026-01-05T12:00")


def lent(**changes: Any) -> Delegation:
    fields: dict[str, Any] = {
        "delegator": "boss", "delegate": "a", "kind": "officer", "posts": ("top.deputy",), "items": (), "steps": (),
        "term": Term(local("2026-01-01"), local("2026-02-01")), "document": "授权〔2026〕1号", "published": None,
    }  # fmt: skip
    return Delegation(**(fields | changes))


def people(*delegations: Delegation, boss: str = "top.deputy") -> Personnel:
    held = [Appointment("boss", post, Span()) for post in boss.split()]
    held += [Appointment(person, "desk.asker", Span()) for person in "abx"]
    return Personnel(held, delegations=delegations)


def decide(*delegations: Delegation, **changes: Any) -> Any:
    who = changes.pop("people", None) or people(*delegations)
    return ask(
        changes.pop("policy", POLICY), changes.pop("person", "a"), "decide", *HISTORY, people=who, on_behalf="boss", **changes
    )


def test_a_delegate_acts_through_the_delegator_s_post() -> None:
    """The post, and the document by which it was lent, are named."""
    decision = decide(lent())
    assert (decision.allowed, decision.post, decision.delegation) == (True, "top.deputy", "授权〔2026〕1号")
    alone = ask(POLICY, "a", "decide", *HISTORY, people=people(lent()))
    assert codes(alone) == {"NO_POWER"}


WRONG: dict[str, tuple[tuple[Delegation, ...], dict[str, Any], str]] = {
    "nothing lent": ((), {}, "No delegation in force"),
    "lent to another": ((lent(delegate="b"),), {}, "No delegation in force"),
    "by another": ((lent(delegator="x"),), {}, "No delegation in force"),
    "another post": ((lent(posts=("desk.payer",)),), {}, "does not cover"),
    "another item": ((lent(items=("other",)),), {}, "does not cover"),
    "another step": ((lent(steps=("pay",)),), {}, "does not cover"),
    "a post not lent is named": ((lent(),), {"acting_post": "top.head"}, "does not cover"),
    "ended": ((lent(term=Term(None, local("2026-01-05T10:00"))),), {}, "not in term"),
    "not begun": ((lent(term=Term(local("2026-01-05T10:01"), None)),), {}, "not in term"),
    "passed on": ((lent(delegate="b"), lent(delegator="b", delegate="a")), {}, "not passed on"),
    "wider than the delegator's": ((lent(),), {"people": people(lent(), boss="desk.payer")}, "no more power than they"),
    "a delegator who holds nothing": ((lent(),), {"people": Personnel([], delegations=[lent()])}, "no more power than they"),
    "an organisation": ((lent(kind="organisation"),), {}, "of this kind"),
    "oneself": ((lent(delegate="boss"),), {"person": "boss"}, "Nobody acts for themselves"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_carry_is_said(name: str) -> None:
    """Under one code, and in words that say which of them it is."""
    delegations, changes, sentence = WRONG[name]
    refused = decide(*delegations, **changes)
    assert codes(refused) == {"DELEGATION_INVALID"}
    assert sentence in sentences(refused)


def test_a_term_is_half_open() -> None:
    """From its first moment on, up to its last, which is not in it."""
    term = Term(local("2026-01-05T10:00"), local("2026-01-05T11:00"))
    zone = moment().tzinfo
    clocks = ("09:59:59", "10:00:00", "10:59:59", "11:00:00")
    at = [datetime.fromisoformat(f"2026-01-05T{clock}").replace(tzinfo=zone) for clock in clocks]
    assert [term.holds(now) for now in at] == [False, True, True, False]
    assert [decide(lent(term=term), now=now).allowed for now in at] == [False, True, True, False]


Hours = st.integers(0, 5)


@given(Hours, Hours, Hours, Hours)
def test_terms_meet_where_both_hold(a: int, b: int, c: int, d: int) -> None:
    """Independently: look at every half hour."""
    start = local("2026-01-05").replace(tzinfo=moment().tzinfo)
    first, second = (Term(*(start.replace(tzinfo=None) + timedelta(hours=n) for n in sorted(pair))) for pair in ((a, b), (c, d)))
    both = any(first.holds(now) and second.holds(now) for now in (start + timedelta(minutes=30 * n) for n in range(12)))
    assert not both or first.meets(second)
    assert both or a == b or c == d or not first.meets(second)


RULED = PROFILE + "delegation: {delegates: [officer, organ], published: [organ], rule: AL-24, basis: 行政许可法}\n"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, ""),
        ({"kind": "organ", "published": TODAY}, ""),
        ({"kind": "organ"}, "not published"),
        ({"kind": "organ", "published": TODAY + timedelta(1)}, "not published"),
        ({"kind": "person", "published": TODAY}, "of this kind"),
    ],
)
def test_a_profile_says_who_may_be_a_delegate(changes: dict[str, Any], sentence: str) -> None:
    """And for whom it must have been published by that day."""
    decision = decide(lent(**changes), policy=snapshot(profile=RULED))
    assert codes(decision) == ({"DELEGATION_INVALID"} if sentence else set())
    assert sentence in sentences(decision)


def test_nobody_acts_for_another_where_the_law_bars_it() -> None:
    """Whatever stands in the register; in one's own name the holder acts."""
    policy = snapshot(profile=PROFILE + "delegation: {delegates: [], rule: AC-17, basis: 行政强制法}\n")
    refused = decide(lent(), policy=policy)
    assert codes(refused) == {"DELEGATION_INVALID"}
    assert "lets nobody" in sentences(refused)
    assert ask(policy, "boss", "decide", *HISTORY, people=people()).allowed


def test_an_item_may_tighten_and_not_loosen() -> None:
    """Both places are shown."""
    tighter = controlled("delegation: {delegates: [officer]}")
    assert errors(profile=RULED, powers=tighter) == []
    arguments = {
        row.cells[8]
        for row in compiled(files(profile=RULED, powers=tighter)).rows
        if row.ptype == "p" and row.cells[7] == "delegates"
    }
    assert arguments == {"officer"}
    looser = controlled("delegation: {delegates: [officer, person]}")
    ((code, _),) = errors(profile=RULED, powers=looser)
    assert code == "LOOSER_DELEGATION"
    own = snapshot(powers=controlled("delegation: {delegates: []}"))
    assert codes(decide(lent(), policy=own)) == {"DELEGATION_INVALID"}


def test_both_persons_are_one_hand() -> None:
    """A delegate's signature uses up both; who was acted for may not perform as a second person."""
    powers = changed("posts: [deputy, head], after", "posts: [deputy, head], officers: {min: 2}, after", POWERS)
    policy = snapshot(powers=powers)
    staff = people(lent(), boss=" ".join(POSTS))
    by_delegate = signed("a", "decide", on_behalf="boss", post="top.deputy")
    assert codes(ask(policy, "boss", "decide", *HISTORY, by_delegate, people=staff)) == {"TOO_FEW_OFFICERS"}
    assert codes(ask(policy, "boss", "decide", *HISTORY, by_delegate, people=staff, intent="co_sign")) == {"STEP_ALREADY_DONE"}


Scope = st.tuples(
    st.sampled_from([(), ("top.deputy",), ("top.head",), ("desk.payer",)]),
    st.sampled_from([(), ("payment",), ("other",)]),
    st.sampled_from([(), ("decide",), ("pay",)]),
    st.integers(-2, 2),
    st.integers(-2, 2),
)


@given(st.lists(Scope, max_size=3), st.sampled_from(["", "top.deputy", "top.head", "desk.payer"]))
def test_random_registers_agree_with_a_model(scopes: list[Any], acting: str) -> None:
    """Allowed where some delegation covers item, step and moment and lends a post of the step that the delegator holds."""
    registers = [
        lent(posts=posts, items=items, steps=steps, term=Term(NOON + timedelta(days=start), NOON + timedelta(days=end)))
        for posts, items, steps, start, end in scopes
    ]
    now = moment(date(2026, 1, 5)).replace(hour=12)
    decision = decide(people=people(*registers, boss="top.deputy desk.payer"), acting_post=acting, now=now)
    lends = any(
        posts in ((), ("top.deputy",)) and items in ((), ("payment",)) and steps in ((), ("decide",)) and start <= 0 < end
        for posts, items, steps, start, end in scopes
    )
    assert decision.allowed == (lends and acting in ("", "top.deputy"))
    assert codes(decision) <= {"DELEGATION_INVALID"}
