"""What the profile asks of bodies that decide together, of sums and of ends of cases, and the item weakens; all else is told
in `compiler/tightening.py`."""

from collections.abc import Iterable, Iterator
from typing import Any

from sidecar.compiler.plan import Binder
from sidecar.compiler.restraints.collective import DELIBERATE, chairs_of
from sidecar.compiler.restraints.sums import doubtful_sums
from sidecar.power_list.findings import Finding, Severity
from sidecar.power_list.shares import share_of


def loosenings(binder: Binder) -> Iterator[Finding]:
    yield from _collective(binder)
    yield from doubtful_sums(binder)
    for n, step in enumerate(binder.entry.item.steps):
        for rule, place in binder.plans[step.id].rules:
            if rule.closes and step.closes is False:
                yield binder.entry.finding("LOOSER_CLOSES", ("steps", n, "closes"), step=step.id, basis=rule.basis, first=place)


def chairless_by_profile(binders: Iterable[Binder]) -> Iterator[Finding]:
    """Once for each organ: its items that say nothing of the meeting their profile asks for, and nobody presides there."""
    lacking: dict[str, list[Binder]] = {}
    for binder in binders:
        if binder.entry.item.controls.collective is None and _lacks_chair(binder):
            lacking.setdefault(binder.entry.organ.organ.id, []).append(binder)
    for found in lacking.values():
        yield found[0].entry.finding("NO_CHAIR_BY_PROFILE", ("controls", "collective"), Severity.WARNING, n=len(found))


def _deliberates(binder: Binder) -> bool:
    return any(plan.head.verb == DELIBERATE for plan in binder.plans.values())


def _lacks_chair(binder: Binder) -> bool:
    """Whether the step that deliberates has its chair speak last, and there is no chair."""
    rules, own = binder.profile.collective, binder.entry.item.controls.collective
    chair_last = bool((rules and rules.chair_last) or (own and own.chair_last))
    return _deliberates(binder) and chair_last and not chairs_of(binder)


def _collective(binder: Binder) -> Iterator[Finding]:
    """Shares below the profile's, rules of the meeting switched off, a chair who cannot be found."""
    rules, own, entry = binder.profile.collective, binder.entry.item.controls.collective, binder.entry
    if own and not _deliberates(binder):
        yield entry.finding("NOTHING_DELIBERATED", ("controls", "collective"))
    if own and _lacks_chair(binder):
        yield entry.finding("NO_CHAIR", ("controls", "collective"), Severity.WARNING)
    if not rules or not own:
        return
    for key, rule in (("quorum", rules.quorum), ("majority", rules.majority)):
        written = getattr(own, key)
        if written and share_of(written) < share_of(rule.share):
            place = binder.located_profile.located.place("collective", key)
            facts: dict[str, Any] = {"key": key, "written": written, "required": rule.share, "basis": rule.basis, "first": place}
            yield entry.finding("LOOSER_SHARE", ("controls", "collective", key), **facts)
    for key in ("chair_last", "record_dissent"):
        rule = getattr(rules, key)
        if rule and getattr(own, key) is False:
            place = binder.located_profile.located.place("collective", key)
            yield entry.finding("LOOSER_MEETING", ("controls", "collective", key), key=key, basis=rule.basis, first=place)
