"""Regular expressions that cannot run away: a pattern is measured when it is loaded and refused when its cost is not bounded.

Python's `re` backtracks. Its cost explodes in two ways, both visible in the syntax tree: exponentially, when a repetition holds
another of variable length or alternatives that begin alike, as in `(a+)+`; and as a power of the length of the text, when
repetitions follow one another that can take each other's characters, as in `.*.*.*x`. The first is refused always, the second
above the power `MAX_DEGREE`. The rule is conservative: some harmless patterns are refused too, and can be written more plainly.
"""

import re
import re._constants as ops  # type: ignore[import-not-found,unused-ignore]  # the standard library's own tree, without stubs
import re._parser as parser  # type: ignore[import-not-found,unused-ignore]
from collections.abc import Callable, Iterable
from typing import Any

MAX_DEGREE = 2  # a text of 4,096 characters then costs some 16 million steps at the most
MAX_PATTERN = 1_000

_REPEATS = frozenset({ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT})
_ASSERTIONS = frozenset({ops.ASSERT, ops.ASSERT_NOT})
_SAMPLE = [*map(chr, range(256)), "中"]  # two sets of a pattern that overlap do so here; wider ones are made of categories


class PatternError(ValueError):
    """The text is not a pattern whose cost is bounded; the message says why."""


def bounded_pattern(text: str) -> "re.Pattern[str]":
    """Compile `text`. Raises PatternError."""
    if len(text) > MAX_PATTERN:
        raise PatternError(f"longer than {MAX_PATTERN} characters")
    try:
        pattern, tree = re.compile(text), parser.parse(text)
    except (re.error, RecursionError, OverflowError) as fault:
        raise PatternError(f"not a regular expression: {fault}") from fault
    degree = _degree(list(tree), [])
    if degree > MAX_DEGREE:
        raise PatternError(f"{degree} repetitions can take each other's characters")
    return pattern


def _degree(items: list[Any], behind: list[Any]) -> int:
    """How many repetitions of a sequence overlap what follows them; `behind` follows the whole sequence."""
    degree = 0
    for n, (kind, value) in enumerate(items):
        following = items[n + 1 :] + behind
        if kind in _REPEATS:
            degree += _repeat_degree(value, following)
        elif kind is ops.BRANCH:
            degree += max(_degree(list(branch), following) for branch in value[1])
        elif kind is ops.SUBPATTERN:
            degree += _degree(list(value[-1]), following)
        elif kind in _ASSERTIONS:
            degree += _degree(list(value[1]), [])
        elif kind is ops.ATOMIC_GROUP:
            degree += _degree(list(value), following)
        elif kind is ops.GROUPREF:
            degree += 1
    return degree


def _repeat_degree(repeat: Any, following: list[Any]) -> int:
    least, most, body = repeat[0], repeat[1], list(repeat[2])
    if most == 1:
        return _degree(body, following)
    if least == most:
        return int(most) * _degree(body, body + following)
    _refuse_ambiguous(body)
    return int(_overlaps(body, following))


def _refuse_ambiguous(body: list[Any]) -> None:
    """What is repeated must have one way only to take a text: no repetition within, alternatives told apart at once."""
    for kind, value in body:
        if kind in _REPEATS and value[0] != value[1]:
            raise PatternError("a repetition inside a repetition")
        if kind is ops.BRANCH:
            firsts = [_first(list(branch)) for branch in value[1]]
            if any(first is None for first in firsts) or len(set(firsts)) != len(firsts):
                raise PatternError("alternatives inside a repetition that begin alike")
        for part in _parts(kind, value):
            _refuse_ambiguous(part)


def _parts(kind: Any, value: Any) -> Iterable[list[Any]]:
    if kind is ops.SUBPATTERN:
        yield list(value[-1])
    elif kind is ops.BRANCH:
        yield from (list(branch) for branch in value[1])
    elif kind in _REPEATS:
        yield list(value[2])
    elif kind is ops.ATOMIC_GROUP:
        yield list(value)


def _first(items: list[Any]) -> int | None:
    """The literal a sequence begins with."""
    for kind, value in items:
        if kind is ops.LITERAL:
            return int(value)
        if kind is ops.SUBPATTERN:
            return _first(list(value[-1]))
        return None
    return None


def _overlaps(body: list[Any], following: list[Any]) -> bool:
    """Whether a repeated body could also take the character that follows it."""
    takes, begins = _beginning(body), _beginning(following)
    return any(takes(char) and begins(char) for char in _SAMPLE)


def _beginning(items: list[Any]) -> Callable[[str], bool]:
    """Which characters a sequence may begin with; what cannot be told may begin with any."""
    firsts: list[Callable[[str], bool]] = []
    demanded: list[Callable[[str], bool]] = []
    for kind, value in items:
        if kind is ops.ASSERT and value[0] == 1:
            demanded.append(_beginning(list(value[1])))
        if kind is ops.AT or kind in _ASSERTIONS:
            continue
        firsts.append(_beginning(list(value[2])) if kind in _REPEATS else _taker(kind, value))
        if kind not in _REPEATS or value[0] > 0:
            break
    return lambda char: any(first(char) for first in firsts) and all(demand(char) for demand in demanded)


def _taker(kind: Any, value: Any) -> Callable[[str], bool]:
    if kind is ops.LITERAL:
        return lambda char: char.casefold() == chr(value).casefold()  # a flag may make case not count
    if kind is ops.NOT_LITERAL:
        return lambda char: char != chr(value)
    if kind is ops.IN:
        return lambda char: any(_in_set(spelt, value) for spelt in {char, *char.lower(), *char.upper()})
    if kind is ops.SUBPATTERN:
        return _beginning(list(value[-1]))
    return lambda _: True


def _in_set(char: str, items: list[Any]) -> bool:
    negated = items[0][0] is ops.NEGATE
    hit = any(_one_holds(char, kind, value) for kind, value in items[negated:])
    return bool(hit != negated)


def _one_holds(char: str, kind: Any, value: Any) -> bool:
    if kind is ops.LITERAL:
        return bool(ord(char) == value)
    if kind is ops.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return True  # a category: it may
