"""The names that the expressions of an item or a profile may use, and whether every expression keeps to them.

    facts        declared under `facts` of the item or of its profile; the calling system asserts them
    parameters   of the item, else of its profile, else figures of the catalogue of rules; their values stand in the rows
    <step>_done, <step>_refused, <step>_on, today    known from the case's own history and the clock; nobody can assert them
    the tags of an item's disclosure    true of every case of it, where its profile declares a fact of that name (major_matter)
    basis_since  the newest version among the item's legal bases, the first of all days where none is written

A profile is read on its own; an item with the names of its profile and its own. An item may say again what its profile declares,
but not otherwise: another type or unit would change what the profile's rules mean.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from sidecar.expressions.errors import ExpressionError
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Scope, constant, understood
from sidecar.expressions.measures import (
    BOOLEAN,
    CHOICE,
    DATE,
    DURATIONS,
    EXAMPLES,
    INTEGER,
    KIND_NAMES,
    MEASURES,
    MONEY,
    SPELLINGS,
)
from sidecar.expressions.syntax import Literal, Name, Tree, names_in, parse
from sidecar.messages import near
from sidecar.power_list import vocabulary as words
from sidecar.power_list.entries import ItemEntry, ProfileEntry
from sidecar.power_list.findings import Finding, Place, Severity
from sidecar.power_list.load import Located, expression_finding
from sidecar.power_list.load_keys import Path
from sidecar.power_list.model import DeclaredFact, Item, Parameter
from sidecar.power_list.parts import Part
from sidecar.power_list.profiles import ProfileFile, ProfileParameter
from sidecar.power_list.values import Expressed


@dataclass(frozen=True, slots=True)
class Written:
    """One expression: where it stands below its block, its text, and the kind it must be of."""

    path: Path
    text: str
    kind: str


def expressions_of(part: Part, path: Path = ()) -> Iterator[Written]:
    """Every expression of a block, in the order of its keys."""
    for name, key, kind in _expression_keys(type(part)):
        value = getattr(part, name)
        if kind and isinstance(value, str):
            yield Written((*path, key), value, kind)
        elif isinstance(value, Part):
            yield from expressions_of(value, (*path, key))
        elif isinstance(value, tuple):
            for n, child in enumerate(value):
                if isinstance(child, Part):
                    yield from expressions_of(child, (*path, key, n))


@lru_cache(maxsize=256)
def _expression_keys(model: type[BaseModel]) -> tuple[tuple[str, str, str], ...]:
    """Fields that are an expression or have one below: name, key, and the kind of the expression or nothing."""
    found = []
    for name, info in model.model_fields.items():
        kinds, parts = _inside(info.annotation, info.metadata)
        if kinds or any(_expression_keys(part) for part in parts):
            found.append((name, info.alias or name, kinds[0] if kinds else ""))
    return tuple(found)


def _inside(annotation: Any, metadata: Sequence[Any] = ()) -> tuple[list[str], list[type[BaseModel]]]:
    """The kinds of expressions marked in an annotation, and the blocks it holds."""
    kinds = [mark.kind for mark in metadata if isinstance(mark, Expressed)]
    parts = [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    for argument in get_args(annotation):
        more_kinds, more_parts = _inside(argument, getattr(annotation, "__metadata__", ()))
        kinds += more_kinds
        parts += more_parts
    return kinds, parts


TODAY = "today"
BASIS_SINCE = "basis_since"


@lru_cache(maxsize=65_536)
def derived_facts(step_id: str) -> tuple[str, str, str]:
    """The facts always known from the case's own history: that a step has been done, that it ended in a refusal, and the day on
    which it was last done."""
    name = step_id.replace("-", "_")
    return f"{name}_done", f"{name}_refused", f"{name}_on"


def derived_names(steps: Iterable[str]) -> frozenset[str]:
    """Every name that nobody can assert of an item with these steps."""
    return frozenset([TODAY, BASIS_SINCE, *(name for step in steps for name in derived_facts(step))])


def _derived(steps: Iterable[str]) -> dict[str, Fact]:
    kinds = (BOOLEAN, BOOLEAN, DATE)
    named = {name: Fact(kind, zh=name, en=name) for step in steps for name, kind in zip(derived_facts(step), kinds, strict=True)}
    of_item = Fact(DATE, zh="依据版本日期", en="the version of the legal basis")
    return {TODAY: Fact(DATE, zh="今天", en="today"), BASIS_SINCE: of_item, **named}


def fact_of(declared: DeclaredFact) -> Fact:
    """A declaration as the value that expressions, requests and messages use. It must be without findings."""
    unit = SPELLINGS.get(declared.unit or "", declared.unit or "")
    kind = MEASURES[unit].kind if declared.type == "duration" else declared.type
    return Fact(kind, unit, dict(declared.words), declared.label, declared.label_en or declared.name.replace("_", " "))


def declared_facts(item: Item, profile: ProfileFile) -> dict[str, Fact]:
    """Every fact that may be asserted of an item."""
    return {declared.name: fact_of(declared) for declared in (*profile.facts, *item.facts)}


def parameter_values(item: Item | None, entry: ProfileEntry) -> dict[str, Tree]:
    """What each name stands for: the item's own value, else the profile's, else the figure of the catalogue."""
    written: list[tuple[str, str]] = [(figure.name, figure.value) for figure in entry.figures]
    written += [(parameter.name, parameter.value) for parameter in entry.profile.parameters]
    written += [(parameter.name, parameter.value) for parameter in item.parameters] if item else []
    return {name: constant(value)[0] for name, value in written}


def item_scope(item: Item, entry: ProfileEntry, steps: Iterable[str], mapped: Mapping[str, Sequence[str]]) -> Scope:
    """The names of an item that runs through `steps`. `mapped` says which of them each step of the profile is: a profile that
    asks whether `hear` was done asks it of the item's own hearing, whatever its id, and of nothing where there is none."""
    facts = declared_facts(item, entry.profile) | _derived(steps)
    stand_ins: dict[str, Tree] = {}
    for rule in entry.profile.steps:
        own = [derived_facts(step) for step in mapped.get(rule.id, ())]
        done, refused, on = derived_facts(rule.id)
        stand_ins |= {done: _one_of([names[0] for names in own]), refused: _one_of([names[1] for names in own])}
        stand_ins |= {on: Name(own[0][2])} if own else {}
    tagged = {tag for tag in item.disclosure.tags if tag in facts and facts[tag].kind == BOOLEAN}
    facts = {name: fact for name, fact in facts.items() if name != BASIS_SINCE and name not in tagged}
    stand_ins |= dict.fromkeys(tagged, Literal(BOOLEAN, 1))  # an item that is tagged so is so, whatever a caller says
    versions = [basis.version.toordinal() for basis in item.legal_basis if basis.version]
    stand_ins |= {BASIS_SINCE: Literal(DATE, max(versions, default=date.min.toordinal()))}
    return Scope(facts, parameter_values(item, entry) | {name: tree for name, tree in stand_ins.items() if name not in facts})


def _one_of(names: Sequence[str]) -> Tree:
    if not names:
        return Literal(BOOLEAN, 0)
    return Name(names[0]) if len(names) == 1 else parse(" or ".join(names))


# -- findings --------------------------------------------------------------------------------------------------------


def profile_findings(entry: ProfileEntry) -> Iterator[Finding]:
    """Declarations and expressions of a profile, read on their own."""
    profile, declared = entry.profile, _Declared(entry.located, (), "")
    derived = _derived(step.id for step in profile.steps)
    wrong = [*declared.shapes(profile.facts), *declared.taken(profile, derived, {}), *_bounds(entry)]
    yield from wrong
    if wrong:
        return
    facts = {fact.name: fact_of(fact) for fact in profile.facts}
    scope = Scope(facts | derived, parameter_values(None, entry))
    yield from declared.expressions(profile, scope)
    yield from declared.unused(profile, _read_by(profile))


def item_findings(entry: ItemEntry, profile: ProfileEntry) -> Iterator[Finding]:
    """Declarations and expressions of an item, read with what its profile declares."""
    item, rules = entry.item, profile.profile
    declared = _Declared(entry.located, ("items", entry.index), item.id)
    steps = [step.id for step in item.steps or rules.steps]
    derived = _derived([*steps, *(step.id for step in rules.steps)])
    taken = declared.taken(item, derived, _Declared(profile.located, (), "").names(rules))
    wrong = [*declared.shapes(item.facts), *taken, *_redeclared(entry, profile), *_parameter_types(entry, profile)]
    yield from wrong
    if wrong:
        return
    facts = declared_facts(item, rules)
    scope = Scope(facts | _derived(steps), parameter_values(item, profile))
    yield from declared.expressions(item, scope)
    if item.parameters:
        yield from _with_own_parameters(entry, rules, Scope(facts | derived, scope.meanings))
    yield from declared.unused(item, _read_by(item) | _read_by(rules) | set(_grouped(item)))


def _grouped(item: Item) -> Iterable[str]:
    """Facts by which acts are counted together."""
    return item.scope.anti_split.group_by if item.scope.anti_split else ()


def _read_by(part: Part) -> set[str]:
    return {name.name for written in expressions_of(part) for name in names_in(parse(written.text))}


def _redeclared(entry: ItemEntry, profile: ProfileEntry) -> Iterator[Finding]:
    declared = {fact.name: (n, fact) for n, fact in enumerate(profile.profile.facts)}
    for n, own in enumerate(entry.item.facts):
        k, first = declared.get(own.name, (0, None))
        if first is not None and (own.type, own.unit, own.words) != (first.type, first.unit, first.words):
            yield entry.finding(
                "FACT_REDECLARED",
                ("facts", n),
                name=own.name,
                first=profile.located.place("facts", k),
                declared=" ".join(filter(None, (first.type, first.unit, *first.words))),
            )


def _parameter_types(entry: ItemEntry, profile: ProfileEntry) -> Iterator[Finding]:
    asked = {figure.name: (constant(figure.value)[1], figure.place) for figure in profile.figures}
    asked |= {
        parameter.name: (constant(parameter.value)[1], profile.located.place("parameters", k))
        for k, parameter in enumerate(profile.profile.parameters)
    }
    for n, own in enumerate(entry.item.parameters):
        kind, first = asked.get(own.name, ("", None))
        found = constant(own.value)[1]
        if kind and found != kind:
            yield entry.finding(
                "PARAMETER_TYPE",
                ("parameters", n, "value"),
                name=own.name,
                found=KIND_NAMES[found],
                expected=KIND_NAMES[kind],
                first=first,
                example=EXAMPLES[kind],
            )


def _bounds(entry: ProfileEntry) -> Iterator[Finding]:
    """Bounds of a figure are of its own type."""
    for n, parameter in enumerate(entry.profile.parameters):
        kind, place = constant(parameter.value)[1], entry.located.place("parameters", n, "value")
        for key, bound in (("at_least", parameter.at_least), ("at_most", parameter.at_most)):
            found = constant(bound)[1] if bound else kind
            if found != kind:
                facts: dict[str, object] = {"name": f"{parameter.name}.{key}", "found": KIND_NAMES[found], "first": place}
                facts |= {"expected": KIND_NAMES[kind], "example": EXAMPLES[kind]}
                yield Finding("PARAMETER_TYPE", entry.located.place("parameters", n, key), facts=facts)


def _with_own_parameters(entry: ItemEntry, profile: ProfileFile, scope: Scope) -> Iterator[Finding]:
    """A value of the item may break a rule of its profile: a divisor that it makes zero."""
    for written in expressions_of(profile):
        try:
            understood(written.text, scope, written.kind)
        except ExpressionError as fault:
            yield entry.finding(fault.code, ("parameters",), Severity.ERROR, key="parameters", **fault.facts)


@dataclass(frozen=True, slots=True)
class _Declared:
    """The declarations of one block of a file, whose keys stand below `path`."""

    located: Located
    path: Path
    item: str

    def _finding(self, code: str, path: Path, severity: Severity = Severity.ERROR, **facts: object) -> Finding:
        return Finding(code, self.located.place(*self.path, *path), item=self.item, facts=facts, severity=severity)

    def names(self, block: Item | ProfileFile) -> dict[str, tuple[str, Place]]:
        """Every declared name: under which key, and where."""
        return {
            declared.name: (key, self.located.place(*self.path, key, n, "name"))
            for key in ("parameters", "facts")
            for n, declared in enumerate(getattr(block, key))
        }

    def taken(
        self, block: Item | ProfileFile, derived: Mapping[str, Fact], inherited: Mapping[str, tuple[str, Place]]
    ) -> Iterator[Finding]:
        """A name means one thing. Only what a profile declares may be said again, and under the same key: a parameter of an item
        that bore the name of a profile's fact would answer for the caller."""
        seen: dict[str, Place] = {}
        for key in ("facts", "parameters"):
            for n, declared in enumerate(getattr(block, key)):
                path, name = (key, n, "name"), declared.name
                first = seen.get(name)
                if first is None and inherited.get(name, (key,))[0] != key:
                    first = inherited[name][1]
                if name in derived:
                    yield self._finding("FACT_KNOWN_FROM_CASE", path, name=name)
                elif first is not None:
                    yield self._finding("DUPLICATE_ID", path, what="name", id=name, first=first)
                seen.setdefault(name, self.located.place(*self.path, *path))

    def shapes(self, facts: Sequence[DeclaredFact]) -> Iterator[Finding]:
        """Declarations without their unit or words, or with some that have no place."""
        for n, fact in enumerate(facts):
            yield from self._shape(fact, ("facts", n))

    def _shape(self, fact: DeclaredFact, path: Path) -> Iterator[Finding]:
        facts: dict[str, object] = {"name": fact.name, "type": words.label(words.FACT_TYPES, fact.type)}
        kinds = {"money": (MONEY,), "duration": DURATIONS}.get(fact.type, ())
        if kinds and (fact.unit is None or SPELLINGS.get(fact.unit) not in _units(kinds)):
            yield self._finding("FACT_NEEDS_UNIT", (*path, "unit"), Severity.ERROR, **facts, expected=", ".join(_units(kinds)))
        elif fact.unit and not kinds and fact.type != INTEGER:
            yield self._finding("FACT_TAKES_NONE", (*path, "unit"), Severity.ERROR, **facts, key="unit")
        if fact.type == CHOICE and not fact.words:
            yield self._finding("FACT_NEEDS_WORDS", path, Severity.ERROR, **facts)
        elif fact.words and fact.type != CHOICE:
            yield self._finding("FACT_TAKES_NONE", (*path, "words"), Severity.ERROR, **facts, key="words")

    def expressions(self, part: Part, scope: Scope) -> Iterator[Finding]:
        for written in expressions_of(part):
            try:
                understood(written.text, scope, written.kind)
            except ExpressionError as fault:
                yield expression_finding(fault, self.located, (*self.path, *written.path), written.text, self.item)

    def unused(self, part: Item | ProfileFile, read: set[str]) -> Iterator[Finding]:
        """Warnings: a declaration that nobody reads is often a name misspelt elsewhere."""
        declared = [("UNUSED_FACT", "facts", n, fact.name) for n, fact in enumerate(part.facts)]
        parameters: Sequence[Parameter | ProfileParameter] = part.parameters
        declared += [("UNUSED_PARAMETER", "parameters", n, parameter.name) for n, parameter in enumerate(parameters)]
        for code, key, n, name in declared:
            if name not in read:
                yield self._finding(code, (key, n, "name"), Severity.WARNING, name=name, near=near(name, sorted(read)))


def _units(kinds: Sequence[str]) -> list[str]:
    return [name for name, measure in MEASURES.items() if measure.kind in kinds]
