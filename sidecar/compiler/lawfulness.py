"""What the law demands of an item beside its profile: nothing added without a basis (优化营商环境条例 35)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sidecar.compiler.plan import Binder
from sidecar.messages import Sentence
from sidecar.power_list.findings import Finding, Severity
from sidecar.power_list.references import mentions_of_law


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """One demand of the law on an item bound to its profile: the rule it follows, what finds those that fall short, and what it
    calls them."""

    rule: str
    codes: tuple[str, ...]
    run: Callable[[Binder], Iterable[Finding]]


def unlawful(binder: Binder) -> Iterator[Finding]:
    """Every finding of every check, with its rule."""
    for check in BOUND_CHECKS:
        for finding in check.run(binder):
            yield replace(finding, rule=check.rule)


def unknown_steps(binder: Binder) -> Iterator[Finding]:
    """Of an item that takes its steps from the profile it is known only here whether a step exists."""
    for name, path in mentions_of_law(binder.entry.item):
        if name not in binder.plans:
            yield binder.entry.finding("UNKNOWN_STEP", path, step=name, near=", ".join(binder.plans))


def _added_without_basis(binder: Binder) -> Iterator[Finding]:
    """A step or a condition that the statute of the class does not ask for rests on an article of its own; what an office asks of
    itself inside the house is no burden on anybody."""
    if binder.entry.item.power_class == "internal":
        return
    for n, step in enumerate(binder.entry.item.steps):
        rules = [rule for rule, _ in binder.plans[step.id].rules]
        asked = {name for rule in rules for name in rule.requires}
        added = [name for name in step.requires if name not in asked]
        if step.basis or (rules and not added):
            continue
        told = ", ".join(added)
        what = Sentence(f"要件 {told}", f"the requirement {told}") if rules else Sentence("整个环节", "a whole step")
        yield binder.entry.finding("STEP_WITHOUT_BASIS", ("steps", n), Severity.WARNING, step=step.id, added=what)


def _notice_once(binder: Binder) -> Iterator[Finding]:
    """Where a decision may not be heavier than its notice, a new notice is the way forward; so it may be given again."""
    if not binder.entry.item.controls.discretion:
        return
    for n, step in enumerate(binder.entry.item.steps):
        if step.verb == "notify" and step.max_times == 1:
            yield binder.entry.finding("NOTICE_ONLY_ONCE", ("steps", n), Severity.WARNING, step=step.id)


BOUND_CHECKS: tuple[BoundCheck, ...] = (
    BoundCheck("EN-35", ("STEP_WITHOUT_BASIS",), _added_without_basis),
    BoundCheck("AP-45", ("NOTICE_ONLY_ONCE",), _notice_once),
)
