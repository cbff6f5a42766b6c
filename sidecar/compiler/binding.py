"""An item bound to the control profile of its class: the steps it runs through and what restrains each.

A published list carries almost no procedure; the procedure stands in general statutes. So a profile holds, once per class,
what the statute asks, and an item may only tighten it: steps of the item are matched with steps of the profile by id, else by
verb, and every constraint of the profile is added to what the item says itself. An item without steps takes the profile's,
each for the posts of the profile's tier in the item's units (承办人, 内设机构负责人, 分管领导).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sidecar.compiler.flags import flags_by_step, flawed_flags
from sidecar.compiler.grades import weaker_than_lower
from sidecar.compiler.held_together import held_together, met_by_profile
from sidecar.compiler.incompatible import duties_of
from sidecar.compiler.lawfulness import unknown_steps, unlawful
from sidecar.compiler.obligations import obligations
from sidecar.compiler.plan import OWN_RULE, Binder, BoundItem, BoundStep, Control, Flag, Plan
from sidecar.compiler.restraints.collective import voters
from sidecar.compiler.restraints.delegation import looser_delegation
from sidecar.compiler.restraints.emergency import doubtful_emergency
from sidecar.compiler.restraints.table import FAMILIES
from sidecar.compiler.restraints.tenure import principal_in_charge
from sidecar.compiler.restraints.tightening import chairless_by_profile, loosenings
from sidecar.compiler.tightening import loosened
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Scope
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.declared import derived_names, item_scope
from sidecar.power_list.entries import ItemEntry, PolicySet, ProfileEntry
from sidecar.power_list.findings import Finding, Severity, in_reading_order
from sidecar.power_list.graph import find_cycle
from sidecar.power_list.profiles import ProfileFile
from sidecar.power_list.upper_organs import UNDOING

_TIER_RANKS = {"handler": ("handler",), "section_head": ("section_head",), "leader": ("leader", "principal")}


def bind(policies: PolicySet) -> tuple[list[BoundItem], list[Finding]]:
    """Bind every item, in the order of their ids. In a set with errors the findings count and the bound items do not: items
    with mistakes of form are left out, and names that do not exist are passed over, for they are reported already.
    """
    bound: list[BoundItem] = []
    binders: list[Binder] = []
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
        binder, item, more = _bind_item(entry, profile)
        findings += more
        binders.append(binder)
        bound.append(item)
    findings += [*met_by_profile(binders), *chairless_by_profile(binders), *weaker_than_lower(bound)]
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


def _bind_item(entry: ItemEntry, profile: ProfileEntry) -> tuple[Binder, BoundItem, list[Finding]]:
    findings: list[Finding] = []
    mapped = _match(entry, profile.profile)
    plans = _own_plans(entry, profile, mapped) if entry.item.steps else _profile_plans(entry, profile, findings)
    if not entry.item.steps:
        mapped = {step.id: (step.id,) for step in profile.profile.steps if step.id in plans}
    scope = item_scope(entry.item, profile, plans, mapped)
    binder = Binder(entry, profile, plans, mapped, scope)
    findings += [*loosened(binder), *loosenings(binder), *unlawful(binder), *unknown_steps(binder)]
    findings += [*held_together(binder), *looser_delegation(binder)]
    findings += principal_in_charge(binder)
    findings += flawed_flags(binder)
    if entry.upper_posts and not any(plan.head.verb in UNDOING for plan in plans.values()):
        findings.append(entry.finding("NOTHING_TO_UNDO", ("upper_posts",)))
    marked = flags_by_step(binder)
    steps = [_bound_step(binder, step_id, marked[step_id]) for step_id in plans]
    findings += doubtful_emergency(binder, steps)
    cycles = list(_cycles(entry, steps))
    if not cycles:
        _rest_on_the_whole_way(steps)
    findings += cycles
    findings += (entry.finding(fault.code, ("id",), Severity.ERROR, key=entry.item.id, **fault.facts) for fault in binder.faults)
    together = tuple(line.incompatibility for line in duties_of(binder))
    return binder, BoundItem(entry, profile.profile.profile, steps, _asserted_facts(steps, scope, plans), together), findings


def _match(entry: ItemEntry, profile: ProfileFile) -> dict[str, tuple[str, ...]]:
    """Which steps of the item each profile step speaks of: the one of the same id, else all of the same verb."""
    ids = {step.id for step in entry.item.steps}
    named = {rule.id for rule in profile.steps if rule.id in ids}
    mapped: dict[str, tuple[str, ...]] = {}
    for rule in profile.steps:
        if rule.id in named or rule.by_id:
            mapped[rule.id] = (rule.id,) if rule.id in named else ()
        else:
            mapped[rule.id] = tuple(s.id for s in entry.item.steps if s.verb == rule.verb and s.id not in named)
    return mapped


def _own_plans(entry: ItemEntry, profile: ProfileEntry, mapped: Mapping[str, tuple[str, ...]]) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for n, step in enumerate(entry.item.steps):
        rules = tuple(
            (rule, profile.located.place("steps", k))
            for k, rule in enumerate(profile.profile.steps)
            if step.id in mapped[rule.id]
        )
        plans[step.id] = Plan(step, rules, entry.step_posts[step.id], entry.place("steps", n))
    return plans


def _profile_plans(entry: ItemEntry, profile: ProfileEntry, findings: list[Finding]) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for k, rule in enumerate(profile.profile.steps):
        if rule.tier is None:
            continue  # nobody of the organ may take this step by default (罚缴分离)
        posts = tuple(_tier_posts(entry, rule.tier))
        if not posts:
            unit = entry.unit_ids[0]
            findings.append(entry.finding("NO_TIER_POST", ("units",), unit=unit, tier=rule.tier, step=rule.id))
            continue
        place = profile.located.place("steps", k)
        plans[rule.id] = Plan(None, ((rule, place),), posts, entry.place("id"))
    return plans


def _tier_posts(entry: ItemEntry, tier: str) -> Iterator[str]:
    for unit in entry.unit_ids:
        for full_id, post in entry.organ.posts.items():
            if post.unit == unit and post.rank in _TIER_RANKS[tier] and not post.administers:
                yield full_id


def _bound_step(binder: Binder, step_id: str, marked: list[Flag]) -> BoundStep:
    plan = binder.plans[step_id]
    head = plan.head
    rule, basis = (plan.rules[0][0].rule, plan.rules[0][0].basis) if plan.rules else (OWN_RULE, binder.own_basis)
    step = BoundStep(step_id, head.name, head.verb, plan.posts, plan.place, rule, basis, flags=marked)
    step.beside = (*voters(binder, plan), *_undoing(binder, plan))
    step.controls = _distinct_controls(control for family in FAMILIES for control in family(binder, step_id, plan))
    step.obligations = list(obligations(binder, step_id, plan))
    return step


def _undoing(binder: Binder, plan: Plan) -> tuple[str, ...]:
    """Posts of upper organs that may come to the step."""
    return binder.entry.upper_posts if plan.head.verb in UNDOING else ()


def _distinct_controls(controls: Iterable[Control]) -> list[Control]:
    """The same restraint said twice becomes one row; the statute's words win over the item's, since they come first."""
    return list({(control.kind, control.arg): control for control in reversed(list(controls))}.values())[::-1]


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


def _asserted_facts(steps: Sequence[BoundStep], scope: Scope, known: Iterable[str]) -> dict[str, Fact]:
    """The facts that controls, obligations and flags read and the case does not know of itself."""
    derived = derived_names(known)
    names: set[str] = set()
    for step in steps:
        for said in (step.controls, step.obligations, step.flags):
            names.update(*[one.reads for one in said])
    return {name: scope.facts[name] for name in sorted(names - derived)}
