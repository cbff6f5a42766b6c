"""Expressions: what holds, what is refused and where, the two spellings, and an evaluator that shares nothing with ours."""

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.compiler.rows import _CELL
from sidecar.expressions.errors import CODES, ExpressionError
from sidecar.expressions.facts import Fact, Value
from sidecar.expressions.meaning import Expression, Scope, constant, read_row, understood
from sidecar.expressions.measures import BOOLEAN, DATE, MONEY
from sidecar.expressions.syntax import MAX_LENGTH, parse, printed
from sidecar.messages import CATALOGUE

KNOWN = (True, False, None)
PARTY = {"person": "自然人", "firm": "单位"}
FACTS = {
    **{name: Fact(BOOLEAN) for name in ("a", "b", "c")},
    **{name: Fact("integer", "m2") for name in ("n", "m")},
    **{name: Fact(MONEY, "wan_yuan") for name in ("fine", "goods")},
    **{name: Fact("workday", "workday") for name in ("open", "shut")},
    "elapsed": Fact("month", "year"),
    "days": Fact("day", "day"),
    **{name: Fact(DATE) for name in ("offence", "found")},
    "party": Fact("choice", words=PARTY),
    "other": Fact("choice", words=PARTY),
    "road": Fact("choice", words={"firm": "坚实", "soft": "松软"}),
}
SCOPE = Scope(FACTS, {"limit": constant("10 wan_yuan")[0], "share": constant("2/3")[0], "below": constant("-5")[0]})


def condition(text: str) -> Expression:
    return understood(text, SCOPE)


def holds(text: str, **facts: Value) -> bool | None:
    """As written, and as a row spells it, which must be the same."""
    expression = condition(text)
    found = expression.holds(facts)
    assert read_row(expression.row).holds(facts) is found
    return found


@pytest.mark.parametrize(
    ("text", "facts", "found"),
    [
        ("n <= 30", {"n": 30}, True),
        ("n <= 30", {"n": 31}, False),
        ("n <= 30", {}, None),
        ("30 < n", {"n": 31}, True),
        ("n == m", {"n": 4, "m": 4}, True),
        ("a", {"a": True}, True),
        ("not a", {"a": False}, True),
        ("a and b or c", {"a": True, "b": False, "c": True}, True),
        ("a and (b or c)", {"a": True, "b": False, "c": True}, True),
        ("not (a or b)", {"a": False, "b": False}, True),
        ("(a or b) == c", {"a": False, "b": True, "c": True}, True),
        ("n <= 30 or m <= 300", {"m": 200}, True),
        ("n <= 30 or m <= 300", {"m": 400}, None),
        ("true", {}, True),
        ("a or false", {"a": False}, False),
        ("n + m * 2 == 7", {"n": 1, "m": 3}, True),
        ("(n + m) * 2 == 8", {"n": 1, "m": 3}, True),
        ("n - m - 1 == 0", {"n": 4, "m": 3}, True),
        ("-n > -m", {"n": 1, "m": 2}, True),
        ("n / 2 == 3/2", {"n": 3}, True),
        ("n * 3% >= 1", {"n": 34}, True),
        ("n * 3% >= 1", {"n": 33}, False),
        ("n >= m * share", {"n": 2, "m": 3}, True),
        ("n > below", {"n": -4}, True),
        ("fine > limit", {"fine": 10_000_001}, True),
        ("fine > 10 万元", {"fine": 10_000_000}, False),
        ("fine == 1.5 wan_yuan", {"fine": 1_500_000}, True),
        ("fine == 0.01 yuan", {"fine": 1}, True),
        ("fine <= 20 * goods", {"fine": 200, "goods": 10}, True),
        ("fine / goods >= 2", {"fine": 200, "goods": 10}, None),
        ("fine / 10 yuan == 2", {"fine": 2000}, True),
        ("open + shut <= 20 workdays", {"open": 12, "shut": 8}, True),
        ("open <= 20 工作日", {"open": 21}, False),
        ("elapsed >= 2 years", {"elapsed": 24}, True),
        ("elapsed >= 25 月", {"elapsed": 24}, False),
        ("offence < 2021-07-15", {"offence": date(2021, 7, 14).toordinal()}, True),
        ("found - offence > 30 day", {"found": 100, "offence": 69}, True),
        ("offence + days == found", {"offence": 10, "days": 5, "found": 15}, True),
        ("found - 5 day >= offence", {"offence": 10, "found": 15}, True),
        ("party == firm", {"party": "firm"}, True),
        ("party == 单位", {"party": "firm"}, True),
        ("firm == party", {"party": "person"}, False),
        ("party != firm", {"party": "person"}, True),
        ("party != firm", {}, None),
        ("party in (person, 单位)", {"party": "firm"}, True),
        ("party not in (person)", {"party": "firm"}, True),
        ("not party in {person}", {"party": "firm"}, True),
        ("party == other", {"party": "firm", "other": "firm"}, True),
    ],
)  # fmt: skip
def test_a_condition_holds_fails_or_is_open(text: str, facts: dict[str, Value], found: bool | None) -> None:
    """Known facts settle it; unknown ones leave it open unless the rest settles it."""
    if "fine / goods" in text:
        with pytest.raises(ExpressionError):
            condition(text)
    else:
        assert holds(text, **facts) is found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10 * goods", 1000),
        ("goods * 3%", 3),
        ("goods / 3", Fraction(100, 3)),
        ("goods - 50 fen", 50),
        ("limit", 10_000_000),
        ("-goods", -100),
    ],
)
def test_a_value_is_exact(text: str, value: object) -> None:
    """Money in fen, and what does not come out even as a fraction."""
    expression = understood(text, SCOPE, MONEY)
    assert expression.value({"goods": 100}) == value
    assert read_row(expression.row).value({"goods": 100}) == value
    if "goods" in text:
        assert expression.value({}) is None


@pytest.mark.parametrize(("a", "b"), list(product(KNOWN, KNOWN)))
def test_and_or_not_follow_kleene(a: bool | None, b: bool | None) -> None:
    """The nine lines of the truth table, from the order false < unknown < true."""
    facts = {name: value for name, value in (("a", a), ("b", b)) if value is not None}
    rank: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    value = {n: v for v, n in rank.items()}
    assert holds("a and b", **facts) is value[min(rank[a], rank[b])]
    assert holds("a or b", **facts) is value[max(rank[a], rank[b])]
    assert holds("not a", **facts) is value[2 - rank[a]]


# text: (code, what stands at the place)
WRONG = {
    "": ("BAD_EXPRESSION", ""),
    " ": ("BAD_EXPRESSION", ""),
    "a,b": ("BAD_EXPRESSION", ",b"),
    "(a": ("BAD_EXPRESSION", ""),
    "a)": ("BAD_EXPRESSION", ")"),
    "(a}": ("BAD_EXPRESSION", "}"),
    "n.m": ("BAD_EXPRESSION", ".m"),
    "a[0]": ("BAD_EXPRESSION", "[0]"),
    "party == 'firm'": ("BAD_EXPRESSION", "'firm'"),
    "n ≥ 3": ("BAD_EXPRESSION", "≥ 3"),
    "a && b": ("BAD_EXPRESSION", "&& b"),
    "！a": ("BAD_EXPRESSION", "！a"),
    "1 < n < 3": ("BAD_EXPRESSION", "< 3"),
    "n = 3": ("BAD_EXPRESSION", "= 3"),
    "n == 0x10": ("UNKNOWN_MEASURE", "x10"),
    "n == 1_000": ("UNKNOWN_MEASURE", "_000"),
    "n == 1e3": ("UNKNOWN_MEASURE", "e3"),
    "n == 007": ("BAD_EXPRESSION", "007"),
    "n == 1.5": ("BAD_EXPRESSION", "1.5"),
    "n == 1234567890123456": ("BAD_EXPRESSION", "1234567890123456"),
    "fine == 0.001 yuan": ("BAD_EXPRESSION", "0.001"),
    "open == 1.5 workday": ("BAD_EXPRESSION", "1.5"),
    "offence < 2021-02-30": ("BAD_EXPRESSION", "2021-02-30"),
    "a is b": ("BAD_EXPRESSION", "is b"),
    "a in b": ("BAD_EXPRESSION", "b"),
    "party in ()": ("BAD_EXPRESSION", ")"),
    "party in (firm,": ("BAD_EXPRESSION", ""),
    "and a": ("BAD_EXPRESSION", "and a"),
    "a and": ("BAD_EXPRESSION", ""),
    "lambda": ("UNKNOWN_FACT", "lambda"),
    "__import__": ("UNKNOWN_FACT", "__import__"),
    "A or a": ("UNKNOWN_FACT", "A or a"),
    "a or d": ("UNKNOWN_FACT", "d"),
    "party == frim": ("UNKNOWN_WORD", "frim"),
    "party in (person, frim)": ("UNKNOWN_WORD", "frim"),
    "fine > 30 wan_yaun": ("UNKNOWN_MEASURE", "wan_yaun"),
    "1": ("WRONG_RESULT", "1"),
    "n": ("WRONG_RESULT", "n"),
    "not n": ("WRONG_RESULT", "n"),
    "a and n + 1": ("WRONG_RESULT", "n + 1"),
    "-a": ("WRONG_RESULT", "a"),
    "-offence > found": ("WRONG_RESULT", "offence"),
    "n in (firm)": ("WRONG_RESULT", "n in"),
    "fine > 30": ("TYPES_DIFFER", "> 30"),
    "30 < fine": ("TYPES_DIFFER", "< fine"),
    "fine > days": ("TYPES_DIFFER", "> days"),
    "open > days": ("TYPES_DIFFER", "> days"),
    "open + 1 day > 3 day": ("TYPES_DIFFER", "+ 1"),
    "n == party": ("TYPES_DIFFER", "== party"),
    "party == road": ("TYPES_DIFFER", "== road"),
    "a == n": ("TYPES_DIFFER", "== n"),
    "fine * goods > 1 yuan": ("TYPES_DIFFER", "* goods"),
    "n + fine > 1 yuan": ("TYPES_DIFFER", "+ fine"),
    "offence + found > offence": ("TYPES_DIFFER", "+ found"),
    "days - offence > 1 day": ("TYPES_DIFFER", "- offence"),
    "offence * 2 > found": ("TYPES_DIFFER", "* 2"),
    "n / fine > 1": ("TYPES_DIFFER", "/ fine"),
    "offence + days / 2 > found": ("UNEVEN_DAYS", "+ days"),
    "a < b": ("NOT_ORDERED", "< b"),
    "party < other": ("NOT_ORDERED", "< other"),
    "n / m > 1": ("DIVISOR_MAY_BE_ZERO", "m > 1"),
    "n / (m + 1) > 1": ("DIVISOR_MAY_BE_ZERO", "m + 1"),
    "n / (5 + below) > 1": ("DIVISOR_MAY_BE_ZERO", "5 + below"),
    "n / 0 > 1": ("DIVISOR_MAY_BE_ZERO", "0 > 1"),
    "(" * 25 + "a" + ")" * 25: ("EXPRESSION_TOO_LONG", "a)"),
    "a or " * 99 + "a" + " or a" * 3: ("EXPRESSION_TOO_LONG", "a or"),
    "a" * (MAX_LENGTH + 1): ("EXPRESSION_TOO_LONG", "a"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "rest"), [(t, c, r) for t, (c, r) in WRONG.items()], ids=lambda value: str(value)[:24])
def test_anything_else_is_refused_at_its_place(text: str, code: str, rest: str) -> None:
    """What is no expression of the declared names and types is refused when it is read, at the character that is wrong."""
    with pytest.raises(ExpressionError) as fault:
        condition(text)
    assert (fault.value.code, text[fault.value.at :][: len(rest) or None]) == (code, rest)


def test_every_fault_has_a_sentence_with_its_facts() -> None:
    """The catalogue knows each code, and no sentence names what its fault does not carry."""
    met: dict[str, set[str]] = {}
    for text in WRONG:
        with pytest.raises(ExpressionError) as fault:
            condition(text)
        met.setdefault(fault.value.code, set(fault.value.facts)).intersection_update(fault.value.facts)
    assert met.keys() == CODES
    for code, facts in met.items():
        assert set(re.findall(r"{(\w+)}", CATALOGUE[code].zh)) <= facts | {"key"}, code


def test_unknown_names_what_is_missing() -> None:
    """A refusal can name the facts to assert."""
    assert condition("n > 3 or a and c").unknown({"a": True}) == ("c", "n")


# -- an evaluator that shares nothing with ours ------------------------------------------------------------------------

Asked = dict[str, Any]
Meant = Callable[[Asked], Any]
Both = tuple[str, Meant]  # the text, and what it means


def _lift(operation: Callable[..., Any], *parts: Meant) -> Meant:
    """Unknown where any part is."""

    def meant(facts: Asked) -> Any:
        values = [part(facts) for part in parts]
        return None if None in values else operation(*values)

    return meant


def _fact(name: str) -> Both:
    return name, lambda facts: facts.get(name)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip


def _numbers(literal: st.SearchStrategy[Both], names: tuple[str, ...]) -> st.SearchStrategy[Both]:
    """Sums, differences, products with a number, quotients by one, of numbers or of money."""
    leaves = literal | st.sampled_from(names).map(_fact)
    counts = st.integers(1, 9)

    def grown(parts: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
        def joined(sign: str, x: Both, y: Both) -> Both:
            return f"({x[0]} {sign} {y[0]})", _lift(lambda p, q: p + q if sign == "+" else p - q, x[1], y[1])

        return (
            st.builds(joined, st.sampled_from("+-"), parts, parts)
            | st.builds(lambda x, k: (f"{k}*({x[0]})", _lift(lambda p: p * k, x[1])), parts, counts)
            | st.builds(lambda x, k: (f"({x[0]})/{k}", _lift(lambda p: Fraction(p, k), x[1])), parts, counts)
            | st.builds(lambda x, k: (f"({x[0]}) * {k}%", _lift(lambda p: p * Fraction(k, 100), x[1])), parts, counts)
            | parts.map(lambda x: (f"-({x[0]})", _lift(lambda p: -p, x[1])))
        )

    return st.recursive(leaves, grown, max_leaves=4)


_PLAIN = _numbers(st.integers(0, 50).map(lambda k: (str(k), lambda _: k)), ("n", "m"))
_SUMS = _numbers(
    st.integers(0, 50).map(lambda k: (f"{k} 元", lambda _: 100 * k)) | st.integers(0, 9).map(lambda k: (f"{k} fen", lambda _: k)),
    ("fine", "goods"),
)


def _comparisons() -> st.SearchStrategy[Both]:
    def compared(sign: str, x: Both, y: Both) -> Both:
        return f"{x[0]} {sign} {y[0]}", _lift(_COMPARE[sign], x[1], y[1])

    words = st.lists(st.sampled_from(["person", "firm", "自然人"]), min_size=1, max_size=3)
    english = {"自然人": "person"}

    def among(names: list[str]) -> Both:
        return f"party in ({', '.join(names)})", _lift(
            lambda w: w in {english.get(n, n) for n in names}, lambda f: f.get("party")
        )

    signs = st.sampled_from(sorted(_COMPARE))
    return st.builds(compared, signs, _PLAIN, _PLAIN) | st.builds(compared, signs, _SUMS, _SUMS) | words.map(among)


def _conditions() -> st.SearchStrategy[Both]:
    rank: dict[Any, int] = {False: 0, None: 1, True: 2}
    value = {n: v for v, n in rank.items()}

    def grown(parts: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
        def joined(joint: str, several: list[Both]) -> Both:
            pick = max if joint == "or" else min
            text = f" {joint} ".join(f"({text})" for text, _ in several)
            return text, lambda facts: value[pick(rank[meant(facts)] for _, meant in several)]

        return st.builds(joined, st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=3)) | parts.map(
            lambda x: (f"not ({x[0]})", lambda facts: value[2 - rank[x[1](facts)]])
        )

    return st.recursive(st.sampled_from("abc").map(_fact) | _comparisons(), grown, max_leaves=5)


_ASSERTED = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys("abc", st.booleans()),
        **dict.fromkeys(("n", "m", "fine", "goods"), st.integers(-60, 6000)),
        "party": st.sampled_from(sorted(PARTY)),
    },
)


def _fits(text: str) -> bool:
    """Everything the strategies build is an expression, unless it has grown too long."""
    fault = _fault(text, BOOLEAN)
    assert fault is None or fault.code == "EXPRESSION_TOO_LONG"
    return fault is None


def _fault(text: str, kind: str) -> ExpressionError | None:
    try:
        understood(text, SCOPE, kind)
    except ExpressionError as fault:
        return fault
    return None


@given(_conditions(), _ASSERTED)
def test_it_means_what_an_independent_evaluator_says(written: Both, facts: Asked) -> None:
    """Arithmetic, comparisons, choices and the three values, on anything the grammar can build; and so does its row."""
    text, meant = written
    assume(_fits(text))
    assert holds(text, **facts) is meant(facts)


@given(_conditions())
def test_what_is_printed_parses_back_to_the_same(written: Both) -> None:
    """As written and as a row, which keeps to the alphabet of a cell."""
    assume(_fits(written[0]))
    tree, row = parse(written[0]), condition(written[0]).row
    assert parse(printed(tree)) == tree
    assert printed(parse(row)) == row
    assert _CELL.match(row)


@given(_conditions(), _ASSERTED, _ASSERTED)
def test_a_settled_condition_stays_settled(written: Both, known: Asked, more: Asked) -> None:
    """Learning another fact never turns a yes into a no: what was allowed to be concluded stays true."""
    assume(_fits(written[0]))
    before = condition(written[0]).holds(known)
    if before is not None:
        assert condition(written[0]).holds(more | known) is before


_PIECES = st.sampled_from(
    "a n fine party firm offence open share x and or not in ( ) { } , + - * / % < == != 3 0 1.5 2021-07-15 yuan ' [".split()
)


@given(st.lists(_PIECES, max_size=40).map(" ".join) | st.text(max_size=60), st.sampled_from([BOOLEAN, MONEY, DATE]))
def test_nothing_but_the_declared_error_is_raised(text: str, kind: str) -> None:
    """Any text is either understood, and then evaluates with any facts known or none, or refused inside its own length."""
    fault = _fault(text, kind)
    if fault is not None:
        assert fault.code in CODES
        assert 0 <= fault.at <= len(text)
        return
    expression = understood(text, SCOPE, kind)
    expression.value({})
    expression.value({"a": True, "n": 3, "fine": 5, "party": "firm", "offence": 7, "open": 2})


@pytest.mark.parametrize("piece", ["(", "not ", "-", "a or ", "n + ", "a and not ", "party in (", "1 ", "{"])
def test_the_cost_is_bounded(piece: str) -> None:
    """However long or deep, reading ends in the declared error and never in the depths of the interpreter."""
    with pytest.raises(ExpressionError):
        condition(piece * (MAX_LENGTH // len(piece)) + "a")
    with pytest.raises(ExpressionError):
        condition(piece * 1_000_000)
