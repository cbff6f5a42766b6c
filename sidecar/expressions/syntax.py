"""Text ↔ tree. The grammar, loosest first:

    any      = all { "or" all }
    all      = negation { "and" negation }
    negation = "not" negation | comparison
    comparison = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum | [ "not" ] "in" words ]
    sum      = product { ( "+" | "-" ) product }
    product  = sign { ( "*" | "/" ) sign }
    sign     = "-" sign | atom
    atom     = number [ unit | "%" ] | date | "true" | "false" | name | "(" any ")" | "{" any "}"
    words    = "(" name { "," name } ")" | "{" name { name } "}"

Length, nesting and the number of parts are bounded, so that reading, printing and evaluating are too. Nothing here knows what a
name means; `meaning.py` does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from sidecar.expressions.errors import ExpressionError
from sidecar.expressions.measures import (
    BOOLEAN,
    DATE,
    INTEGER,
    MAX_DIGITS,
    MEASURES,
    MONEY,
    SPELLINGS,
    spelt_in_units,
)
from sidecar.messages import Sentence, near

MAX_LENGTH = 1_000
MAX_NESTING = 24
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class Literal:
    """`amount` counts the kind's smallest unit: fen, days, months; of a date it is the ordinal, of a truth value 0 or 1."""

    kind: str
    amount: int
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`operator` is `not` or `-`."""

    operator: str
    operand: "Tree"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or a sum, difference, product or quotient of two."""

    operator: str
    left: "Tree"
    right: "Tree"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """Two or more parts joined by `and` or by `or`."""

    operator: str
    parts: tuple["Tree", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Among:
    """A choice that is one of some words."""

    operand: "Tree"
    words: tuple[str, ...]
    at: int = field(default=0, compare=False)
    places: tuple[int, ...] = field(default=(), compare=False)


Tree = Literal | Name | Unary | Binary | Joined | Among

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_GROUPS = {"(": ")", "{": "}"}


class _Token(NamedTuple):
    kind: str  # number, date, name, sign, end
    text: str
    at: int


_TOKEN = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9A-Za-z_-]))"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*)"
    r"|(?P<sign><=|>=|==|!=|[-<>+*/%(){},])"
    r"|(?P<space>[ \t\n]+)"
)

# What people write, and what to write instead.
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "=": "==", "&": "and", "|": "or", "!": "not", "（": "(", "）": ")", "，": ",", "、": ",", "＜": "<", "＞": ">", "≤": "<=",
        "≥": ">=", "≠": "!=", "＝": "==", "×": "*", "÷": "/", "％": "%", "[": "(", "]": ")", "并": "and", "且": "and", "或": "or",
    }
)  # fmt: skip
_NO_QUOTES = Sentence("不带引号的词", "the word without quotes")
_QUOTES = frozenset("'\"“”‘’「」`")


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _not_understood(text[at], at, _instead_of(text[at]))
        kind = match.lastgroup or ""
        if kind != "space":
            yield _Token(kind, match.group(), at)
        at = match.end()
    yield _Token("end", "", len(text))


def _instead_of(character: str) -> str | Sentence:
    if character in _QUOTES:
        return _NO_QUOTES
    return _INSTEAD.get(character, _ANYTHING)


_ANYTHING = Sentence(
    "事实名、数、单位、and、or、not、in、< <= > >= == != + - * / 和括号",
    "names of facts, numbers, units, and, or, not, in, < <= > >= == != + - * / and parentheses",
)
_A_VALUE = Sentence("一个事实名或数", "the name of a fact, or a number")
_AN_OPERATOR = Sentence("and、or、比较或运算符", "and, or, a comparison or an operator")
_END = Sentence("结尾", "the end")


def _not_understood(found: str | Sentence, at: int, expected: str | Sentence) -> ExpressionError:
    return ExpressionError("BAD_EXPRESSION", at, found=found, expected=expected)


@lru_cache(maxsize=8192)
def parse(text: str) -> Tree:
    """The tree of an expression in either spelling. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError("EXPRESSION_TOO_LONG", MAX_LENGTH, limit=MAX_LENGTH)
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0
        if len(self._tokens) > MAX_PARTS:
            raise ExpressionError("EXPRESSION_TOO_LONG", self._tokens[MAX_PARTS].at, limit=MAX_PARTS)

    def whole(self) -> Tree:
        tree = self._any()
        if self._here.kind != "end":
            raise self._unexpected(_AN_OPERATOR)
        return tree

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._here
        self._next += 1
        return token

    def _at(self, *texts: str) -> bool:
        return self._here.text in texts

    def _unexpected(self, expected: str | Sentence) -> ExpressionError:
        token = self._here
        return _not_understood(token.text or _END, token.at, _INSTEAD.get(token.text, expected))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ExpressionError("EXPRESSION_TOO_LONG", self._here.at, limit=MAX_NESTING)

    def _any(self) -> Tree:
        return self._joined("or", lambda: self._joined("and", self._negation))

    def _joined(self, operator: str, part: Callable[[], Tree]) -> Tree:
        first_at = self._here.at
        parts = [part()]
        while self._at(operator):
            self._take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(operator, tuple(parts), first_at)

    def _negation(self) -> Tree:
        if not self._at("not"):
            return self._comparison()
        at = self._take().at
        self._deeper()
        operand = self._negation()
        self._depth -= 1
        return Unary("not", operand, at)

    def _comparison(self) -> Tree:
        left = self._sum()
        if self._at("in"):
            return self._among(left)
        if self._at("not") and self._tokens[self._next + 1].text == "in":
            at = self._take().at
            return Unary("not", self._among(left), at)
        if not self._at(*COMPARISONS):
            return left
        operator = self._take()
        tree = Binary(operator.text, left, self._sum(), operator.at)
        if self._at(*COMPARISONS):
            raise self._unexpected(Sentence("用 and 连接的两个比较", "two comparisons joined by and"))
        return tree

    def _among(self, operand: Tree) -> Tree:
        at = self._take().at
        if not self._at(*_GROUPS):
            raise self._unexpected("( … )")
        end = _GROUPS[self._take().text]
        words = []
        while not self._at(end):
            if self._here.kind != "name" or self._at(*_KEYWORDS):
                raise self._unexpected(Sentence("选项中的词", "a word of the choice"))
            words.append(self._take())
            if self._at(","):
                self._take()
        if not words:
            raise self._unexpected(Sentence("选项中的词", "a word of the choice"))
        self._take()
        return Among(operand, tuple(word.text for word in words), at, tuple(word.at for word in words))

    def _sum(self) -> Tree:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/"), self._sign))

    def _chain(self, operators: tuple[str, ...], part: Callable[[], Tree]) -> Tree:
        tree = part()
        while self._at(*operators):
            operator = self._take()
            tree = Binary(operator.text, tree, part(), operator.at)
        return tree

    def _sign(self) -> Tree:
        if not self._at("-"):
            return self._atom()
        at = self._take().at
        self._deeper()
        operand = self._sign()
        self._depth -= 1
        return Unary("-", operand, at)

    def _atom(self) -> Tree:
        token = self._here
        if token.text in _GROUPS:
            return self._group()
        if token.kind == "number":
            return self._number(self._take())
        if token.kind == "date":
            return self._date(self._take())
        if token.text in ("true", "false"):
            return Literal(BOOLEAN, int(self._take().text == "true"), token.at)
        if token.kind == "name" and token.text not in _KEYWORDS:
            return Name(self._take().text, token.at)
        raise self._unexpected(_A_VALUE)

    def _group(self) -> Tree:
        end = _GROUPS[self._take().text]
        self._deeper()
        tree = self._any()
        self._depth -= 1
        if not self._at(end):
            raise self._unexpected(end)
        self._take()
        return tree

    def _date(self, token: _Token) -> Tree:
        ordinal = ordinal_of(token.text)
        if ordinal is None:
            raise _not_understood(token.text, token.at, "2026-01-31")
        return Literal(DATE, ordinal, token.at)

    def _number(self, token: _Token) -> Tree:
        whole, _, decimals = token.text.partition(".")
        if len(whole) + len(decimals) > MAX_DIGITS or (len(whole) > 1 and whole.startswith("0")):
            digits = Sentence(f"不带前导零、不超过 {MAX_DIGITS} 位的数", f"at most {MAX_DIGITS} digits, no leading zero")
            raise _not_understood(token.text, token.at, digits)
        unit = self._here
        if unit.kind == "name" and unit.text not in _KEYWORDS:
            return self._measured(token, whole, decimals)
        if decimals:
            raise _not_understood(token.text, token.at, Sentence("分数，如 1/2 或 50%", "a fraction: 1/2 or 50%"))
        number = Literal(INTEGER, int(whole), token.at)
        if not self._at("%"):
            return number
        return Binary("/", number, Literal(INTEGER, 100, self._take().at), token.at)

    def _measured(self, token: _Token, whole: str, decimals: str) -> Tree:
        unit = self._take()
        name = SPELLINGS.get(unit.text)
        if name is None:
            raise ExpressionError("UNKNOWN_MEASURE", unit.at, unit=unit.text, near=near(unit.text, SPELLINGS))
        measure = MEASURES[name]
        amount, rest = divmod(int(whole + decimals) * measure.factor, 10 ** len(decimals))
        if rest or (decimals and measure.kind != MONEY):
            smallest = Sentence("不小于一分的金额、整数的时间", "money of whole fen, a whole number of time")
            raise _not_understood(token.text, token.at, smallest)
        return Literal(measure.kind, amount, token.at)


def ordinal_of(text: str) -> int | None:
    """The day of an ISO date, or None."""
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


# How tightly each form holds together; what is looser than its place stands in braces.
_ANY, _ALL, _NOT, _COMPARED, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
_JOINED = {"or": _ANY, "and": _ALL}
_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def printed(tree: Tree) -> str:
    """The spelling of a row: single spaces, braces only where the grammar needs them, each unit in the singular."""
    match tree:
        case Literal() | Name():
            return tree.name if isinstance(tree, Name) else _literal(tree.kind, tree.amount)
        case Unary(operator, operand):
            return f"not {_within(operand, _NOT)}" if operator == "not" else f"-{_within(operand, _SIGN)}"
        case Joined(operator, parts):
            return f" {operator} ".join(_within(part, _JOINED[operator] + 1) for part in parts)
        case Among(operand, words):
            return f"{_within(operand, _SUM)} in {{{' '.join(words)}}}"
        case Binary(operator, left, right):
            place = _ARITHMETIC.get(operator, _COMPARED)
            return f"{_within(left, max(place, _SUM))} {operator} {_within(right, place + 1)}"


def _literal(kind: str, amount: int) -> str:
    if kind == BOOLEAN:
        return "true" if amount else "false"
    if kind == DATE:
        return date.fromordinal(amount).isoformat()
    return str(amount) if kind == INTEGER else spelt_in_units(kind, amount)


def _within(tree: Tree, place: int) -> str:
    text = printed(tree)
    return f"{{{text}}}" if _tightness(tree) < place else text


def _tightness(tree: Tree) -> int:
    match tree:
        case Joined(operator):
            return _JOINED[operator]
        case Unary(operator):
            return _NOT if operator == "not" else _SIGN
        case Among():
            return _COMPARED
        case Binary(operator):
            return _ARITHMETIC.get(operator, _COMPARED)
    return _ATOM


def names_in(tree: Tree) -> Iterator[Name]:
    """Every mention of a name, in reading order."""
    if isinstance(tree, Name):
        yield tree
    for part in parts_of(tree):
        yield from names_in(part)


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Unary(_, operand) | Among(operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Joined(_, parts):
            return parts
    return ()
