"""One item between its profile and its rows: the values that binding makes and the families of restraints read.

A plan is one step before its controls are written: the item's own step, the profile's, or both. The binder holds the plans of
one item with what every family asks of them: which steps of the item a profile speaks of, and whose words a control repeats.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sidecar.power_list.control_kinds import ControlKind
from sidecar.power_list.entries import ItemEntry, ProfileEntry
from sidecar.power_list.findings import Place
from sidecar.power_list.model import ProfileFile, ProfileStep, Step


@dataclass(frozen=True, slots=True)
class Control:
    """One restraint of one step: what a deny row will say, and whose words it is."""

    kind: ControlKind
    arg: str
    place: Place
    rule: str
    basis: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something the enforcement point must see to after an allow."""

    kind: str
    arg: str
    place: Place
    rule: str
    basis: str


@dataclass(slots=True)
class BoundStep:
    id: str
    name: str
    verb: str
    posts: tuple[str, ...]
    place: Place
    rule: str
    basis: str
    controls: list[Control] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)


@dataclass(slots=True)
class BoundItem:
    """An item ready to become rows. `facts` are the names its conditions ask the caller for."""

    entry: ItemEntry
    profile: str
    steps: list[BoundStep]
    facts: tuple[str, ...] = ()


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
    """An item, its profile, and the plans of its steps. `mapped` leads from a step of the profile to those of the item."""

    entry: ItemEntry
    located_profile: ProfileEntry
    plans: Mapping[str, Plan]
    mapped: Mapping[str, tuple[str, ...]]

    @property
    def profile(self) -> ProfileFile:
        return self.located_profile.profile

    @property
    def own_basis(self) -> str:
        return f"事项 {self.entry.item.id} 第{self.entry.item.version}版 控制措施"

    def own(self, kind: ControlKind, arg: str, place: Place) -> Control:
        """A control in the item's own words."""
        return Control(kind, arg, place, OWN_RULE, self.own_basis)

    def step_place(self, step_id: str, *path: str | int) -> Place:
        """Where a key of the item's own step stands."""
        n = next(n for n, step in enumerate(self.entry.item.steps) if step.id == step_id)
        return self.entry.place("steps", n, *path)

    def known(self, names: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Those that are steps; names of steps that do not exist are reported elsewhere."""
        return ((n, name) for n, name in enumerate(names) if name in self.plans)


OWN_RULE = "ITEM"  # the rule id of what an item adds to its profile


def with_parameters(entry: ItemEntry, text: str) -> str:
    values = {parameter.name: str(parameter.value) for parameter in entry.item.parameters}
    return re.sub(r"[a-z][a-z0-9_]*", lambda match: values.get(match.group(), match.group()), text)


@lru_cache(maxsize=65_536)
def derived_fact(step_id: str) -> str:
    """The fact, always known from the case's own history, that a step has been done."""
    return step_id.replace("-", "_") + "_done"
