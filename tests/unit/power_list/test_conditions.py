"""Conditions: comparisons of named facts in a logic of three values."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.power_list.conditions import ConditionError, parse_condition

KNOWN = (True, False, None)


@pytest.mark.parametrize(
    ("text", "facts", "holds"),
    [
        ("amount <= 30", {"amount": 30}, True),
        ("amount <= 30", {"amount": 31}, False),
        ("amount <= 30", {}, None),
        ("30 < amount", {"amount": 31}, True),
        ("amount != 3", {"amount": 4}, True),
        ("amount == limit", {"amount": 4, "limit": 4}, True),
        ("complex", {"complex": True}, True),
        ("complex", {"complex": 0}, False),
        ("not complex", {"complex": False}, True),
        ("a and b or c", {"a": True, "b": False, "c": True}, True),
        ("investment_wan <= 30 or floor_area_m2 <= 300", {"floor_area_m2": 200}, True),
        ("investment_wan <= 30 or floor_area_m2 <= 300", {"floor_area_m2": 400}, None),
        ("investment_wan <= 30 and floor_area_m2 <= 300", {"floor_area_m2": 400}, False),
    ],
)
def test_a_condition_holds_fails_or_is_open(text: str, facts: dict[str, int | bool], holds: bool | None) -> None:
    """Known facts settle it; unknown ones leave it open unless the rest settles it."""
    assert parse_condition(text).holds(facts) is holds


@pytest.mark.parametrize(("a", "b"), list(product(KNOWN, KNOWN)))
def test_and_or_not_follow_kleene(a: bool | None, b: bool | None) -> None:
    """The nine lines of the truth table, from the order false < unknown < true."""
    facts = {name: value for name, value in (("a", a), ("b", b)) if value is not None}
    rank: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    value = {n: v for v, n in rank.items()}
    assert parse_condition("a and b").holds(facts) is value[min(rank[a], rank[b])]
    assert parse_condition("a or b").holds(facts) is value[max(rank[a], rank[b])]
    assert parse_condition("not a").holds(facts) is value[2 - rank[a]]


@given(st.dictionaries(st.sampled_from("abc"), st.booleans()), st.dictionaries(st.sampled_from("abc"), st.booleans()))
def test_a_settled_condition_stays_settled(known: dict[str, bool], more: dict[str, bool]) -> None:
    """Learning another fact never turns a yes into a no: what was allowed to be concluded stays true."""
    condition = parse_condition("a and not b or c and b or not a and c")
    before = condition.holds(known)
    if before is not None:
        assert condition.holds(more | known) is before


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a,b",
        "(a)",
        "open(1)",
        "a.b",
        "a[0]",
        "'a' == a",
        "a == 'x'",
        "1 < a < 3",
        "a + 1 > 2",
        "a * 2",
        "-a > 3",
        "a is b",
        "a in b",
        "lambda",
        "__import__",
        "A > 3",
        "_a",
        "1",
        "True",
        "a = 3",
        "a == 1234567890123456",
        "a == 0x10",
        "a == 1_000",
        "a\n or b",
        "a or " * 80 + "a",
    ],
)
def test_nothing_else_is_a_condition(text: str) -> None:
    """Whatever is not a comparison of names and whole numbers is refused when read, never evaluated."""
    with pytest.raises(ConditionError):
        parse_condition(text)


def test_unknown_names_what_is_missing() -> None:
    """A refusal can name the facts to assert."""
    assert parse_condition("b > 3 or a and c").unknown({"a": True}) == ("b", "c")
