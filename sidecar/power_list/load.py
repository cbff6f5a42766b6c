"""A parsed file → a typed model, with every mistake reported at its place.

Two walks over the same tree: the first turns nodes into plain values, translating Chinese keys into English ones and noting
where each value stands; the second is pydantic's, whose errors are led back to those places.
"""

import difflib
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sidecar.expressions.errors import ExpressionError
from sidecar.messages import Sentence
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.load_keys import Block, Named, Path, key_in, keys_of
from sidecar.power_list.mending import mend
from sidecar.power_list.parts import Part
from sidecar.power_list.source import Lines, Mapping, Node, Scalar, Sequence, Source, position_inside

SHOWN_CHARACTERS = 60
M = TypeVar("M", bound=Part)


@dataclass(slots=True)
class Located:
    """A model beside the places of its parts. `place(path)` finds the nearest known place of a path."""

    file: str
    places: dict[Path, Place] = field(default_factory=dict)
    lines: Lines = ()

    def place(self, *path: str | int) -> Place:
        for end in range(len(path), -1, -1):
            found = self.places.get(path[:end])
            if found:
                return found
        return Place(self.file, 1, 1)

    def inside(self, path: Path, text: str, at: int) -> Place:
        """Where the character `at` of the text at `path` stands."""
        start = self.place(*path)
        return Place(self.file, *position_inside(self.lines, (start.line, start.column), text, at))


@dataclass(slots=True)
class Loaded(Generic[M]):
    """What became of one file: the findings, and the model (None when there is any error).

    `draft` is the model, or what is left of it when the mistakes are taken out, for the checks that need the whole; `mended`
    holds the places of the top-level blocks that were changed for it, `mistaken` the first three keys of the path of each
    mistake. `located` gives the places of the draft.
    """

    model: M | None
    draft: M | None
    located: Located
    findings: list[Finding]
    mended: frozenset[Place] = frozenset()
    mistaken: frozenset[Path] = frozenset()

    def touched(self, index: int) -> bool:
        """Whether a declaration of the item at `index` was taken out, so that names may seem mistaken."""
        return ("items", index, "facts") in self.mistaken or ("items", index, "parameters") in self.mistaken


_MENDINGS = 12  # each takes out at least one mistake of every block; deeper faults are given up


def load(source: Source, model: type[M]) -> Loaded[M]:
    """Read `source` as `model`. All mistakes of the file are in `findings`."""
    findings = list(source.findings)
    if source.root is None:
        return Loaded(None, None, Located(source.file, lines=source.lines), findings)
    mended: set[Place] = set()
    mistaken: set[Path] = set()
    starts: list[tuple[int, str]] = []
    for round_ in range(_MENDINGS):
        located = Located(source.file, lines=source.lines)
        data = _Walk(located, findings if round_ == 0 else []).value(source.root, model, ())
        starts = starts or _item_starts(data, located)
        try:
            value = model.model_validate(data)
        except ValidationError as fault:
            errors = [e for e in fault.errors(include_url=False) if not _echo(e)]
            if round_ == 0:
                findings.extend(_finding(error, located, model) for error in errors)
            mended |= {located.place(*error["loc"][:2]) for error in errors}
            mistaken |= {error["loc"][:3] for error in errors}
            if not mend(source.root, model, errors):
                break
        else:
            clean = not mended and not any(f.code in {"DUPLICATE_KEY", "AMBIGUOUS_SCALAR"} for f in findings)
            told = _with_items(findings, starts)
            return Loaded(value if clean else None, value, located, told, frozenset(mended), frozenset(mistaken))
    return Loaded(None, None, Located(source.file, lines=source.lines), _with_items(findings, starts))


class _Walk:
    def __init__(self, located: Located, findings: list[Finding]) -> None:
        self._located = located
        self._findings = findings

    def value(self, node: Node, block: Block | None, path: Path) -> Any:
        self._located.places.setdefault(path, Place(self._located.file, node.line, node.column))
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Sequence):
            return [self.value(child, block, (*path, index)) for index, child in enumerate(node.items)]
        return self._mapping(node, block, path)

    def _mapping(self, node: Mapping, block: Block | None, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, child in node.entries:
            name, below = key_in(block, key.text)
            place = Place(self._located.file, key.line, key.column)
            if name in data:
                self._findings.append(Finding("DUPLICATE_KEY", place, facts={"key": key.text}))
                continue
            self._located.places[(*path, "#key", name)] = place
            data[name] = self.value(child, below, (*path, name))
        return data


# pydantic's error type → our finding code; anything else is BAD_VALUE
_CODES = {
    "extra_forbidden": "UNKNOWN_KEY",
    "missing": "MISSING_KEY",
    "string_type": "NOT_TEXT",
    "int_type": "NOT_INTEGER",
    "bool_type": "NOT_BOOLEAN",
    "tuple_type": "NOT_A_LIST",
    "list_type": "NOT_A_LIST",
    "model_type": "NOT_A_BLOCK",
    "model_attributes_type": "NOT_A_BLOCK",
    "dict_type": "NOT_A_BLOCK",
    "literal_error": "NOT_IN_TABLE",
    "too_short": "EMPTY_LIST",
    "string_too_short": "EMPTY_TEXT",
    "greater_than_equal": "OUT_OF_BOUNDS",
    "less_than_equal": "OUT_OF_BOUNDS",
    "too_long": "TOO_MANY",
    "NOT_TEXT": "NOT_TEXT",
    "BAD_FORM": "BAD_FORM",
    "EMPTY_TEXT": "EMPTY_TEXT",
    "NOT_IN_TABLE": "NOT_IN_TABLE",
    "NOT_A_DAY": "NOT_A_DAY",
    "BAD_SOURCE": "BAD_SOURCE",
    "BAD_OFFICER_SOURCE": "BAD_OFFICER_SOURCE",
    "BAD_ROUTE": "BAD_ROUTE",
}

# Missing or empty, these two have a name of their own: the law asks for them (权责法定；授权即明确责任).
_OWN_CODES: dict[str | int, str] = {"legal_basis": "NO_LEGAL_BASIS", "posts": "NO_ACCOUNTABLE_POST"}


def _finding(error: Any, located: Located, model: type[BaseModel]) -> Finding:
    path: Path = error["loc"]
    kind = error["type"]
    if kind == "EXPRESSION":
        return expression_finding(error["ctx"]["fault"], located, path, str(_spelt(error["input"])))
    code = _CODES.get(kind, "BAD_VALUE")
    if kind in {"missing", "too_short"}:
        in_item = path[:1] == ("items",)
        code = _OWN_CODES.get(path[-1], code) if in_item and path else code
    facts: dict[str, object] = {"key": readable(path), "value": _shown(error.get("input")), **_context(error)}
    if code == "UNKNOWN_KEY":
        place = located.place(*path[:-1], "#key", path[-1])
        facts |= {"key": path[-1], "near": _nearest(str(path[-1]), model, path[:-1])}
    elif kind == "missing":
        place = located.place(*path[:-1])
        facts["key"] = path[-1]
    else:
        place = located.place(*path)
    return Finding(code, place, facts=facts)


def expression_finding(fault: ExpressionError, located: Located, path: Path, text: str, item: str = "") -> Finding:
    """What is wrong inside an expression, at its place in the file."""
    return Finding(fault.code, located.inside(path, text, fault.at), item=item, facts={"key": readable(path), **fault.facts})


def _spelt(value: object) -> object:
    """A scalar as it stands in the file."""
    return str(value).lower() if isinstance(value, bool) else value


def _echo(error: Any) -> bool:
    """Whether pydantic calls a list too short only because its entries are wrong; those are reported already."""
    return bool(error["type"] == "too_short" and error.get("input"))


def _context(error: Any) -> dict[str, object]:
    context: dict[str, object] = {k: v for k, v in (error.get("ctx") or {}).items() if isinstance(v, str | int)}
    if "ge" in context:
        context["bound"] = Sentence(f"不小于 {context['ge']}", f"at least {context['ge']}")
    if "le" in context:
        context["bound"] = Sentence(f"不大于 {context['le']}", f"at most {context['le']}")
    if "problem" not in context:
        context["problem"] = error["msg"]
    return context


def _nearest(word: str, model: type[BaseModel], path: Path) -> str:
    block: Block | None = model
    for step in path:
        if isinstance(step, str):
            _, block = key_in(block, step)
    if block is None or isinstance(block, Named):
        return "-"
    names = sorted({key.name for key in keys_of(block).values()})
    close = difflib.get_close_matches(word, [*names, *(k.label for k in keys_of(block).values())], n=1, cutoff=0.6)
    return close[0] if close else ", ".join(names)


def readable(path: Path) -> str | Sentence:
    """Where in the file: `items[0].region`; the whole of it has no key and is called what it is."""
    if not path:
        return Sentence("整个文件", "the whole file")
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _item_starts(data: Any, located: Located) -> list[tuple[int, str]]:
    """First line and id of every item of a powers file, in order."""
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        return []
    return [(located.place("items", n).line, str(item.get("id", ""))) for n, item in enumerate(items) if isinstance(item, dict)]


def _with_items(findings: list[Finding], starts: list[tuple[int, str]]) -> list[Finding]:
    """The findings with the id of the item in which each stands."""
    return [replace(finding, item=finding.item or _item_at(finding.place.line, starts)) for finding in findings]


def _item_at(line: int, starts: list[tuple[int, str]]) -> str:
    index = bisect_right(starts, line, key=lambda start: start[0]) - 1
    return starts[index][1] if index >= 0 else ""
