"""Entries in the forms other tools read: a row of a table, a line of JSON.

A cell of a spreadsheet that begins with = + - @ or a control character is a formula or command to some programs; it gets a quote
in front (OWASP, CSV Injection), because texts of callers stand in entries.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple

Fields = Mapping[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Holds(Enum):
    """What the cells of a column hold."""

    TEXT = auto()  # empty where the entry has none
    TEXTS = auto()
    NUMBER = auto()
    TIME = auto()  # ISO 8601 with offset


class Column(NamedTuple):
    read: Callable[[Fields], Any]
    holds: Holds


def _inner(holder: str, name: str) -> Callable[[Fields], Any]:
    return lambda entry: entry.get(holder, {}).get(name, "")


def _own(name: str, default: object = "") -> Callable[[Fields], Any]:
    return lambda entry: entry.get(name, default)


def _rules(entry: Fields) -> list[str]:
    return list(dict.fromkeys(g["rule"] for g in entry.get("grounds", ()) if g.get("rule")))


_OWN = {
    "seq": Holds.NUMBER, "kind": Holds.TEXT, "time": Holds.TIME, "decision_id": Holds.TEXT, "request_id": Holds.TEXT,
    "caller": Holds.TEXT, "channel": Holds.TEXT, "intent": Holds.TEXT, "item": Holds.TEXT, "item_name": Holds.TEXT,
    "item_version": Holds.NUMBER, "case_id": Holds.TEXT, "case_version": Holds.NUMBER, "party_token": Holds.TEXT,
    "region": Holds.TEXT, "decision": Holds.TEXT, "code": Holds.TEXT, "result": Holds.TEXT, "detail": Holds.TEXT,
}  # fmt: skip
# A column of the table, where its cell stands in an entry, and what it holds.
COLUMNS: dict[str, Column] = {
    **{name: Column(_own(name), holds) for name, holds in _OWN.items()},
    "officer": Column(_inner("subject", "person"), Holds.TEXT),
    "post": Column(_inner("subject", "acting_post"), Holds.TEXT),
    "unit": Column(_inner("subject", "organ"), Holds.TEXT),
    "step": Column(_inner("action", "step"), Holds.TEXT),
    "outcome": Column(_inner("action", "outcome"), Holds.TEXT),
    "reason_zh": Column(_inner("reason", "zh"), Holds.TEXT),
    "reason_en": Column(_inner("reason", "en"), Holds.TEXT),
    "rules": Column(_rules, Holds.TEXTS),
    "basis": Column(_own("basis", ()), Holds.TEXTS),
    "rows": Column(_own("rows", ()), Holds.TEXTS),
    "sources": Column(_own("sources", ()), Holds.TEXTS),
    "policy_digest": Column(_own("policy_digest"), Holds.TEXT),
}


def cells_of(entry: Fields) -> list[str]:
    """One row, in the order of COLUMNS, safe in a spreadsheet."""
    return [_safe(_cell(column.read(entry))) for column in COLUMNS.values()]


def values_of(entry: Fields) -> list[Any]:
    """One row, in the order of COLUMNS, as what each column holds: str, list[str], int or datetime. None for a number or time
    that the entry does not have."""
    return [_VALUE[column.holds](column.read(entry)) for column in COLUMNS.values()]


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_VALUE: dict[Holds, Callable[[Any], Any]] = {
    Holds.TEXT: str,
    Holds.TEXTS: lambda values: [str(value) for value in values],
    Holds.NUMBER: lambda value: None if value == "" else int(value),
    Holds.TIME: _time,
}


def _cell(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def line_of(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
