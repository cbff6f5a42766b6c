"""A higher risk grade never carries weaker controls than a lower one in the same class (等级高的风险点，制约不得弱于等级低的).

Steps of one class of power with one verb are compared: what restrains one is a set of restraints, each named so that items can
be held against each other (`officers 2`, `apart from 审查`). One is weaker than another when all that restrains it restrains the
other too, and something more does. Of sets of which neither holds the other nothing is said. What an act is about (requirements,
exclusions, level) is no measure of strength.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sidecar.compiler.plan import BoundItem, BoundStep, Control
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Finding, Place, Severity

_GRADES = tuple(words.RISK_GRADES)  # the highest first

Restraints = frozenset[str]
Verbs = Mapping[str, str]  # step → verb


def _signers(control: Control, _verbs: Verbs) -> Iterator[str]:
    """Three officers are two and one more."""
    number = control.arg.split("|", 1)[0]
    yield from (f"{n} 人 officers" for n in range(2, int(number) + 1)) if number.isdigit() else ()


def _verb(what: str) -> Callable[[Control, Verbs], Iterator[str]]:
    def named(control: Control, verbs: Verbs) -> Iterator[str]:
        verb = verbs.get(control.arg.split(":", 1)[0], "")
        yield f"{what} {words.label(words.VERBS, verb)}"

    return named


def _relations(control: Control, _verbs: Verbs) -> Iterator[str]:
    for part in control.arg.split("|"):
        name, _, years = part.partition("=")
        yield f"回避 recusal {words.label(words.RELATIONS, name)}"
        yield from (f"回避 recusal {words.label(words.RELATIONS, name)} {n} 年" for n in range(1, int(years or 0) + 1))


def _argument(what: str) -> Callable[[Control, Verbs], Iterator[str]]:
    return lambda control, _: iter([f"{what} {words.label(words.CREDENTIALS, control.arg)}"])


_NAMED: Mapping[str, Callable[[Control, Verbs], Iterator[str]]] = {
    Kind.OFFICERS: _signers,
    Kind.DISTINCT: _verb("分离 apart from"),
    Kind.AFTER: _verb("在后 after"),
    Kind.UNLESS_DONE: _verb("必要时在后 after, where required,"),
    Kind.RECUSAL: _relations,
    Kind.CREDENTIAL: _argument("持证 credential"),
}
_NO_MEASURE = frozenset({Kind.STATUS, Kind.LEVEL, Kind.REQUIRES, Kind.EXCLUDES, Kind.TIMES})


@dataclass(frozen=True, slots=True)
class _Graded:
    """One risk point: its grade, what restrains the step it lies in, and where it is written."""

    grade: int
    restraints: Restraints
    place: Place
    item: str
    step: str


def weaker_than_lower(items: Iterable[BoundItem]) -> Iterator[Finding]:
    """An error at each risk point that is restrained less than one of a lower grade, once for each such step."""
    for points in _alike(items).values():
        for point in points:
            lower = next((p for p in points if p.grade > point.grade and point.restraints < p.restraints), None)
            if lower:
                missing = "；".join(sorted(lower.restraints - point.restraints))
                facts = {
                    "step": point.step,
                    "grade": _label(point.grade),
                    "lower": _label(lower.grade),
                    "first": lower.place,
                    "other": f"{lower.item}.{lower.step}",
                    "missing": missing,
                }
                yield Finding("WEAKER_THAN_LOWER_GRADE", point.place, item=point.item, facts=facts, severity=Severity.ERROR)


def _label(grade: int) -> str:
    return words.label(words.RISK_GRADES, _GRADES[grade])


def _alike(items: Iterable[BoundItem]) -> Mapping[tuple[str, str], list[_Graded]]:
    """Risk points by class and verb, in the order of items."""
    alike: defaultdict[tuple[str, str], list[_Graded]] = defaultdict(list)
    for item in items:
        power, steps = item.entry.item, {step.id: step for step in item.steps}
        verbs = {step.id: step.verb for step in item.steps}
        for n, risk in enumerate(power.risk_points):
            step = steps.get(risk.step)
            if step:
                graded = _Graded(
                    _GRADES.index(risk.grade), _restraints(step, verbs), item.entry.place("risk_points", n), power.id, step.id
                )
                alike[power.power_class, step.verb].append(graded)
    return alike


def _restraints(step: BoundStep, verbs: Verbs) -> Restraints:
    found: set[str] = set()
    for control in step.controls:
        if control.kind not in _NO_MEASURE:
            found.update(_NAMED[control.kind](control, verbs) if control.kind in _NAMED else [control.kind.value])
    return frozenset(found)
