"""What stock Casbin does with a mistake, and what happens here instead: an error when the policy is loaded.

Each trap is shown on stock Casbin first, so that an upgrade that changes one is noticed.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import casbin
import pytest

from sidecar.decision.engine import read_engine
from sidecar.errors import PolicyError
from tests.unit.engine.stock import Both, stock_enforcer

MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
POLICY = "p, alice, data1, read, allow\np, bob, data2, write, deny\n"


def changed(old: str, new: str, text: str = MODEL) -> str:
    assert old in text
    return text.replace(old, new)


def refusal(model: str, policy: str = POLICY, **options: Any) -> str:
    with pytest.raises(PolicyError) as raised:
        read_engine(model, policy, **options)
    return f"{raised.value.message} → {raised.value.hint}"


def stock_says(model: str, policy: str, *request: Any) -> Any:
    """Casbin's answer, or the name of what it raises."""
    try:
        return stock_enforcer(model, policy).enforce(*request)
    except Exception as fault:
        return type(fault).__name__


def test_the_sample_is_decided_alike() -> None:
    """Each trap below differs from this in one place."""
    both = Both(MODEL, POLICY)
    assert both.answer(("alice", "data1", "read")) is True
    assert both.match(("alice", "data1", "read")).allowed


def test_an_empty_policy_allows_an_empty_request() -> None:
    """With no row at all Casbin compares the request with empty text."""
    assert stock_says(MODEL, "", "", "", "") is True
    assert "no p row" in refusal(MODEL, "")
    assert "no p row" in refusal(MODEL, "g, alice, admin\n")
    assert "an empty cell" in refusal(MODEL, POLICY + "p, , , , allow\n")


@pytest.mark.parametrize("row", ["P, alice, data1, read, deny", "q, alice, data1, read, deny", "p2, alice, data1, read, deny"])
def test_a_mistyped_row_type_is_dropped_in_silence(row: str) -> None:
    """The prohibition vanishes."""
    assert stock_says(MODEL, POLICY + row, "alice", "data1", "read") is True
    assert "policy.csv:3:1: unknown row type" in refusal(MODEL, POLICY + row)


@pytest.mark.parametrize("effect", ["Deny", "DENY", "denied", "forbid"])
def test_an_effect_spelt_otherwise_is_ignored(effect: str) -> None:
    """`Deny` denies nothing."""
    row = f"p, alice, data1, read, {effect}"
    assert stock_says(MODEL, POLICY + row, "alice", "data1", "read") is True
    assert f"policy.csv:3:1: the effect '{effect}'" in refusal(MODEL, POLICY + row)


def test_a_switch_allows_everything() -> None:
    """`enable_enforce(False)`: here there is no such switch."""
    stock = stock_enforcer(MODEL, POLICY)
    stock.enable_enforce(enabled=False)
    assert stock.enforce("mallory", "data2", "write") is True
    assert not any("enable" in name for name in dir(read_engine(MODEL, POLICY)))


def test_no_deny_alone_allows_what_nobody_speaks_of() -> None:
    """An effect without an allow is refused unless the caller says it is meant."""
    model = changed("some(where (p.eft == allow)) && !some", "!some")
    assert stock_says(model, POLICY, "mallory", "data9", "erase") is True
    assert "allows every request that no row denies" in refusal(model)
    assert read_engine(model, POLICY, default_allow=True).match(("mallory", "data9", "erase")).allowed


@pytest.mark.parametrize(("row", "told"), [("p, alice, data1, read", "3 cells"), ("p, alice, data1, read, deny, x", "5 cells")])
def test_a_row_of_the_wrong_length_raises_only_when_asked(row: str, told: str) -> None:
    """Loaded without a word, and every request fails afterwards."""
    assert stock_says(MODEL, row, "bob", "data9", "read") == "RuntimeError"
    assert f"policy.csv:1:1: {told}, a p row has 4" in refusal(MODEL, row)


def test_a_role_row_that_is_too_long_is_cut() -> None:
    """The third cell, perhaps a domain, is dropped."""
    assert stock_says(MODEL, POLICY + "g, carol, alice, east", "carol", "data1", "read") is True
    assert "3 cells, a g row has 2" in refusal(MODEL, POLICY + "g, carol, alice, east")


@pytest.mark.parametrize("literal", ["'a!b'", "'a&&b'", "'a||b'", "'r.sub'", "'p.sub'", '"a # b"', "'eval(p.sub)'"])
def test_text_in_a_literal_is_rewritten(literal: str) -> None:
    """Casbin replaces operators and field names wherever they stand."""
    model = changed("r.act == p.act", f"r.act == {literal}")
    assert stock_says(model, POLICY, "alice", "data1", literal.strip("'\"")) is not True
    assert "would be rewritten by Casbin" in refusal(model)


def test_a_missing_attribute_raises() -> None:
    """Casbin gives no answer; here nothing is allowed, and the fault is told."""
    model = changed("r.act == p.act", "r.sub.age > 18")
    both = Both(model.replace("g(r.sub, p.sub) && ", ""), POLICY)
    assert both.answer(({"name": "alice"}, "data1", "read")) is None
    matches = both.match(({"name": "alice"}, "data1", "read"))
    assert not matches.allowed
    assert [type(fault).__name__ for _, fault in matches.faults] == ["AttributeError"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("p, alice, data(1, read, allow", "a ( that is not closed"),
        ("p, alice, data)1, read, allow", "policy.csv:1:15: a ) that nothing opened"),
        ("p, alice, [data1), read, allow", "a ) that nothing opened"),
    ],
)
def test_brackets_trip_the_loader(row: str, told: str) -> None:
    """An open one joins the cells behind it, a closing one crashes."""
    assert stock_says(MODEL, row, "alice", "data1", "read") in ("IndexError", "RuntimeError", False)
    assert told in refusal(MODEL, row)


@pytest.mark.parametrize(
    "row", ['p, alice, "data1", read, allow', 'p, alice, "a, b", read, allow', 'p, alice, da"ta, read, allow']
)
def test_csv_quotes_are_not_understood(row: str) -> None:
    """Casbin keeps quotes as text and splits at the comma inside them."""
    assert stock_says(MODEL, row, "alice", "data1", "read") is not True
    assert "quote" in refusal(MODEL, row)


def test_only_the_first_effect_is_read() -> None:
    """A second section is judged by the first section's effect."""
    second = "\n[request_definition]\nr = sub, obj, act\nr2 = sub, obj\n[policy_definition]\np = sub, obj, act, eft\np2 = sub, obj, eft\n"
    second += "[policy_effect]\ne = some(where (p.eft == allow))\ne2 = !some(where (p2.eft == deny))\n"
    second += "[matchers]\nm = r.sub == p.sub\nm2 = r2.sub == p2.sub\n"
    policy = "p, alice, data1, read, allow\np2, bob, data1, deny\n"
    stock = stock_enforcer(second, policy)
    assert stock.enforce(stock.new_enforce_context("2"), "carol", "data1") is False  # by e2 it would be allowed
    assert "e2 differs from e" in refusal(second, policy)
    same = second.replace("!some(where (p2.eft == deny))", "some(where (p2.eft == allow))")
    assert not read_engine(same, policy).match(("bob", "data1"), "2").allowed
    assert read_engine(same, policy.replace("deny", "allow")).match(("bob", "data1"), "2").allowed


def test_time_match_reads_a_clock_without_a_zone() -> None:
    """A decision would depend on the machine's settings."""
    model = changed("r.act == p.act", "timeMatch(p.act, '_')")
    assert stock_says(model, "p, alice, data1, 2000-01-01 00:00:00, allow", "alice", "data1", "read") is True
    assert "timeMatch reads the local clock" in refusal(model)


def test_explanations_name_one_row_or_none() -> None:
    """`enforce_ex` gives the last row looked at; here all of them are told."""
    policy = "p, alice, data1, read, allow\np, staff, data1, read, allow\ng, alice, staff\n"
    stock = stock_enforcer(MODEL, policy)
    assert stock.enforce_ex("alice", "data1", "read")[1] == ["staff", "data1", "read", "allow"]
    assert [row[0] for row in read_engine(MODEL, policy).match(("alice", "data1", "read")).allow] == ["alice", "staff"]


def test_strangers_are_kept_for_ever() -> None:
    """Every name that was asked about grows Casbin's memory; here nothing is stored."""
    stock = stock_enforcer(MODEL, POLICY)
    engine = read_engine(MODEL, POLICY)
    before = len(stock.get_role_manager().all_roles)
    for n in range(50):
        stock.enforce(f"stranger{n}", "data1", "read")
        engine.match((f"stranger{n}", "data1", "read"))
    assert len(stock.get_role_manager().all_roles) >= before + 50
    assert engine.roles["g"].reaches == {}


def test_roles_end_after_nine_links() -> None:
    """A deep graph is cut where Casbin cuts it, at a bounded cost; a circle ends."""
    chain = "".join(f"g, role{n}, role{n + 1}\n" for n in range(1_000))
    policy = "p, role9, data1, read, allow\np, role10, data1, write, allow\n" + chain + "g, role1000, role0\n"
    both = Both(MODEL, policy)
    for act, expected in (("read", True), ("write", False)):
        assert both.answer(("role0", "data1", act)) is expected
        assert both.match(("role0", "data1", act)).allowed is expected


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[matchers]", "[matcher]", "model.conf"),
        ("[role_definition]", "[roles]", "unknown section [roles]"),
        ("g = _, _", "g = _, _\ng3 = _, _", "Casbin does not read g3"),
        ("m = g", "m = r.sub == p.sub\nm = g", "m is defined twice"),
        ("r = sub, obj, act", "r = sub, obj, obj", "names a field twice"),
        ("r = sub, obj, act", "r = sub, obj, act,", "has the field ''"),
        ("g = _, _", "g = _", "role definition '_'"),
        ("g = _, _", "g = _, _, (_, _)", "conditional roles"),
        ("some(where (p.eft == allow)) &&", "some(where (p.eft==allow)) &&", "none of Casbin's"),
        ("r.act == p.act", "r.acts == p.act", "unknown field r.acts"),
        ("r.act == p.act", "p.kind == r.act", "unknown field p.kind"),
        ("r.act == p.act", "same(r.act, p.act)", "unknown function same"),
        ("r.act == p.act", "g2(r.act, p.act)", "unknown function g2"),
        ("r.act == p.act", "r.act = p.act", "cannot be read"),
        ("r.act == p.act", "r.act === p.act", "cannot be read"),
        ("r.act == p.act", "r.act is p.act", "compares identity"),
        ("r.act == p.act", "r.act.lower() == p.act", "not evaluated"),
        ("r.act == p.act", "r.act.__class__ == p.act", "the attribute __class__"),
        ("r.act == p.act", "any([x for x in p.act])", "unknown function any"),
        ("r.act == p.act", "[x for x in p.act] == r.act", "not evaluated"),
        ("r.act == p.act", "(lambda: True)()", "not evaluated"),
        ("r.act == p.act", "eval(r.act)", "eval(r_act) names no policy field"),
        ("r.act == p.act", "regexMatch(p.act, r.act)", "does not come from the policy"),
        ("r.act == p.act", "r.act == p.act; True", "cannot be read"),
        ("r.act == p.act", "(" * 300 + "r.act" + ")" * 300 + " == p.act", "cannot be read"),
    ],
)
def test_a_model_that_cannot_be_evaluated_is_refused_when_loaded(old: str, new: str, told: str) -> None:
    """Never approximated, never an exception at decision time."""
    assert told in refusal(changed(old, new))


@pytest.mark.parametrize(
    ("call", "cell", "told"),
    [
        ("regexMatch(r.act, p.act)", "(a+)+$", "a repetition inside a repetition"),
        ("regexMatch(r.act, p.act)", "(a|a)*$", "begin alike"),
        ("regexMatch(r.act, p.act)", ".*.*.*.*x", "take each other's characters"),
        ("regexMatch(r.act, p.act)", "*", "not a regular expression"),
        ("keyMatch2(r.act, p.act)", "/(a+)+/:id", "a repetition inside a repetition"),
        ("keyMatch3(r.act, p.act)", "*", "not a regular expression"),
        ("keyMatch4(r.act, p.act)", "/{a}/(b)", "groups of its own"),
        ("ipMatch(r.act, p.act)", "10.0.0.0/99", "neither an address nor a network"),
        ("eval(p.act)", "r.sub ==", "cannot be read"),
        ("eval(p.act)", "r.sub == r.obj) or (True", "unknown"),
        ("eval(p.act)", "r.nobody == p.sub", "unknown field r.nobody"),
        ("eval(p.act)", "r.sub == p.sub # always", "comment"),
        ("eval(p.act)", "eval(p.sub)", "eval inside a rule"),
    ],
)
def test_a_cell_that_cannot_be_evaluated_is_refused_with_its_line(call: str, cell: str, told: str) -> None:
    """Patterns without a bound on their cost, addresses that are none, rules that are no expression."""
    message = refusal(changed("r.act == p.act", call), f"p, alice, data1, {cell}, allow\n")
    assert "policy.csv:1:" in message
    if told != "unknown":
        assert told in message


def test_a_hundred_thousand_roles_on_one_subject_cost_no_more_than_their_rows() -> None:
    """The smaller side is walked: the rows of the step, not the roles of the subject."""
    links = "".join(f"g, alice, role{n}\n" for n in range(100_000))
    engine = read_engine(MODEL, "p, role99999, data1, read, allow\n" + links)
    matches = engine.match(("alice", "data1", "read"))
    assert matches.allowed
    assert len(matches.considered) == 1


def test_a_request_of_another_length_is_an_error_of_the_caller() -> None:
    """Not a decision."""
    with pytest.raises(ValueError, match="3 fields"):
        read_engine(MODEL, POLICY).match(("alice", "data1"))


def test_the_frozen_predecessor_of_pycasbin_is_not_installed() -> None:
    """Both import as `casbin` and overwrite each other's files."""
    assert version("pycasbin").startswith("2.")
    with pytest.raises(PackageNotFoundError):
        version("casbin")
    assert casbin.Enforcer
