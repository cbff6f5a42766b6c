"""Times that must be left between two steps, so that time given to somebody is really theirs.

Seven working days for the legality review of a draft (重大行政决策程序暂行条例第二十六条), a week between notice and hearing. A
shorter one is marked, or refused where that is written.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sidecar.compiler.plan import Binder
from sidecar.power_list.control_kinds import NEVER
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.timely import MinimumTime


class TimeLeft(NamedTuple):
    """One such time at one step of the item, as its row spells it behind the grade or the code."""

    rule: MinimumTime
    spelt: str
    place: Place
    reads: frozenset[str]


def times_left(binder: Binder, step_id: str) -> Iterator[TimeLeft]:
    """What profile and item ask of the step. A profile asks nothing of an item that has no step to begin with."""
    for rule, start, before, place in _written(binder):
        fixed = binder.fixed(rule.at_least)
        unless = binder.expression(rule.unless) if rule.unless else None
        if step_id in before and start and fixed and (unless or not rule.unless):
            n, unit = fixed
            condition, reads = (unless.row, unless.names) if unless else (NEVER, frozenset[str]())
            yield TimeLeft(rule, f"{'|'.join(start)}:{n}:{unit}:{condition}", place, reads)


def unfixed_times(binder: Binder) -> Iterator[Finding]:
    for rule, _, _, place in _written(binder):
        yield from binder.unfixed(rule.at_least, place)


def _written(binder: Binder) -> Iterator[tuple[MinimumTime, Sequence[str], Sequence[str], Place]]:
    """Each with the item's steps it begins at and stands before, and where it is written."""
    for n, rule in enumerate(binder.profile.minimum_times):
        start, before = binder.steps_of([rule.start]), binder.steps_of(rule.before)
        yield rule, start, before, binder.located_profile.located.place("minimum_times", n)
    for n, rule in enumerate(binder.entry.item.minimum_times):
        yield rule, [rule.start], rule.before, binder.entry.place("minimum_times", n)
