"""An item bound to the control profile of its class: the steps it runs through and what restrains each.

A published list carries almost no procedure; the procedure stands in general statutes. So a profile holds, once per class,
what the statute asks, and an item may only tighten it: steps of the item are matched with steps of the profile by id, else by
verb, and every constraint of the profile is added to what the item says itself. An item without steps takes the profile's,
each for the posts of the profile's tier in the item's units (承办人, 内设机构负责人, 分管领导).

Two rules about steps that are needed only sometimes (`required_when`):
  * they guard the steps named in `before`, or else every later step with the verb `decide`;
  * `after: [such a step]` binds only in the cases in which the step is required.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sidecar.power_list.conditions import parse_condition
from sidecar.power_list.control_kinds import OUTCOME, REASON_IF_REFUSED
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.entries import ItemEntry, PolicySet, ProfileEntry
from sidecar.power_list.findings import Finding, Place, Severity, in_reading_order
from sidecar.power_list.graph import find_cycle
from sidecar.power_list.model import Officers, ProfileFile, ProfileStep, Step

_TIER_RANKS = {"handler": ("handler",), "section_head": ("section_head",), "leader": ("leader", "principal")}
_DECIDING_VERBS = frozenset({"decide", "extend", "revoke"})


@dataclass(frozen=True, slots=True)
class Control:
    """One restraint of one step: what a deny row will say, and whose words it is."""

    kind: Kind
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
class _Plan:
    """One step before its controls are written: the item's own step, the profile's, or both."""

    own: Step | None
    rules: tuple[tuple[ProfileStep, Place], ...]
    posts: tuple[str, ...]
    place: Place

    @property
    def head(self) -> Step | ProfileStep:
        return self.own or self.rules[0][0]


@dataclass(frozen=True, slots=True)
class _Binder:
    entry: ItemEntry
    profile: ProfileFile
    plans: Mapping[str, _Plan]
    mapped: Mapping[str, tuple[str, ...]]  # profile step id → steps of the item
    own_rule: str
    own_basis: str


def bind(policies: PolicySet) -> tuple[list[BoundItem], list[Finding]]:
    """Bind every item, in the order of their ids. In a set with errors the findings count and the bound items do not: items
    with mistakes of form are left out, and names of steps that do not exist are passed over, for they are reported already.
    """
    bound: list[BoundItem] = []
    findings: list[Finding] = []
    for item_id in sorted(policies.items):
        entry = policies.items[item_id]
        if entry.mended:
            continue
        profile = policies.profiles.get(entry.item.profile_id)
        problems = list(_profile_problems(entry, profile, policies))
        findings += problems
        if profile is None or problems:
            continue
        item, more = _bind_item(entry, profile)
        findings += more
        bound.append(item)
    return bound, in_reading_order(findings)


def _profile_problems(entry: ItemEntry, profile: ProfileEntry | None, policies: PolicySet) -> Iterator[Finding]:
    item = entry.item
    if profile is None:
        yield entry.finding(
            "UNKNOWN_PROFILE", ("control_profile",), profile=item.profile_id, near=", ".join(sorted(policies.profiles))
        )
    elif item.power_class not in profile.profile.applies_to:
        fitting = sorted(name for name, p in policies.profiles.items() if item.power_class in p.profile.applies_to)
        yield entry.finding(
            "PROFILE_WRONG_CLASS",
            ("control_profile",),
            profile=item.profile_id,
            power_class=item.power_class,
            near=", ".join(fitting) or "-",
        )


def _bind_item(entry: ItemEntry, profile: ProfileEntry) -> tuple[BoundItem, list[Finding]]:
    findings: list[Finding] = []
    mapped = _match(entry, profile.profile)
    plans = _own_plans(entry, profile, mapped) if entry.item.steps else _profile_plans(entry, profile, findings)
    if not entry.item.steps:
        mapped = {step.id: (step.id,) for step in profile.profile.steps if step.id in plans}
    basis = f"事项 {entry.item.id} 第{entry.item.version}版 控制措施"
    binder = _Binder(entry, profile.profile, plans, mapped, "ITEM", basis)
    findings += _tightening(binder)
    steps = [_bound_step(binder, step_id, profile) for step_id in plans]
    cycles = list(_cycles(entry, steps))
    if not cycles:
        _rest_on_the_whole_way(steps)
    findings += cycles
    return BoundItem(entry, profile.profile.profile, steps, _asserted_facts(steps)), findings


def _match(entry: ItemEntry, profile: ProfileFile) -> dict[str, tuple[str, ...]]:
    """Which steps of the item each profile step speaks of: the one of the same id, else all of the same verb."""
    ids = {step.id for step in entry.item.steps}
    named = {rule.id for rule in profile.steps if rule.id in ids}
    mapped: dict[str, tuple[str, ...]] = {}
    for rule in profile.steps:
        if rule.id in named:
            mapped[rule.id] = (rule.id,)
        else:
            mapped[rule.id] = tuple(s.id for s in entry.item.steps if s.verb == rule.verb and s.id not in named)
    return mapped


def _own_plans(entry: ItemEntry, profile: ProfileEntry, mapped: Mapping[str, tuple[str, ...]]) -> dict[str, _Plan]:
    plans: dict[str, _Plan] = {}
    for n, step in enumerate(entry.item.steps):
        rules = tuple(
            (rule, profile.located.place("steps", k))
            for k, rule in enumerate(profile.profile.steps)
            if step.id in mapped[rule.id]
        )
        plans[step.id] = _Plan(step, rules, entry.step_posts[step.id], entry.place("steps", n))
    return plans


def _profile_plans(entry: ItemEntry, profile: ProfileEntry, findings: list[Finding]) -> dict[str, _Plan]:
    plans: dict[str, _Plan] = {}
    for k, rule in enumerate(profile.profile.steps):
        if rule.tier is None:
            continue  # nobody of the organ may take this step by default (罚缴分离)
        posts = tuple(_tier_posts(entry, rule.tier))
        if not posts:
            unit = entry.unit_ids[0]
            findings.append(entry.finding("NO_TIER_POST", ("units",), unit=unit, tier=rule.tier, step=rule.id))
            continue
        place = profile.located.place("steps", k)
        plans[rule.id] = _Plan(None, ((rule, place),), posts, entry.place("id"))
    return plans


def _tier_posts(entry: ItemEntry, tier: str) -> Iterator[str]:
    for unit in entry.unit_ids:
        for full_id, post in entry.organ.posts.items():
            if post.unit == unit and post.rank in _TIER_RANKS[tier]:
                yield full_id


def _tightening(binder: _Binder) -> Iterator[Finding]:
    """What the profile requires and the item lacks or weakens."""
    entry = binder.entry
    if not entry.item.steps:
        return
    bases = {rule.id: rule.basis for rule in binder.profile.steps}
    for name in binder.profile.requires_steps:
        if name in binder.mapped and not binder.mapped[name]:
            yield entry.finding("MISSING_STEP", ("steps",), profile=binder.profile.profile, step=name, basis=bases[name])
    for n, step in enumerate(entry.item.steps):
        for rule, _ in binder.plans[step.id].rules:
            required = rule.officers.min if rule.officers else 1
            if step.officers and step.officers.min < required:
                yield entry.finding(
                    "LOOSER_OFFICERS",
                    ("steps", n, "officers"),
                    step=step.id,
                    n=step.officers.min,
                    required=required,
                    basis=rule.basis,
                )
            if rule.max_times and step.max_times > rule.max_times:
                yield entry.finding(
                    "LOOSER_TIMES",
                    ("steps", n, "max_times"),
                    step=step.id,
                    n=step.max_times,
                    allowed=rule.max_times,
                    basis=rule.basis,
                )


def _bound_step(binder: _Binder, step_id: str, profile: ProfileEntry) -> BoundStep:
    plan = binder.plans[step_id]
    head = plan.head
    rule, basis = (plan.rules[0][0].rule, plan.rules[0][0].basis) if plan.rules else (binder.own_rule, binder.own_basis)
    step = BoundStep(step_id, head.name, head.verb, plan.posts, plan.place, rule, basis)
    step.controls = _distinct_controls(
        [
            *_item_controls(binder, plan),
            *_order_controls(binder, step_id, plan),
            *_times(binder, plan),
            *_separation(binder, step_id, profile),
            *_officer_controls(binder, plan),
            *_recusal(binder, profile),
            *_requirements(binder, plan),
            *_exclusions(binder),
        ]
    )
    step.obligations = list(_obligations(binder, step_id, plan))
    return step


def _distinct_controls(controls: Iterable[Control]) -> list[Control]:
    """The same restraint said twice becomes one row; the statute's words win over the item's, since they come first."""
    return list({(control.kind, control.arg): control for control in reversed(list(controls))}.values())[::-1]


def _own(binder: _Binder, kind: Kind, arg: str, place: Place) -> Control:
    return Control(kind, arg, place, binder.own_rule, binder.own_basis)


def _item_controls(binder: _Binder, plan: _Plan) -> Iterator[Control]:
    item = binder.entry.item
    if item.status != "in_use":
        yield Control(Kind.STATUS, item.status, binder.entry.place("status"), "AL-4", binder.own_basis)
    if plan.head.type == "decide" or plan.head.verb in _DECIDING_VERBS:
        yield Control(Kind.LEVEL, item.level, binder.entry.place("level"), "AL-35", "层级管辖：下级机关可以初审，不得决定")


def _order_controls(binder: _Binder, step_id: str, plan: _Plan) -> Iterator[Control]:
    for rule, place in plan.rules:
        for name in rule.after:
            for prior in binder.mapped.get(name, ()):
                yield from _order(binder, prior, place, rule.rule, rule.basis)
    if plan.own:
        for k, prior in _known(binder, plan.own.after):
            place = binder.entry.place("steps", _index(binder, step_id), "after", k)
            yield from _order(binder, prior, place, binder.own_rule, binder.own_basis)
    for guard in binder.plans:
        if guard != step_id and step_id in _guarded(binder, guard):
            yield from _conditional(binder, guard)


def _known(binder: _Binder, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    return ((n, name) for n, name in enumerate(names) if name in binder.plans)


def _order(binder: _Binder, prior: str, place: Place, rule: str, basis: str) -> Iterator[Control]:
    conditions = list(_conditions(binder, prior))
    if not conditions:
        yield Control(Kind.AFTER, prior, place, rule, basis)
    else:
        yield from _conditional(binder, prior)


def _conditional(binder: _Binder, guard: str) -> Iterator[Control]:
    for text, place, rule, basis in _conditions(binder, guard):
        yield Control(Kind.UNLESS_DONE, f"{guard}:{_with_parameters(binder.entry, text)}", place, rule, basis)


def _conditions(binder: _Binder, step_id: str) -> Iterator[tuple[str, Place, str, str]]:
    """The conditions under which a step is required: the profile's and the item's own, each of them enough."""
    plan = binder.plans[step_id]
    for rule, place in plan.rules:
        if rule.required_when:
            yield rule.required_when, place, rule.rule, rule.basis
    if plan.own and plan.own.required_when:
        place = binder.entry.place("steps", _index(binder, step_id), "required_when")
        yield plan.own.required_when, place, binder.own_rule, binder.own_basis


def _guarded(binder: _Binder, guard: str) -> set[str]:
    """The steps that may not be done before the conditional step `guard`, where its condition holds."""
    if not any(True for _ in _conditions(binder, guard)):
        return set()
    plan = binder.plans[guard]
    named = {name for rule, _ in plan.rules for before in rule.before for name in binder.mapped.get(before, ())}
    named |= set(plan.own.before) if plan.own else set()
    if named:
        return named
    order = list(binder.plans)
    later = order[order.index(guard) + 1 :]
    return {name for name in later if binder.plans[name].head.verb == "decide"}


def _times(binder: _Binder, plan: _Plan) -> Iterator[Control]:
    if plan.own:
        yield _own(binder, Kind.TIMES, str(plan.own.max_times), plan.place)
    else:
        rule, place = plan.rules[0]
        yield Control(Kind.TIMES, str(rule.max_times or 1), place, rule.rule, rule.basis)


def _separation(binder: _Binder, step_id: str, profile: ProfileEntry) -> Iterator[Control]:
    for n, rule in enumerate(binder.profile.separation):
        place = profile.located.place("separation", n)
        first, second = (binder.mapped.get(name, ()) for name in rule.pair)
        for one, other in ((first, second), (second, first)):
            if step_id in one:
                yield from (Control(Kind.DISTINCT, name, place, rule.rule, rule.basis) for name in other if name != step_id)
    for n, pair in enumerate(binder.entry.item.controls.separation):
        if step_id in pair:
            other_name = pair[1] if pair[0] == step_id else pair[0]
            if other_name in binder.plans and other_name != step_id:
                yield _own(binder, Kind.DISTINCT, other_name, binder.entry.place("controls", "separation", n))
    for n, step in enumerate(binder.entry.item.steps):
        place = binder.entry.place("steps", n, "distinct_from")
        if step.id == step_id:
            yield from (_own(binder, Kind.DISTINCT, name, place) for _, name in _known(binder, step.distinct_from))
        elif step_id in step.distinct_from:
            yield _own(binder, Kind.DISTINCT, step.id, place)


def _officer_controls(binder: _Binder, plan: _Plan) -> Iterator[Control]:
    demands: list[tuple[Officers, Place, str, str]] = [
        (rule.officers, place, rule.officers.rule or rule.rule, rule.officers.basis or rule.basis)
        for rule, place in plan.rules
        if rule.officers
    ]
    if plan.own and plan.own.officers:
        place = binder.entry.place("steps", _index(binder, plan.own.id), "officers")
        demands.append((plan.own.officers, place, binder.own_rule, binder.own_basis))
    if not demands:
        return
    officers, place, rule_id, basis = max(demands, key=lambda demand: demand[0].min)
    if officers.min > 1:
        yield Control(Kind.OFFICERS, str(officers.min), place, rule_id, basis)
    for officers, place, rule_id, basis in demands:
        if officers.credential:
            yield Control(Kind.CREDENTIAL, officers.credential, place, rule_id, basis)


def _recusal(binder: _Binder, profile: ProfileEntry) -> Iterator[Control]:
    own = set(binder.entry.item.controls.recusal)
    rule = binder.profile.recusal
    relations = own | set(rule.relations if rule else ())
    if not relations:
        return
    arg = "|".join(sorted(relations))
    if rule:
        yield Control(Kind.RECUSAL, arg, profile.located.place("recusal"), rule.rule, rule.basis)
    else:
        yield _own(binder, Kind.RECUSAL, arg, binder.entry.place("controls", "recusal"))


def _requirements(binder: _Binder, plan: _Plan) -> Iterator[Control]:
    decides = plan.head.type == "decide"
    for rule, place in plan.rules:
        for name in _spelt_out(rule.requires, decides=decides):
            yield Control(Kind.REQUIRES, name, place, rule.rule, rule.basis)
    if plan.own:
        place = binder.entry.place("steps", _index(binder, plan.own.id), "requires")
        yield from (_own(binder, Kind.REQUIRES, name, place) for name in _spelt_out(plan.own.requires, decides=decides))


def _spelt_out(names: Iterable[str], *, decides: bool) -> Iterator[str]:
    """A deciding step that must give reasons for a refusal must also say whether it is one."""
    for name in names:
        if decides and name == REASON_IF_REFUSED:
            yield OUTCOME
        yield name


def _exclusions(binder: _Binder) -> Iterator[Control]:
    for n, exclusion in enumerate(binder.entry.item.scope.excludes):
        place = binder.entry.place("scope", "excludes", n)
        text = _with_parameters(binder.entry, exclusion.when)
        yield Control(Kind.EXCLUDES, text, place, "AL-4", exclusion.basis or binder.own_basis, exclusion.reason)


def _obligations(binder: _Binder, step_id: str, plan: _Plan) -> Iterator[Obligation]:
    for rule, place in plan.rules:
        yield from (Obligation(name, "-", place, rule.rule, rule.basis) for name in rule.obligations)
    if plan.own:
        place = plan.place
        yield from (Obligation(name, "-", place, binder.own_rule, binder.own_basis) for name in plan.own.obligations)
    for n, step in enumerate(binder.entry.item.steps):
        if step_id in step.after and step.limit and step.limit.n and step.limit.unit:
            arg = f"{step.id}:{step.limit.n}:{step.limit.unit}"
            yield Obligation("deadline", arg, binder.entry.place("steps", n, "limit"), binder.own_rule, binder.own_basis)


def _cycles(entry: ItemEntry, steps: Sequence[BoundStep]) -> Iterator[Finding]:
    """A profile's order may contradict the item's own."""
    waits = {step.id: [_prior(c) for c in step.controls if c.kind in (Kind.AFTER, Kind.UNLESS_DONE)] for step in steps}
    cycle = find_cycle(waits)
    if cycle:
        yield entry.finding("STEP_CYCLE", ("steps",), Severity.ERROR, cycle=" → ".join(cycle))


def _rest_on_the_whole_way(steps: Sequence[BoundStep]) -> None:
    """A step waits for what its prior steps wait for: if an early act turns out to have failed, everything behind it stops."""
    waits = {step.id: [c for c in step.controls if c.kind is Kind.AFTER] for step in steps}
    for step in steps:
        for control in step.controls:  # grows while it is walked, until nothing new is found
            if control.kind is Kind.AFTER:
                step.controls += [c for c in waits[control.arg] if not _stands(c, step.controls)]


def _stands(control: Control, among: Iterable[Control]) -> bool:
    return any((c.kind, c.arg) == (control.kind, control.arg) for c in among)


def _prior(control: Control) -> str:
    return control.arg.split(":", 1)[0]


def _with_parameters(entry: ItemEntry, text: str) -> str:
    values = {parameter.name: str(parameter.value) for parameter in entry.item.parameters}
    return re.sub(r"[a-z][a-z0-9_]*", lambda match: values.get(match.group(), match.group()), text)


@lru_cache(maxsize=65_536)
def derived_fact(step_id: str) -> str:
    """The fact, always known from the case's own history, that a step has been done."""
    return step_id.replace("-", "_") + "_done"


def _asserted_facts(steps: Sequence[BoundStep]) -> tuple[str, ...]:
    derived = {derived_fact(step.id) for step in steps}
    names: set[str] = set()
    for step in steps:
        for control in step.controls:
            if control.kind in (Kind.UNLESS_DONE, Kind.EXCLUDES):
                names |= parse_condition(control.arg.split(":", 1)[-1]).names
    return tuple(sorted(names - derived))


def _index(binder: _Binder, step_id: str) -> int:
    return next(n for n, step in enumerate(binder.entry.item.steps) if step.id == step_id)
