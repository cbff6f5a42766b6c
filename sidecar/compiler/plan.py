"""One item between its profile and its rows: the values that binding makes and the families of restraints read.

A plan is one step before its controls are written: the item's own step, the profile's, or both. The binder holds the plans of
one item with what every family asks of them: which steps of the item a profile speaks of, and whose words a control repeats.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.expressions.errors import ExpressionError
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Expression, Scope, understood
from sidecar.expressions.measures import BOOLEAN, DURATION, DURATIONS
from sidecar.personnel.rules import Incompatibility
from sidecar.power_list.control_kinds import ControlKind, FlagKind
from sidecar.power_list.entries import ItemEntry, ProfileEntry
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.model import Step
from sidecar.power_list.profiles import ProfileFile, ProfileStep


@dataclass(frozen=True, slots=True)
class Control:
    """One restraint of one step: what a deny row will say, whose words it is, and the facts it reads."""

    kind: ControlKind
    arg: str
    place: Place
    rule: str
    basis: str
    note: str = ""
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something the enforcement point must see to after an allow."""

    kind: str
    arg: str
    place: Place
    rule: str
    basis: str
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flag:
    """What is marked of an act that is let pass, and the facts it reads."""

    kind: FlagKind
    arg: str
    place: Place
    rule: str
    basis: str
    note: str = ""
    reads: frozenset[str] = frozenset()


@dataclass(slots=True)
class BoundStep:
    id: str
    name: str
    verb: str
    posts: tuple[str, ...]
    place: Place
    rule: str
    basis: str
    beside: tuple[str, ...] = ()  # posts that may come to the step beside those that hold it: members who vote, upper organs
    controls: list[Control] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)


@dataclass(slots=True)
class BoundItem:
    """An item ready to become rows. `facts` are those that its controls ask the caller for, by name."""

    entry: ItemEntry
    profile: str
    steps: list[BoundStep]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    incompatible: tuple[Incompatibility, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The item's `own` step, and the profile's `rules` that speak of it with their places."""

    own: Step | None
    rules: tuple[tuple[ProfileStep, Place], ...]
    posts: tuple[str, ...]
    place: Place

    @property
    def head(self) -> Step | ProfileStep:
        return self.own or self.rules[0][0]


@dataclass(frozen=True, slots=True)
class Binder:
    """An item, its profile, and the plans of its steps. `mapped` leads from a step of the profile to those of the item, `scope`
    holds the names that expressions of either may use."""

    entry: ItemEntry
    located_profile: ProfileEntry
    plans: Mapping[str, Plan]
    mapped: Mapping[str, tuple[str, ...]]
    scope: Scope
    faults: list[ExpressionError] = field(default_factory=list)

    @property
    def profile(self) -> ProfileFile:
        return self.located_profile.profile

    @property
    def own_basis(self) -> str:
        return f"事项 {self.entry.item.id} 第{self.entry.item.version}版 控制措施"

    def own(self, kind: ControlKind, arg: str, place: Place) -> Control:
        """A control in the item's own words."""
        return Control(kind, arg, place, OWN_RULE, self.own_basis)

    def expression(self, text: str, kind: str = BOOLEAN) -> Expression | None:
        """What is written, with parameters filled in; None where it has a mistake, which is kept among the faults."""
        try:
            return understood(text, self.scope, kind)
        except ExpressionError as fault:
            self.faults.append(fault)
            return None

    def fixed(self, text: str) -> tuple[str, str] | None:
        """A length of time as its number and unit; None where it has a mistake, or is worked out or read from a fact."""
        length = self.expression(text, DURATION)
        found = _FIXED.match(length.row) if length else None
        return (found[1], found[2]) if found else None

    def unfixed(self, text: str, place: Place) -> Iterator[Finding]:
        """How long a limit is, is a figure: never worked out, never a fact that somebody asserts."""
        if self.expression(text, DURATION) and not self.fixed(text):
            yield Finding("LIMIT_NOT_FIXED", place, facts={"limit": text})

    def steps_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """The item's steps that the profile means by these names."""
        return tuple([own for name in names for own in self.mapped.get(name, ())])

    def waits_for(self, step_id: str) -> set[str]:
        """The steps that profile and item write before one."""
        plan = self.plans[step_id]
        by_profile = self.steps_of(name for rule, _ in plan.rules for name in rule.after)
        return {*by_profile, *(plan.own.after if plan.own else ())}

    def of_step(self, step: Step, kind: ControlKind, arg: str, place: Place) -> Control:
        """A control in the words of one of the item's steps, with the rule and article it rests on where it names them."""
        return Control(kind, arg, place, *self.words_of(step))

    def words_of(self, step: Step) -> tuple[str, str]:
        """The rule and the article behind the item's own words about a step."""
        return step.rule or OWN_RULE, step.basis or self.own_basis

    def step_place(self, step_id: str, *path: str | int) -> Place:
        """Where a key of the item's own step stands."""
        n = next(n for n, step in enumerate(self.entry.item.steps) if step.id == step_id)
        return self.entry.place("steps", n, *path)

    def known(self, names: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Those that are steps; names of steps that do not exist are reported elsewhere."""
        return ((n, name) for n, name in enumerate(names) if name in self.plans)


_FIXED = re.compile(rf"([0-9]{{1,5}}) ({'|'.join(DURATIONS)})\Z")
OWN_RULE = "ITEM"  # the rule id of what an item adds to its profile
