"""Tree → function of facts: closures over plain numbers. No name is looked up but that of a fact; nothing written is executed."""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sidecar.expressions.facts import Value, Values
from sidecar.expressions.measures import BOOLEAN
from sidecar.expressions.syntax import Among, Binary, Joined, Literal, Name, Tree, Unary

Result = Value | Fraction
Evaluator = Callable[[Values], Result | None]


def _exact_quotient(left: int | Fraction, right: int | Fraction) -> Fraction:
    return Fraction(left) / Fraction(right)


_OPERATIONS: Mapping[str, Callable[[Any, Any], Result]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _exact_quotient,
    }
)


def evaluator(tree: Tree) -> Evaluator:
    """What the tree gives for known facts; None where they do not settle it."""
    return _EVALUATORS[type(tree)](tree)


def _literal(tree: Literal) -> Evaluator:
    constant = bool(tree.amount) if tree.kind == BOOLEAN else tree.amount
    return lambda _: constant


def _name(tree: Name) -> Evaluator:
    name = tree.name
    return lambda facts: facts.get(name)


def _unary(tree: Unary) -> Evaluator:
    operand = evaluator(tree.operand)
    return _negation(operand) if tree.operator == "not" else _applied(operator.sub, lambda _: 0, operand)


def _binary(tree: Binary) -> Evaluator:
    return _applied(_OPERATIONS[tree.operator], evaluator(tree.left), evaluator(tree.right))


def _applied(operation: Callable[[Any, Any], Result], left: Evaluator, right: Evaluator) -> Evaluator:
    def evaluate(facts: Values) -> Result | None:
        a, b = left(facts), right(facts)
        return None if a is None or b is None else operation(a, b)

    return evaluate


def _negation(part: Evaluator) -> Evaluator:
    def evaluate(facts: Values) -> Result | None:
        result = part(facts)
        return None if result is None else not result

    return evaluate


def _joined(tree: Joined) -> Evaluator:
    """One part of the settling value settles the whole: a true one an `or`, a false one an `and`."""
    parts, settling = [evaluator(part) for part in tree.parts], tree.operator == "or"

    def evaluate(facts: Values) -> Result | None:
        unsettled = False
        for part in parts:
            result = part(facts)
            if result is None:
                unsettled = True
            elif result is settling:
                return settling
        return None if unsettled else not settling

    return evaluate


def _among(tree: Among) -> Evaluator:
    operand, words = evaluator(tree.operand), frozenset(tree.words)

    def evaluate(facts: Values) -> Result | None:
        word = operand(facts)
        return None if word is None else word in words

    return evaluate


_EVALUATORS: Mapping[type[Tree], Callable[[Any], Evaluator]] = MappingProxyType(
    {Literal: _literal, Name: _name, Unary: _unary, Binary: _binary, Joined: _joined, Among: _among}
)
