"""What is marked of an act and not refused: limits that are nearly or already over, and what profile and item flag besides.

A limit runs from the last of its first steps to the first of its last steps, and is watched at every step on the way and at its
end: who acts late is told so, and so is who acts in a case that is late already. What stops its clock is taken from the case.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sidecar.compiler.minimum_times import times_left, unfixed_times
from sidecar.compiler.plan import OWN_RULE, Binder, Flag
from sidecar.messages import noted
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import FlagKind
from sidecar.power_list.findings import Finding, Place, Severity
from sidecar.power_list.model import TimeLimit
from sidecar.power_list.timely import Deadline, RuledFlag

_BY_LAW = ("statutory", "rule")  # limits of an item that are not the organ's own
_RED, _YELLOW, _USUAL_SHARE = "red", "yellow", "4/5"
NOTHING = "-"


class _Limit(NamedTuple):
    """A limit between steps of the item, before it is spelt."""

    start: Sequence[str]
    end: Sequence[str]
    n: str
    unit: str
    over: str
    remind_at: str
    extension: str
    place: Place
    rule: str
    basis: str
    of_law: bool

    @property
    def spelt(self) -> str:
        start, end = "|".join(self.start), "|".join(self.end)
        return ":".join([start, end, self.n, self.unit, self.over, self.remind_at, self.extension])


def flags_by_step(binder: Binder) -> dict[str, list[Flag]]:
    """The flags of every step; limits, which are watched at several, first."""
    found: dict[str, list[Flag]] = {step_id: [] for step_id in binder.plans}
    for step_ids, flag in _limit_flags(binder):
        for step_id in step_ids:
            found[step_id].append(flag)
    for step_id, its in found.items():
        its += [flag for family in (_noted, _too_early, _unrecorded, _former_staff) for flag in family(binder, step_id)]
    return found


def flawed_flags(binder: Binder) -> Iterator[Finding]:
    """Limits of the item that nothing could watch: they begin with, or are extended by, a step that it does not have."""
    for key, limit in _time_limits(binder):
        if not _started(binder, limit):
            yield binder.entry.finding("LIMIT_UNWATCHED", ("time_limits", key), Severity.WARNING, start=limit.start or "-")
        if limit.extension and not _extending(binder, limit):
            yield binder.entry.finding("LIMIT_NEVER_EXTENDED", ("time_limits", key, "extension"), Severity.WARNING)
    place, leaving = binder.located_profile.located.place, binder.profile.former_staff
    for n, rule in enumerate(binder.profile.deadlines):
        for text in filter(None, (rule.limit, rule.extended_by)):
            yield from binder.unfixed(text, place("deadlines", n))
    for text in (leaving.leader, leaving.other) if leaving else ():
        yield from binder.unfixed(text, place("former_staff"))
    yield from unfixed_times(binder)


# -- limits ----------------------------------------------------------------------------------------------------------


def _limit_flags(binder: Binder) -> Iterator[tuple[set[str], Flag]]:
    """Each limit with the steps at which it is watched."""
    of_law, of_item = _spelt_stops(binder)
    for limit in _limits(binder):
        stops = of_law if limit.of_law else of_item
        yield _watched(binder, limit), Flag(FlagKind.LIMIT, f"{limit.spelt}:{stops}", limit.place, limit.rule, limit.basis)


def _limits(binder: Binder) -> Iterator[_Limit]:
    """The law's before the item's: the same limit to the same end is watched once, in the words of the law."""
    seen: set[tuple[str, ...]] = set()
    for limit in (*_of_statutes(binder), *_of_steps(binder), *_of_item(binder)):
        known_by = (limit.n, limit.unit, *limit.end)
        if known_by not in seen:
            seen.add(known_by)
            yield limit


def _watched(binder: Binder, limit: _Limit) -> set[str]:
    """The last steps, and those that lie between the first ones and them."""
    watched = set(limit.end)
    queue = list(limit.end)
    while queue:
        between = (binder.waits_for(queue.pop()) & binder.plans.keys()) - watched - set(limit.start)
        watched |= between
        queue += between
    return watched


def _of_statutes(binder: Binder) -> Iterator[_Limit]:
    for n, rule in enumerate(binder.profile.deadlines):
        start, end, length = binder.steps_of(rule.start), binder.steps_of(rule.end), binder.fixed(rule.limit)
        if start and end and length:
            number, unit = length
            place = binder.located_profile.located.place("deadlines", n)
            extension = _statutory_extension(binder, rule, unit)
            yield _Limit(
                start, end, number, unit, rule.over, rule.remind_at, extension, place, rule.rule, rule.basis, of_law=True
            )


def _statutory_extension(binder: Binder, rule: Deadline, unit: str) -> str:
    more = binder.fixed(rule.extended_by) if rule.extended_by else None
    steps = binder.steps_of([rule.extension]) if rule.extension else ()
    return f"{'|'.join(steps)}+{more[0]}" if more and steps and more[1] == unit else NOTHING


def _of_steps(binder: Binder) -> Iterator[_Limit]:
    """From the steps before one to itself: an item's own limit is the office's, a profile's the law's."""
    for name, plan in binder.plans.items():
        own = plan.own
        for rule, place in plan.rules:
            start = binder.steps_of(rule.after)
            if start and rule.limit and rule.limit.n is not None and rule.limit.unit:
                n, unit = str(rule.limit.n), rule.limit.unit
                yield _Limit(start, [name], n, unit, _RED, _USUAL_SHARE, NOTHING, place, rule.rule, rule.basis, of_law=True)
        if own and own.after and own.limit and own.limit.n is not None and own.limit.unit:
            place, (rule_id, basis) = binder.step_place(name, "limit"), binder.words_of(own)
            known = [prior for prior in own.after if prior in binder.plans]
            n, unit = str(own.limit.n), own.limit.unit
            yield _Limit(known, [name], n, unit, _YELLOW, _USUAL_SHARE, NOTHING, place, rule_id, basis, of_law=False)


def _of_item(binder: Binder) -> Iterator[_Limit]:
    """From what the item says to its last deciding step."""
    deciding = [name for name, plan in binder.plans.items() if plan.head.verb == "decide"]
    for key, limit in _time_limits(binder):
        start = _started(binder, limit)
        if not deciding or not start:
            continue
        over = limit.over or (_RED if key in _BY_LAW else _YELLOW)
        extending = _extending(binder, limit)
        extension = f"{'|'.join(extending)}+{limit.extension.n}" if limit.extension and extending else NOTHING
        place, basis = binder.entry.place("time_limits", key), limit.basis or binder.own_basis
        n, remind_at = str(limit.n), limit.remind_at
        yield _Limit(start, deciding[-1:], n, limit.unit, over, remind_at, extension, place, OWN_RULE, basis, of_law=False)


def _time_limits(binder: Binder) -> Iterator[tuple[str, TimeLimit]]:
    limits = binder.entry.item.time_limits
    for key, limit in (("statutory", limits.statutory), ("rule", limits.rule), ("promised", limits.promised)):
        if limit is not None:
            yield key, limit


def _started(binder: Binder, limit: TimeLimit) -> list[str]:
    """The steps with which a limit begins; none where nothing of the item fits what is said."""
    if limit.start is None:
        return list(binder.plans)[:1]
    if limit.start in binder.plans:
        return [limit.start]
    verb = words.LIMIT_STARTS.get(limit.start)
    return [name for name, plan in binder.plans.items() if plan.head.verb == verb]


def _extending(binder: Binder, limit: TimeLimit) -> list[str]:
    named = limit.extension.step if limit.extension else None
    if named:
        return [named] if named in binder.plans else []
    return [name for name, plan in binder.plans.items() if plan.head.verb == "extend"]


def _spelt_stops(binder: Binder) -> tuple[str, str]:
    """What stops the clock of the law's limits, and of the item's: an item cannot stop the law's clock."""
    spelt: list[str] = []
    for stop in binder.profile.stops:
        start, end = binder.steps_of([stop.start]), binder.steps_of([stop.end])
        spelt += [f"{start[0]}>{end[0]}"] if start and end else []
    own = [stop for stop in binder.entry.item.time_limits.stops if {stop.start, stop.end} <= binder.plans.keys()]
    more = [*spelt, *(f"{stop.start}>{stop.end}" for stop in own)]
    return "|".join(spelt) or NOTHING, "|".join(dict.fromkeys(more)) or NOTHING


# -- other flags -----------------------------------------------------------------------------------------------------


def _noted(binder: Binder, step_id: str) -> Iterator[Flag]:
    for rule, place in ruled_flags(binder, step_id):
        condition = binder.expression(rule.when)
        if condition:
            note = noted(rule.reason, rule.reason_en)
            yield Flag(FlagKind.NOTED, f"{rule.grade}:{condition.row}", place, rule.rule, rule.basis, note, condition.names)


def ruled_flags(binder: Binder, step_id: str) -> Iterator[tuple[RuledFlag, Place]]:
    """The flags of profile and item that speak of a step."""
    for n, rule in enumerate(binder.profile.flags):
        if step_id in binder.steps_of(rule.steps):
            yield rule, binder.located_profile.located.place("flags", n)
    for n, rule in enumerate(binder.entry.item.flags):
        if step_id in rule.steps:
            yield rule, binder.entry.place("flags", n)


def _too_early(binder: Binder, step_id: str) -> Iterator[Flag]:
    for left in times_left(binder, step_id):
        rule = left.rule
        if rule.refused_as is None:
            yield Flag(FlagKind.EARLY, f"{rule.grade}:{left.spelt}", left.place, rule.rule, rule.basis, reads=left.reads)


def _unrecorded(binder: Binder, step_id: str) -> Iterator[Flag]:
    rule = binder.profile.recorded
    if rule and step_id in binder.steps_of(rule.steps):
        yield Flag(FlagKind.UNRECORDED, rule.evidence, binder.located_profile.located.place("recorded"), rule.rule, rule.basis)


def _former_staff(binder: Binder, step_id: str) -> Iterator[Flag]:
    rule = binder.profile.former_staff
    leader, other = (binder.fixed(rule.leader), binder.fixed(rule.other)) if rule else (None, None)
    if rule and leader and other and step_id in binder.steps_of(rule.steps):
        place = binder.located_profile.located.place("former_staff")
        yield Flag(FlagKind.FORMER_STAFF, f"{leader[0]}:{other[0]}", place, rule.rule, rule.basis)
