"""Several officers act together: number, posts, credentials of the day, odd numbers, shares, whole committees."""

from datetime import date
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.history import ActRecorded
from sidecar.controls.signatures import empty_seats
from sidecar.personnel.registers import Appointment, CredentialHeld, Personnel, Span
from tests.persons import EVERYBODY, POSTS, POWERS, act, ask, errors, files, sentences, signed, snapshot
from tests.samples import changed, codes, compiled, moment

HISTORY = (act("d", "propose"),)


def with_officers(officers: str) -> str:
    """The powers in which the step `decide` asks for these officers."""
    return changed("posts: [deputy, head], after", f"posts: [deputy, head], officers: {{{officers}}}, after", POWERS)


def people(*persons: str, **credentials: tuple[str, Span]) -> Personnel:
    held = [CredentialHeld(person, name, span) for person, (name, span) in credentials.items()]
    return Personnel([Appointment(person, post, Span()) for person in persons for post in POSTS], held)


def test_a_signature_counts_while_its_signer_holds_the_credential() -> None:
    """Valid when it was given and lapsed on the day of the act: it does not count; another one makes up for it."""
    policy = snapshot(powers=with_officers("min: 2, credential: enforcement_card"))
    lapsed, valid = ("enforcement_card", Span(None, date(2026, 1, 9))), ("enforcement_card", Span())
    staff = people("a", "b", "c", "d", a=lapsed, b=valid, c=valid)
    history = (*HISTORY, signed("a", "decide"))
    on = {"people": staff, "now": moment(date(2026, 1, 9))}
    later = {"people": staff, "now": moment(date(2026, 1, 10))}
    assert ask(policy, "b", "decide", *history, **on).allowed
    assert codes(ask(policy, "b", "decide", *history, **later)) == {"TOO_FEW_OFFICERS"}
    assert ask(policy, "b", "decide", *history, signed("c", "decide"), **later).allowed


@pytest.mark.parametrize(
    ("signature", "person", "on_behalf"),
    [
        (signed("a", "decide"), "a", ""),
        (signed("a", "decide", on_behalf="b"), "a", ""),
        (signed("a", "decide", on_behalf="b"), "b", ""),
        (signed("a", "decide", post="top.deputy"), "a", ""),
    ],
)
def test_one_natural_person_signs_once(signature: ActRecorded, person: str, on_behalf: str) -> None:
    """Through another post, or as the one somebody acted for."""
    policy = snapshot(powers=with_officers("min: 3"))
    again = ask(policy, person, "decide", *HISTORY, signature, intent="co_sign", on_behalf=on_behalf, acting_post="top.head")
    assert codes(again) == {"STEP_ALREADY_DONE"}
    assert ask(policy, "c", "decide", *HISTORY, signature, intent="co_sign").allowed


def test_who_signed_may_perform_and_is_counted_once() -> None:
    """The performer's own earlier signature adds nobody."""
    policy = snapshot(powers=with_officers("min: 2"))
    assert codes(ask(policy, "a", "decide", *HISTORY, signed("a", "decide"))) == {"TOO_FEW_OFFICERS"}
    assert ask(policy, "a", "decide", *HISTORY, signed("a", "decide"), signed("b", "decide")).allowed


def test_a_performance_spends_the_signatures() -> None:
    """The next one needs new ones."""
    powers = with_officers("min: 2").replace(
        "after: [propose]}\n      - {id: pay", "after: [propose], max_times: 2}\n      - {id: pay"
    )
    done = (*HISTORY, signed("a", "decide"), act("b", "decide"))
    assert codes(ask(snapshot(powers=powers), "c", "decide", *done)) == {"TOO_FEW_OFFICERS"}


@pytest.mark.parametrize(("signatures", "allowed"), [(0, True), (1, False), (2, True), (3, False)])
def test_an_even_number_decides_nothing(signatures: int, allowed: bool) -> None:
    """The performer included."""
    policy = snapshot(powers=with_officers("odd: true"))
    decision = ask(policy, "a", "decide", *HISTORY, *(signed(person, "decide") for person in "bcd"[:signatures]))
    assert (decision.allowed, codes(decision)) == (allowed, set() if allowed else {"TOO_FEW_OFFICERS"})


@given(st.integers(1, 6), st.integers(0, 6), st.integers(1, 9), st.integers(1, 9))
def test_shares_are_exact(persons: int, experts: int, k: int, n: int) -> None:
    """As fractions say, never as decimals: 2/3 of three is two."""
    if k > n:
        return
    policy = _share(f"{k}/{n}")
    names = [f"p{number}" for number in range(persons)]
    staff = people(*names, "d", **{name: ("review_expert", Span()) for name in names[:experts]})
    decision = ask(policy, names[0], "decide", *HISTORY, *(signed(name, "decide") for name in names[1:]), people=staff)
    assert decision.allowed == (Fraction(min(experts, persons), persons) >= Fraction(k, n))


_SHARES: dict[str, Any] = {}


def _share(text: str) -> Any:
    if text not in _SHARES:
        _SHARES[text] = snapshot(powers=with_officers(f"min: 1, experts_share: {text}"))
    return _SHARES[text]


def test_each_post_signs_by_another_person() -> None:
    """One person with both posts fills one of them, whichever helps."""
    policy = snapshot(powers=with_officers("each_of: [deputy, head]"))
    head = {"acting_post": "top.head"}
    first = signed("a", "decide", post="top.deputy")
    assert ask(policy, "b", "decide", *HISTORY, first, **head).allowed
    wrong = ask(policy, "b", "decide", *HISTORY, first, acting_post="top.deputy")
    assert codes(wrong) == {"TOO_FEW_OFFICERS"}
    assert "top.head" in sentences(wrong)
    assert codes(ask(policy, "a", "decide", *HISTORY, first, **head)) == {"TOO_FEW_OFFICERS"}
    both = (first, signed("b", "decide", post="top.deputy"))
    assert ask(policy, "a", "decide", *HISTORY, *both, **head).allowed


SEATS = st.lists(st.sampled_from("xyz"), max_size=4)
HANDS = st.lists(st.frozensets(st.sampled_from("xyz"), min_size=1, max_size=3), max_size=4)


@given(SEATS, HANDS)
def test_seats_are_filled_as_far_as_they_can_be(seats: list[str], posts: list[frozenset[str]]) -> None:
    """Independently: try every order of hands."""
    hands = [*posts, *[frozenset[str]()] * len(seats)]
    most = (
        max(sum(seat in hand for seat, hand in zip(seats, order, strict=False)) for order in permutations(hands)) if seats else 0
    )
    assert len(seats) - len(empty_seats(seats, posts)) == most


COMMITTEE = with_officers("members_in: propose, silence_in: note").replace(
    "posts: [asker]}\n",
    "posts: [asker], max_times: 9}\n      - {id: note, name: 登记, verb: archive, type: supervise, posts: [checker]}\n",
    1,
)


def test_a_committee_signs_as_a_whole() -> None:
    """Everybody who was named, nobody else; silence is put on record."""
    policy = snapshot(powers=COMMITTEE)
    named = tuple(act("d", "propose", about=person) for person in "abc")
    history = (*named, signed("b", "decide"))
    refused = ask(policy, "a", "decide", *history)
    assert codes(refused) == {"TOO_FEW_OFFICERS"}
    assert "not signed 'decide'" not in sentences(refused)
    assert ask(policy, "a", "decide", *history, signed("c", "decide")).allowed
    assert ask(policy, "a", "decide", *history, act("d", "note", about="c")).allowed
    assert codes(ask(policy, "d", "decide", *history, intent="co_sign")) == {"NO_POWER"}
    assert codes(ask(policy, "a", "decide", act("d", "propose"))) == {"STEP_OUT_OF_ORDER"}


def test_silence_counts_among_the_members() -> None:
    """Three of whom one is silent are three."""
    policy = snapshot(powers=COMMITTEE.replace("members_in:", "min: 3, odd: true, members_in:"))
    named = tuple(act("d", "propose", about=person) for person in "abc")
    assert ask(policy, "a", "decide", *named, signed("b", "decide"), act("d", "note", about="c")).allowed


@pytest.mark.parametrize(
    ("officers", "code"),
    [
        ("each_of: [deputy, nobody]", "UNKNOWN_POST"),
        ("each_of: [deputy, payer]", "SIGNER_WITHOUT_STEP"),
        ("signers: [{post: payer, n: 2}]", "SIGNER_WITHOUT_STEP"),
        ("members_in: nothing", "UNKNOWN_STEP"),
        ("silence_in: nothing", "UNKNOWN_STEP"),
        ("experts_share: 0.66", "NOT_TEXT"),
        ("experts_share: 2/0", "BAD_FORM"),
        ("experts_share: 3/2", "BAD_FORM"),
    ],
)
def test_what_can_never_be_met_is_a_mistake(officers: str, code: str) -> None:
    """Unknown names, posts without the step, shares that are none."""
    assert {found for found, _ in errors(powers=with_officers(officers))} == {code}


def test_the_rows_say_what_is_asked() -> None:
    """Number, credentials, silence; seats; share in its lowest terms."""
    officers = "min: 2, credential: work_card, odd: true, experts_share: 4/6, members_in: propose, signers: [{post: head, n: 3}]"
    rows = compiled(files(powers=with_officers(officers))).rows
    found = {(row.cells[7], row.cells[8]) for row in rows if row.ptype == "p" and row.cells[4] == "decide"}
    assert {
        ("officers", "3|holding=work_card"),
        ("credential", "work_card"),
        ("odd", "-"),
        ("experts", "2:3:review_expert"),
        ("members", "propose"),
        ("signers", "top.head=3"),
    } <= found


Signing = st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "a", "b", "c"]), st.booleans())
SIGNED_BY_THREE = snapshot(powers=with_officers("min: 3"))


@given(st.lists(Signing, max_size=10))
def test_random_signatures_agree_with_a_model(requests: list[tuple[str, str, bool]]) -> None:
    """The model keeps who has been used up: nobody of them signs again, and three unused groups of persons perform."""
    acts: list[ActRecorded] = []
    groups: list[set[str]] = []
    for person, other, performs in requests:
        group = {person, other} - {""}
        fresh = all(group.isdisjoint(used) for used in groups)
        behalf = other if other != person else ""
        history = (*HISTORY, *acts)
        asked: dict[str, Any] = {"people": EVERYBODY, "on_behalf": behalf, "intent": "exercise" if performs else "co_sign"}
        found = codes(ask(SIGNED_BY_THREE, person, "decide", *history, **asked)) - {"DELEGATION_INVALID"}
        if performs:
            linked = [used for used in groups if used & group]
            count = len(groups) - len(linked) + 1
            assert found == (set() if count >= 3 else {"TOO_FEW_OFFICERS"})
        else:
            assert found == (set() if fresh else {"STEP_ALREADY_DONE"})
            if fresh:
                acts.append(signed(person, "decide", on_behalf=behalf))
                groups.append(group)
