"""How single values of the language are read: closed word lists, text of one form, days, expressions; and what marks a key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BeforeValidator
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.expressions.errors import ExpressionError
from sidecar.expressions.meaning import constant
from sidecar.expressions.syntax import parse
from sidecar.power_list import vocabulary as words
from sidecar.power_list.shares import share_of


@dataclass(frozen=True, slots=True)
class Zh:
    """The Chinese label of a key."""

    label: str


@dataclass(frozen=True, slots=True)
class Expressed:
    """The value is an expression of `kind` over the declared facts; `declared.py` reads every one of them."""

    kind: str


def one_of(table: Mapping[str, tuple[str, ...]]) -> tuple[BeforeValidator, WithJsonSchema]:
    """A closed word list: any spelling in, the identifier out."""
    known = words.spellings(table)

    def read(value: object) -> object:
        if isinstance(value, str) and value in known:
            return known[value]
        if type(value) is int and str(value) in known:
            raise PydanticCustomError("NOT_TEXT", "a code without quotes")
        raise PydanticCustomError("NOT_IN_TABLE", "not in table", {"expected": ", ".join(_shown(table))})

    return BeforeValidator(read), WithJsonSchema({"type": "string", "enum": sorted(known)})


def _shown(table: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{identifier} ({labels[0]})" for identifier, labels in table.items()]


def formed(pattern: str, example: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Text of one form. Who writes something else is shown the example, not the pattern."""
    form = re.compile(pattern)

    def read(value: object) -> object:
        if isinstance(value, str) and not form.match(value):
            kind = "BAD_FORM" if value else "EMPTY_TEXT"
            raise PydanticCustomError(kind, "bad form", {"expected": example})
        return value

    return BeforeValidator(read), WithJsonSchema({"type": "string", "pattern": pattern})


def read_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("NOT_A_DAY", "not a day", {})


def read_expression(value: object) -> object:
    """The form only; what the names mean is known when the whole item is read."""
    text = _as_expression(value)
    if isinstance(text, str):
        _refused_at(lambda: parse(text))
    return text


def read_constant(value: object) -> object:
    text = _as_expression(value)
    if isinstance(text, str):
        _refused_at(lambda: constant(text))
    return text


def _as_expression(value: object) -> object:
    """A plain `true` or `300` in YAML is an expression too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _refused_at(read: Callable[[], object]) -> None:
    try:
        read()
    except ExpressionError as fault:
        raise PydanticCustomError("EXPRESSION", "not an expression", {"fault": fault}) from fault


def read_share(value: object) -> object:
    """A share of a whole, `2/3`, compared exactly and never as a decimal."""
    if isinstance(value, str):
        found = re.fullmatch(r"([1-9]\d?)/([1-9]\d?)", value, re.ASCII)
        if not found or int(found[1]) > int(found[2]):
            raise PydanticCustomError("BAD_FORM", "bad form", {"expected": "2/3"})
    return value


def read_article(value: object) -> object:
    """Article numbers are written bare (7) or as text (第七条之一)."""
    return str(value) if type(value) is int else value


def read_part(value: object) -> object:
    """A share of a body, `half`, `two_thirds`, `all` or `3/5`."""
    try:
        share_of(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("NOT_IN_TABLE", "not a share", {"expected": "half, two_thirds, all, 3/5"}) from None
    return value
