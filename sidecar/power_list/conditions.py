"""Conditions of the language (`when`, `required_when`): comparisons of named facts, joined by `and`, `or`, `not`.

    public_interest or hear_done or complex
    investment_wan <= 30 or floor_area_m2 <= 300

A fact is an integer or a boolean; nothing else enters a condition. Parentheses, commas and quotes have no place here: a
condition travels as one cell of a Casbin row, and Casbin's loaders misread them.

An unknown fact is neither true nor false (Kleene's strong logic of three values): `a or b` is true as soon as one is, false
only when both are. What to do about "unknown" is the control's business; a prohibition treats it as a denial.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Fact = int | bool
Facts = Mapping[str, Fact]

_ALLOWED = re.compile(r"[A-Za-z0-9_ <>=!+*-]+\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_UNPLAIN_NUMBER = re.compile(r"\b[0-9]+[A-Za-z_]\w*")  # 0x10, 1_000, 1e3: digits only
MAX_LENGTH = 300
MAX_DIGITS = 15  # integers of the record stay below 2^53

_COMPARE: Mapping[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}

_Evaluator = Callable[[Facts], "Fact | None"]


class ConditionError(ValueError):
    """The text is not a condition of the language; the message says which part."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. `names` are the facts it speaks of."""

    text: str
    names: frozenset[str]
    _evaluate: _Evaluator

    def holds(self, facts: Facts) -> bool | None:
        """True, False, or None when the known facts do not settle it."""
        result = self._evaluate(facts)
        return None if result is None else bool(result)

    def unknown(self, facts: Facts) -> tuple[str, ...]:
        """The facts that are missing, sorted."""
        return tuple(sorted(self.names - facts.keys()))


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> Condition:
    """Parse `text`. Raises ConditionError naming what is not allowed."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"longer than {MAX_LENGTH} characters")
    if not _ALLOWED.match(text):
        odd = sorted(set(re.sub(r"[A-Za-z0-9_ <>=!+*-]", "", text))) or ["(empty)"]
        raise ConditionError(f"character {' '.join(odd)}")
    unplain = _UNPLAIN_NUMBER.search(text)
    if unplain:
        raise ConditionError(f"number {unplain.group()}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as fault:
        raise ConditionError("syntax") from fault
    names: set[str] = set()
    evaluate = _boolean(tree.body, names)
    return Condition(text, frozenset(names), evaluate)


def _boolean(node: ast.expr, names: set[str]) -> _Evaluator:
    if isinstance(node, ast.BoolOp):
        parts = [_boolean(part, names) for part in node.values]
        return _any_of(parts) if isinstance(node.op, ast.Or) else _all_of(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _negation(_boolean(node.operand, names))
    if isinstance(node, ast.Compare):
        return _comparison(node, names)
    if isinstance(node, ast.Name):
        return _fact(node, names)
    raise ConditionError(ast.unparse(node))


def _comparison(node: ast.Compare, names: set[str]) -> _Evaluator:
    operator = _COMPARE.get(type(node.ops[0]))
    if len(node.ops) != 1 or operator is None:
        raise ConditionError(ast.unparse(node))
    left, right = _number(node.left, names), _number(node.comparators[0], names)

    def evaluate(facts: Facts) -> Fact | None:
        a, b = left(facts), right(facts)
        return None if a is None or b is None else operator(a, b)

    return evaluate


def _number(node: ast.expr, names: set[str]) -> _Evaluator:
    if isinstance(node, ast.Constant) and type(node.value) is int and len(str(node.value)) <= MAX_DIGITS:
        constant = node.value
        return lambda _: constant
    if isinstance(node, ast.Name):
        return _fact(node, names)
    raise ConditionError(ast.unparse(node))


def _fact(node: ast.Name, names: set[str]) -> _Evaluator:
    name = node.id
    if not _NAME.match(name):
        raise ConditionError(name)
    names.add(name)
    return lambda facts: facts.get(name)


def _any_of(parts: list[_Evaluator]) -> _Evaluator:
    def evaluate(facts: Facts) -> Fact | None:
        results = [part(facts) for part in parts]
        if any(results):
            return True
        return None if None in results else False

    return evaluate


def _all_of(parts: list[_Evaluator]) -> _Evaluator:
    def evaluate(facts: Facts) -> Fact | None:
        results = [part(facts) for part in parts]
        if any(result is not None and not result for result in results):
            return False
        return None if None in results else True

    return evaluate


def _negation(part: _Evaluator) -> _Evaluator:
    def evaluate(facts: Facts) -> Fact | None:
        result = part(facts)
        return None if result is None else not result

    return evaluate
