"""Where each rule of the catalogue stands: computed from the policies, the program and the expectations, never declared.

A rule stands where something would stop or mark a request or a policy because of it:

  * a profile names it beside a step, a separation or another restraint;
  * a compiled row carries it (an item's own words, or what the compiler always writes);
  * a check of the compiler carries it, or a key that the language requires, or one made when personnel tables are read;
  * `decide()` answers with it where no row speaks (no power, outside the region);
  * the record and the service keep it (`KEPT_BY_THE_RECORD`): no row of a policy can say it. This one table is declared, and each
    line of it has its test.

An expectation touches a rule when the rule was judged in it and let pass, or is among the grounds of its refusal.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sidecar.compiler.compile import Checked
from sidecar.compiler.lawfulness import BOUND_CHECKS
from sidecar.compiler.plan import BoundStep
from sidecar.decision.unwritten import RULES, rule_of
from sidecar.expectations.run import Outcome
from sidecar.personnel.rules import CHECKED_ON_READING
from sidecar.power_list.catalogue import Rule
from sidecar.power_list.charge import ORGAN_CHECKS
from sidecar.power_list.control_kinds import FLAG
from sidecar.power_list.findings import Place
from sidecar.power_list.lawfulness import ITEM_CHECKS
from sidecar.power_list.publicity import PUBLICITY_CHECKS, REQUIRED_KEYS
from sidecar.power_list.rules import rules_named

# Rules about the record itself: the room that keeps them.
KEPT_BY_THE_RECORD: Mapping[str, str] = MappingProxyType(
    {
        "SEC-AUD": "service/authorize: no allow before its record is durable",
        "SEC-PI": "service/asked: a party is a keyed token, evidence a digest",
        "SEC-READ": "service/inspect: reading the record is recorded",
        "SEC-GM": "decision_log: leaves and tree in SM3, checkpoints signed with SM2 as an extra",
        "GP-42": "adapters/storage: nothing is ever deleted from the record",
    }
)


@dataclass(slots=True)
class RuleStanding:
    """One rule and where it stands. `touched` are expectations that were let pass under it, `refused` those it refused; `alone`
    those of them that were refused for nothing else."""

    rule: Rule
    place: Place
    profiles: list[Place] = field(default_factory=list)
    controls: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    record: str = ""
    items: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)

    @property
    def stands(self) -> bool:
        return bool(self.profiles or self.controls or self.checks or self.codes or self.record)

    @property
    def is_missing(self) -> bool:
        """Whether the law wants it checked when policies are built or requests decided, and nothing does."""
        return self.rule.must_stand and not self.stands and not self.rule.of_items


def standings(checked: Checked, outcomes: Iterable[Outcome], rules_of_rows: Mapping[str, str]) -> list[RuleStanding]:
    """Every rule of the catalogue in its order. `rules_of_rows`: row id → rule, of the same build as the outcomes."""
    catalogue = checked.policies.catalogue
    found = {rule: RuleStanding(entry, catalogue.places[rule]) for rule, entry in catalogue.rules.items()}
    _in_profiles(checked, found)
    _in_rows(checked, found)
    _in_the_program(found)
    _in_expectations(checked, outcomes, rules_of_rows, found)
    return list(found.values())


_Found = dict[str, RuleStanding]


def _in_profiles(checked: Checked, found: _Found) -> None:
    for name in sorted(checked.policies.profiles):
        entry = checked.policies.profiles[name]
        for rule, place in rules_named(entry.profile, entry.located):
            if rule in found and place not in found[rule].profiles:
                found[rule].profiles.append(place)


def _in_rows(checked: Checked, found: _Found) -> None:
    for bound in checked.items:
        for step in bound.steps:
            for rule, kind in _said_of(step):
                standing = found.get(rule)
                if standing is None:
                    continue
                standing.controls.add(kind)
                if bound.entry.item.id not in standing.items:
                    standing.items.append(bound.entry.item.id)


def _said_of(step: BoundStep) -> Iterator[tuple[str, str]]:
    yield from ((control.rule, control.kind.value) for control in step.controls)
    yield from ((duty.rule, duty.kind) for duty in step.obligations)
    yield from ((flag.rule, f"{FLAG} {flag.kind.value}") for flag in step.flags)


def _in_the_program(found: _Found) -> None:
    checks = [(check.rule, check.codes) for check in (*ITEM_CHECKS, *PUBLICITY_CHECKS)]
    for rule, codes in [*checks, *((check.rule, check.codes) for check in BOUND_CHECKS), *ORGAN_CHECKS]:
        for code in codes:
            _add(found, rule, "checks", code)
    for rule, (block, key) in REQUIRED_KEYS.items():
        if block.model_fields[key].is_required():
            _add(found, rule, "checks", f"{block.__name__}.{key}")
    for rule, table in CHECKED_ON_READING.items():
        _add(found, rule, "checks", table)
    for (code, _), rule in RULES.items():
        _add(found, rule, "codes", code)
    for rule, room in KEPT_BY_THE_RECORD.items():
        if rule in found:
            found[rule].record = room


def _add(found: _Found, rule: str, where: str, what: str) -> None:
    if rule in found:
        getattr(found[rule], where).add(what)


def _in_expectations(checked: Checked, outcomes: Iterable[Outcome], rules_of_rows: Mapping[str, str], found: _Found) -> None:
    classes = {name: entry.item.power_class for name, entry in checked.policies.items.items()}
    for outcome in outcomes:
        refused = {ground.rule for ground in outcome.decision.grounds}
        for rule in refused & found.keys():
            found[rule].refused.append(outcome.name)
            if refused == {rule}:
                found[rule].alone.append(outcome.name)
        if outcome.decision.allowed:
            for rule in _let_pass(outcome, rules_of_rows, classes.get(outcome.item, "")) & found.keys():
                found[rule].passed.append(outcome.name)


def _let_pass(outcome: Outcome, rules_of_rows: Mapping[str, str], power_class: str) -> set[str]:
    """The rules an allow was judged by: those of its rows and obligations, and those that need no row."""
    judged = {judged.rule for judged in outcome.decision.judged}
    owed = {rules_of_rows.get(due.id, "") for due in outcome.decision.obligations}
    marked = {flag.rule for flag in outcome.decision.flags}
    return judged | owed | marked | {rule_of(code, power_class) for code, _ in RULES}


def unproven(all_standings: Iterable[RuleStanding]) -> list[str]:
    """Rules that refuse requests and lack an expectation that passes or one that is refused for exactly them."""
    return [
        standing.rule.id
        for standing in all_standings
        if "D" in standing.rule.phases
        and any(outcome.startswith("deny") for outcome in standing.rule.outcomes)
        and not standing.record
        and not (standing.passed and standing.alone)
    ]
