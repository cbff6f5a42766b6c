"""Tighten, never loosen (只可加严，不可放宽): what an item's own words may not take from its profile.

Most of an item's words can only add, because binding joins them to the profile's: `after`, `distinct_from`, `separation`,
`recusal` with its years, `requires`, `obligations`, credentials and composition of officers, exclusions, further steps. What
could take away is looked at here, and each finding shows both places:

    steps                a step the profile requires is missing; one it requires in some cases is missing (a warning)
    steps.verb, type     a step of the profile's id that is another act, or decides where the profile's does and this one does not
    steps.optional       a step every case must go through
    steps.required_when  a step the profile requires in every case
    steps.officers.min   fewer persons             steps.max_times   more repetitions
    steps.limit          longer than the statute's steps
    time_limits          promised longer than the statute allows; a ministry's rule longer than the statute
    parameters           a figure beyond the bounds of the profile

A condition of the profile guards what the profile says it guards, whatever the item says of the same step
(`restraints/order.py`). Declared facts and types of parameters are compared where they are read (`power_list/declared.py`).
"""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder
from sidecar.expressions.evaluation import evaluator
from sidecar.expressions.meaning import constant
from sidecar.expressions.measures import MEASURES
from sidecar.expressions.syntax import Binary
from sidecar.messages import Sentence
from sidecar.power_list import vocabulary as words
from sidecar.power_list.findings import Finding, Place, Severity
from sidecar.power_list.model import Step, StepLimit, TimeLimit
from sidecar.power_list.profiles import ProfileStep
from sidecar.timekeeping.limits import DAYS, HOURS, MONTHS, WORKDAYS, YEARS

# About how many hours a unit takes, to compare limits in different ones; in the same one their numbers are compared.
_HOURS_IN = {HOURS: 1.0, DAYS: 24.0, WORKDAYS: 24.0 * 7 / 5, MONTHS: 24.0 * 365 / 12, YEARS: 24.0 * 365}


def loosened(binder: Binder) -> Iterator[Finding]:
    yield from _limits(binder)
    yield from _parameters(binder)
    if not binder.entry.item.steps:
        return
    yield from _missing(binder)
    for n, step in enumerate(binder.entry.item.steps):
        for rule, place in binder.plans[step.id].rules:
            yield from _step(binder, n, step, rule, place)


def _missing(binder: Binder) -> Iterator[Finding]:
    profile, located = binder.profile, binder.located_profile.located
    for n, rule in enumerate(profile.steps):
        if binder.mapped.get(rule.id):
            continue
        facts: dict[str, object] = {"step": rule.id, "basis": rule.basis, "profile": profile.profile}
        if rule.id in profile.requires_steps:
            first = located.place("requires_steps", profile.requires_steps.index(rule.id))
            yield binder.entry.finding("MISSING_STEP", ("steps",), Severity.ERROR, first=first, **facts)
        elif rule.required_when:
            first = located.place("steps", n, "required_when")
            facts["condition"] = rule.required_when
            yield binder.entry.finding("CONDITIONAL_STEP_MISSING", ("steps",), Severity.WARNING, **facts, first=first)


def _step(binder: Binder, n: int, step: Step, rule: ProfileStep, first: Place) -> Iterator[Finding]:
    def found(code: str, *path: str, **facts: object) -> Finding:
        return binder.entry.finding(
            code, ("steps", n, *path), Severity.ERROR, step=step.id, basis=rule.basis, first=first, **facts
        )

    required = rule.officers.min if rule.officers else 1
    if step.officers and "min" in step.officers.model_fields_set and step.officers.min < required:
        yield found("LOOSER_OFFICERS", "officers", n=step.officers.min, required=required)
    if rule.max_times and step.max_times > rule.max_times:
        yield found("LOOSER_TIMES", "max_times", n=step.max_times, allowed=rule.max_times)
    if step.verb != rule.verb:
        verbs = {"verb": words.label(words.VERBS, step.verb), "required": words.label(words.VERBS, rule.verb)}
        yield found("ANOTHER_VERB", "verb", **verbs, identifier=rule.verb)
    if rule.type == "decide" and step.type != "decide":
        yield found("DECIDES_NO_MORE", "type", type=words.label(words.STEP_TYPES, step.type))
    unconditional = not rule.optional and rule.required_when is None
    if step.optional and unconditional and rule.id in binder.profile.requires_steps:
        yield found("LOOSER_OPTIONAL", "optional")
    if step.required_when and unconditional:
        yield found("LOOSER_CONDITION", "required_when", condition=step.required_when)
    if rule.limit and step.limit and _is_longer(step.limit, rule.limit):
        yield found("LOOSER_LIMIT", "limit", limit=_told(step.limit), allowed=_told(rule.limit))


def _limits(binder: Binder) -> Iterator[Finding]:
    """The organ's promise against the statute and the ministry's rule, the ministry's rule against the statute."""
    limits = binder.entry.item.time_limits
    for key, own, other, above in (
        ("promised", limits.promised, "statutory", limits.statutory),
        ("promised", limits.promised, "rule", limits.rule),
        ("rule", limits.rule, "statutory", limits.statutory),
    ):
        if own and above and _is_longer(own, above):
            yield binder.entry.finding(
                "LOOSER_TIME_LIMIT",
                ("time_limits", key),
                Severity.ERROR,
                limit=_told(own),
                allowed=_told(above),
                basis=above.basis or "-",
                first=binder.entry.place("time_limits", other),
            )


def _is_longer(own: StepLimit | TimeLimit, allowed: StepLimit | TimeLimit) -> bool:
    if own.n is None or allowed.n is None or own.unit is None or allowed.unit is None:
        return False
    if own.unit == allowed.unit:
        return own.n > allowed.n
    return own.n * _HOURS_IN[own.unit] > allowed.n * _HOURS_IN[allowed.unit]


def _told(limit: StepLimit | TimeLimit) -> Sentence:
    unit = MEASURES[limit.unit or DAYS].label
    return Sentence(f"{limit.n} {unit.zh}", f"{limit.n} {unit.en}")


def _parameters(binder: Binder) -> Iterator[Finding]:
    """Figures beyond what the profile lets an item set. Types are compared already."""
    bounds = {parameter.name: (k, parameter) for k, parameter in enumerate(binder.profile.parameters)}
    for n, own in enumerate(binder.entry.item.parameters):
        if own.name not in bounds:
            continue
        k, rule = bounds[own.name]
        for key, limit, sign, bound in (
            ("at_least", rule.at_least, "<", Sentence(f"不低于 {rule.at_least}", f"at least {rule.at_least}")),
            ("at_most", rule.at_most, ">", Sentence(f"不高于 {rule.at_most}", f"at most {rule.at_most}")),
        ):
            if limit is not None and _compares(own.value, sign, limit):
                facts = {"name": own.name, "value": own.value, "bound": bound, "basis": rule.basis}
                first = binder.located_profile.located.place("parameters", k, key)
                yield binder.entry.finding("LOOSER_PARAMETER", ("parameters", n, "value"), Severity.ERROR, **facts, first=first)


def _compares(left: str, sign: str, right: str) -> bool:
    (one, kind), (other, bound_kind) = constant(left), constant(right)
    return kind == bound_kind and bool(evaluator(Binary(sign, one, other))({}))
