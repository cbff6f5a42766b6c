"""What a written expression means: names found, types agreed, words of choices recognised, no divisor that could be zero.

`understood` is for the policy as it is written; `read_row` for a row of it, which was understood when it was built.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sidecar.expressions.errors import ExpressionError
from sidecar.expressions.evaluation import Evaluator, Result, evaluator
from sidecar.expressions.facts import Fact, Values
from sidecar.expressions.measures import BOOLEAN, CHOICE, DATE, DAY, DURATION, DURATIONS, EXAMPLES, INTEGER, KIND_NAMES, MONEY
from sidecar.expressions.syntax import (
    COMPARISONS,
    Among,
    Binary,
    Joined,
    Literal,
    Name,
    Tree,
    Unary,
    names_in,
    parse,
    parts_of,
    printed,
)
from sidecar.messages import Sentence, near

_COUNTED = frozenset({INTEGER, MONEY, *DURATIONS})  # what can be added, and multiplied by a number
_ORDERED = _COUNTED | {DATE}


class Type(NamedTuple):
    """The type of a value; `words` are those of a choice."""

    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names an expression may use: facts, and names that stand for something else, such as parameters."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    meanings: Mapping[str, Tree] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.facts, *self.meanings)


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A condition or a value, ready to be evaluated. `names` are the facts it reads, `row` its spelling in a row."""

    row: str
    names: frozenset[str]
    evaluate: Evaluator

    def holds(self, facts: Values) -> bool | None:
        """Of a condition: True, False, or None when the known facts do not settle it."""
        result = self.evaluate(facts)
        return None if result is None else bool(result)

    def value(self, facts: Values) -> Result | None:
        """Of a value: money in fen, durations in their unit, exact; None when a fact it reads is unknown."""
        return self.evaluate(facts)

    def unknown(self, facts: Values) -> tuple[str, ...]:
        """The facts that are missing, sorted."""
        return tuple(sorted(self.names - facts.keys()))


def understood(text: str, scope: Scope, kind: str = BOOLEAN) -> Expression:
    """An expression as it is written, which must be of `kind`. Raises ExpressionError with the place of what is wrong."""
    written = parse(text)
    tree, type_ = _Reader(scope).read(written)
    if type_.kind != kind and not (kind == DURATION and type_.kind in DURATIONS):
        raise ExpressionError("WRONG_RESULT", 0, found=KIND_NAMES[type_.kind], expected=_expected(kind))
    return _expression(tree, _fitting(printed(tree)))


def _fitting(row: str) -> str:
    """Parameters filled in can make an expression longer than may be read."""
    try:
        parse(row)
    except ExpressionError as fault:
        raise ExpressionError(fault.code, 0, **fault.facts) from None
    return row


def constant(text: str) -> tuple[Tree, str]:
    """The tree and the kind of a value without names: a parameter's. Raises ExpressionError."""
    tree, type_ = _Reader(Scope()).read(parse(text))
    return tree, type_.kind


@lru_cache(maxsize=8192)
def read_row(row: str) -> Expression:
    """An expression as a row spells it. Raises ExpressionError where the row was damaged."""
    return _expression(parse(row), row)


def _expression(tree: Tree, row: str) -> Expression:
    return Expression(row, frozenset(name.name for name in names_in(tree)), evaluator(tree))


def _expected(kind: str) -> Sentence:
    example = "amount >= 30 wan_yuan" if kind == BOOLEAN else EXAMPLES[kind]
    name = Sentence("条件", "a condition") if kind == BOOLEAN else KIND_NAMES[kind]
    return Sentence(f"{name.zh}，如 {example}", f"{name.en} such as {example}")


class _Reader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def read(self, tree: Tree) -> tuple[Tree, Type]:
        """The tree with names replaced by what they mean and words recognised, and its type."""
        match tree:
            case Literal() | Name():
                return self._name(tree) if isinstance(tree, Name) else (tree, Type(tree.kind))
            case Unary():
                return self._unary(tree)
            case Binary(sign):
                return (self._comparison(tree), Type(BOOLEAN)) if sign in COMPARISONS else self._arithmetic(tree)
            case Joined(joint, parts):
                return Joined(joint, tuple(self._condition(part) for part in parts), tree.at), Type(BOOLEAN)
            case Among(operand):
                words = list(zip(tree.words, tree.places, strict=True))
                return self._among(*self.read(operand), words, tree.at), Type(BOOLEAN)

    def _name(self, name: Name) -> tuple[Tree, Type]:
        meaning = self._scope.meanings.get(name.name)
        if meaning is not None:
            return meaning, _Reader(Scope(self._scope.facts)).read(meaning)[1]
        fact = self._scope.facts.get(name.name)
        if fact is None:
            raise ExpressionError("UNKNOWN_FACT", name.at, name=name.name, near=near(name.name, self._scope.names))
        return name, Type(fact.kind, tuple(fact.words))

    def _condition(self, part: Tree) -> Tree:
        found, type_ = self.read(part)
        if type_.kind != BOOLEAN:
            raise ExpressionError("WRONG_RESULT", first_at(part), found=KIND_NAMES[type_.kind], expected=_expected(BOOLEAN))
        return found

    def _unary(self, tree: Unary) -> tuple[Tree, Type]:
        if tree.operator == "not":
            return Unary("not", self._condition(tree.operand), tree.at), Type(BOOLEAN)
        found, type_ = self.read(tree.operand)
        if type_.kind not in _COUNTED:
            raise ExpressionError(
                "WRONG_RESULT", first_at(tree.operand), found=KIND_NAMES[type_.kind], expected=_expected(INTEGER)
            )
        return Unary("-", found, tree.at), type_

    # -- comparisons -----------------------------------------------------------------------------------------------

    def _comparison(self, tree: Binary) -> Tree:
        for one, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if tree.operator in ("==", "!=") and isinstance(other, Name) and self._is_choice(one):
                found, type_ = self.read(one)
                if self._spells(one, other) or other.name not in self._scope.names:
                    among = self._among(found, type_, [(other.name, other.at)], tree.at)
                    return among if tree.operator == "==" else Unary("not", among, tree.at)
        (left, left_type), (right, right_type) = self.read(tree.left), self.read(tree.right)
        if left_type != right_type:
            raise self._differ(tree, left_type, right_type)
        if tree.operator not in ("==", "!=") and left_type.kind not in _ORDERED:
            raise ExpressionError("NOT_ORDERED", tree.at, operator=tree.operator, kind=KIND_NAMES[left_type.kind])
        return Binary(tree.operator, left, right, tree.at)

    def _is_choice(self, tree: Tree) -> bool:
        fact = self._scope.facts.get(tree.name) if isinstance(tree, Name) else None
        return fact is not None and fact.kind == CHOICE

    def _spells(self, choice: Tree, word: Name) -> bool:
        return any(word.name in pair for pair in self._words_of(choice).items())

    def _words_of(self, choice: Tree) -> Mapping[str, str]:
        return self._scope.facts[choice.name].words if isinstance(choice, Name) and choice.name in self._scope.facts else {}

    def _among(self, operand: Tree, type_: Type, words: list[tuple[str, int]], at: int) -> Tree:
        if type_.kind != CHOICE:
            found = KIND_NAMES[type_.kind]
            raise ExpressionError("WRONG_RESULT", first_at(operand), found=found, expected=KIND_NAMES[CHOICE])
        known = self._words_of(operand)
        spellings = {label: word for word, label in known.items()} | {word: word for word in known}
        meant = []
        for word, place in words:
            if word not in spellings:
                expected = "、".join(f"{name}（{label}）" for name, label in known.items())
                raise ExpressionError("UNKNOWN_WORD", place, word=word, expected=expected)
            meant.append(spellings[word])
        return Among(operand, tuple(dict.fromkeys(meant)), at)

    def _differ(self, tree: Binary, left: Type, right: Type) -> ExpressionError:
        if CHOICE in (left.kind, right.kind):
            choice = tree.left if left.kind == CHOICE else tree.right
            example = next(iter(self._words_of(choice)), "-")
        else:
            example = EXAMPLES[right.kind if left.kind == INTEGER and isinstance(tree.left, Literal) else left.kind]
        facts = {"left": KIND_NAMES[left.kind], "right": KIND_NAMES[right.kind], "operator": tree.operator, "example": example}
        return ExpressionError("TYPES_DIFFER", tree.at, **facts)

    # -- arithmetic ------------------------------------------------------------------------------------------------

    def _arithmetic(self, tree: Binary) -> tuple[Tree, Type]:
        (left, left_type), (right, right_type) = self.read(tree.left), self.read(tree.right)
        kind = _RESULTS[tree.operator](left_type.kind, right_type.kind)
        if kind is None:
            raise self._differ(tree, left_type, right_type)
        if kind == DATE and (_divides(left) or _divides(right)):
            raise ExpressionError("UNEVEN_DAYS", tree.at)
        if tree.operator == "/" and not _surely_not_zero(right):
            raise ExpressionError("DIVISOR_MAY_BE_ZERO", first_at(tree.right), divisor=printed(right))
        return Binary(tree.operator, left, right, tree.at), Type(kind)


def _sum(left: str, right: str) -> str | None:
    if left == right and left in _COUNTED:
        return left
    return DATE if {left, right} == {DATE, DAY} else None


def _difference(left: str, right: str) -> str | None:
    if left == right == DATE:
        return DAY
    return _sum(left, right) if right != DATE else None


def _product(left: str, right: str) -> str | None:
    if left == INTEGER and right in _COUNTED:
        return right
    return left if right == INTEGER and left in _COUNTED else None


def _quotient(left: str, right: str) -> str | None:
    if left not in _COUNTED:
        return None
    return left if right == INTEGER else INTEGER if left == right else None


# The kind of a result, or None where the two kinds have no business with each other.
_RESULTS: Mapping[str, Callable[[str, str], str | None]] = {"+": _sum, "-": _difference, "*": _product, "/": _quotient}


def _surely_not_zero(divisor: Tree) -> bool:
    """Only of a constant is it known; the parts of the divisor are themselves sound already."""
    return not any(True for _ in names_in(divisor)) and evaluator(divisor)({}) != 0


def _divides(tree: Tree) -> bool:
    return (isinstance(tree, Binary) and tree.operator == "/") or any(_divides(part) for part in parts_of(tree))


def first_at(tree: Tree) -> int:
    """Where the text of a tree begins, as far as its parts tell; parentheses around it are not part of it."""
    return min([tree.at, *(first_at(part) for part in parts_of(tree))])
