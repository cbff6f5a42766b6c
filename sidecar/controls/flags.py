"""What is marked of an act that is let pass: a limit that is nearly or already over, a condition worth a second look.

Nothing here refuses (限时办结是提醒，不是锁): an authority that is late still owes its decision (行政许可法 42, 行政处罚法 60). A
limit runs from the last act of its first steps; it is kept by the first act of its last ones. Its clock stands still from the act
that begins a special procedure to the act that ends it (行政许可法 45), and each extension that was allowed makes it longer.

A flag that cannot be judged says so, in blue: silence would read as "in order".
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from sidecar.case_history.history import PERFORMED, REFUSE, ActRecorded
from sidecar.controls.context import EXERCISE, ControlContext
from sidecar.controls.order import AFTER_REFUSAL
from sidecar.expressions.meaning import read_row
from sidecar.expressions.measures import MEASURES
from sidecar.messages import Sentence
from sidecar.power_list.control_kinds import FlagKind as Kind
from sidecar.timekeeping.limits import Limit, Stop, months_after

BLUE, YELLOW, RED = "blue", "yellow", "red"


class Marked(NamedTuple):
    """What is marked: its grade, its code, and what its sentence is told with. `due` is the last day of a limit, ISO 8601."""

    grade: str
    code: str
    facts: tuple[tuple[str, object], ...] = ()
    due: str = ""


class _Spelt(NamedTuple):
    """A limit as its row spells it."""

    start: tuple[str, ...]
    end: tuple[str, ...]
    limit: Limit
    over: str
    remind_at: Fraction
    extending: tuple[str, ...]
    more: int
    stops: tuple[tuple[str, str], ...]


def limit(arg: str, context: ControlContext) -> Marked | None:
    """`arg`: `start|…:end|…:n:unit:over:remind at:step|…+n:from>to|…`, `-` for no extension and for no stops."""
    spelt = _spelt(arg)
    since = _since(spelt.start, context)
    if not since or any(act.step in spelt.end for act in since[1:]):
        return None
    began = since[0]
    if began.outcome == REFUSE and context.verb(spelt.end[0]) not in AFTER_REFUSAL:
        return None
    n = spelt.limit.n + spelt.more * sum(1 for act in since if act.step in spelt.extending)
    start = datetime.fromisoformat(began.time)
    stops = _stopped(spelt.stops, since)
    stand = context.deadlines.stand(start, Limit(n, spelt.limit.unit), context.now, stops, spelt.remind_at)
    if stand is None or not (stand.late or (stand.near and n)):
        return None
    unit = MEASURES[spelt.limit.unit].label
    facts = (
        ("end", "、".join([context.step_name(step) for step in spelt.end])),
        ("start", context.step_name(began.step)),
        ("began", start.date()),
        ("due", stand.last_day),
        ("limit", Sentence(f"{n} {unit.zh}", f"{n} {unit.en}")),
    )
    grade, code = (spelt.over, "LIMIT_OVER") if stand.late else (BLUE, "LIMIT_NEAR")
    return Marked(grade, code, facts, stand.last_day.isoformat())


def noted(arg: str, context: ControlContext) -> Marked | None:
    """`arg`: `grade:condition`."""
    grade, _, text = arg.partition(":")
    condition = read_row(text)
    holds = condition.holds(context.facts)
    if holds is None:
        return Marked(BLUE, "NOT_JUDGED", (("missing", ", ".join(condition.unknown(context.facts))),))
    return Marked(grade, "NOTED") if holds else None


def early(arg: str, context: ControlContext) -> Marked | None:
    """`arg`: `grade:step|…:n:unit:condition` — a time of n units is over when a limit of n units would be."""
    grade, steps, number, unit, unless = arg.split(":")
    since = _since(steps.split("|"), context)
    if not since or context.request.intent != EXERCISE:
        return None
    stand = context.deadlines.stand(datetime.fromisoformat(since[0].time), Limit(int(number), unit), context.now)
    if stand is None or stand.late or read_row(unless).holds(context.facts):
        return None
    label = MEASURES[unit].label
    said = Sentence(f"{number} {label.zh}", f"{number} {label.en}")
    return Marked(grade, "TOO_EARLY", (("start", context.step_name(since[0].step)), ("limit", said), ("until", stand.last_day)))


def unrecorded(arg: str, context: ControlContext) -> Marked | None:
    """`arg`: the evidence. A co-signature or vote is part of the act it goes with, and needs no record of its own."""
    if context.request.intent != EXERCISE or arg in context.request.evidence:
        return None
    return Marked(RED, "UNRECORDED", (("evidence", arg),))


def former_staff(arg: str, context: ControlContext) -> Marked | None:
    """`arg`: `months:months` — of leaders, of others. The last day of the term still counts (公务员法 107)."""
    leader, other = (int(months) for months in arg.split(":"))
    for left in context.personnel.leavers(context.party) if context.party else ():
        until = months_after(left.left, leader if left.leading else other)
        if left.organ == context.item.organ and left.left <= context.day <= until:
            return Marked(YELLOW, "FORMER_STAFF", (("left", left.left), ("until", until)))
    return None


FLAGS: Mapping[str, Callable[[str, ControlContext], Marked | None]] = MappingProxyType(
    {
        Kind.LIMIT: limit,
        Kind.NOTED: noted,
        Kind.EARLY: early,
        Kind.UNRECORDED: unrecorded,
        Kind.FORMER_STAFF: former_staff,
    }
)


def marked(kind: str, arg: str, context: ControlContext) -> Marked | None:
    """What a flag row marks; a row that cannot be judged is marked as such and stops nobody."""
    try:
        return FLAGS[kind](arg, context)
    except Exception:  # noqa: BLE001 - whatever is wrong with a row, an allow is not lost over a mark
        return Marked(YELLOW, "NOT_JUDGED", (("missing", f"{kind}:{arg}"),))


def _since(steps: Sequence[str], context: ControlContext) -> list[ActRecorded]:
    """The performances that stand, from the last one of the steps on; none where there is none."""
    revoked, acts = context.revoked, context.history.acts
    for n in range(len(acts) - 1, -1, -1):
        act = acts[n]
        if act.step in steps and act.kind == PERFORMED and act.decision_id not in revoked:
            return [act, *[a for a in acts[n + 1 :] if a.kind == PERFORMED and a.decision_id not in revoked]]
    return []


def _stopped(stops: Sequence[tuple[str, str]], acts: Sequence[ActRecorded]) -> list[Stop]:
    """The times that do not count; of one that has not ended the clock still stands."""
    spans: list[Stop] = []
    for begin, end in stops:
        open_since: datetime | None = None
        for act in acts:
            if act.step == begin and open_since is None:
                open_since = datetime.fromisoformat(act.time)
            elif act.step == end and open_since is not None:
                spans.append(Stop(open_since, datetime.fromisoformat(act.time)))
                open_since = None
        if open_since is not None:
            spans.append(Stop(open_since, None))
    return spans


@lru_cache(maxsize=4096)
def _spelt(arg: str) -> _Spelt:
    start, end, n, unit, over, share, extension, stops = arg.split(":")
    extending, _, more = extension.partition("+")
    return _Spelt(
        tuple(start.split("|")),
        tuple(end.split("|")),
        Limit(int(n), unit),
        over,
        Fraction(share),
        tuple(extending.split("|")) if more else (),
        int(more or 0),
        tuple([(begin, until) for begin, _sign, until in (stop.partition(">") for stop in stops.split("|")) if until]),
    )
