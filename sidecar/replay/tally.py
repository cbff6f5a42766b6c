"""Counting what a replay found: by step, by officer, by code, and by what each control demands of which steps.

A control is *concerned* with a case in which the steps it speaks of happened: one step, or both steps where they must be done
by different persons. So a share can be given: refused in so many of the cases it could have been refused in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.decision.decision import Ground
from sidecar.decision.engine.effects import DENY
from sidecar.decision.policy import PolicySnapshot
from sidecar.power_list.control_kinds import ControlKind
from sidecar.replay.cases import Replayed

_ID, _CTL, _ARG = 0, 7, 8  # columns of a p row, as in policies/model.conf


class Demand(NamedTuple):
    """What a control demands, whichever of its rows says so. `kind` is the control, or the code where no row speaks; `steps` are
    those it speaks of, by id."""

    rule: str
    basis: str
    kind: str
    steps: tuple[str, ...]
    source: str

    @property
    def is_separation(self) -> bool:
        return self.kind in _OTHERS


@dataclass(slots=True)
class Count:
    """Of one demand: the cases in which its steps happened, and the cases and events it refused."""

    cases_concerned: int = 0
    cases_flagged: int = 0
    events_flagged: int = 0


class Tally:
    """The figures of one replay; cases are counted one after another. `demands` are those of the item, by row id."""

    def __init__(self, demands: Mapping[str, Demand]) -> None:
        self._demands = demands
        self.cases = self.cases_flagged = 0
        self.events = self.events_flagged = self.events_by_nobody = 0
        self.events_of_step, self.flagged_of_step = Counter[str](), Counter[str]()
        self.events_of_officer, self.flagged_of_officer = Counter[str](), Counter[str]()
        self.codes = Counter[str]()
        self.demands = {demand: Count() for demand in demands.values()}

    def counted(self, case: Iterable[Replayed]) -> Iterator[Replayed]:
        """The events of one more case, each counted as it passes."""
        happened: set[str] = set()
        refusing: dict[Demand, None] = {}
        before = self.events_flagged
        for replayed in case:
            happened.add(replayed.event.request.step)
            self._count(replayed)
            refusing |= self._count_refusal(replayed)
            yield replayed
        self.cases += 1
        self.cases_flagged += self.events_flagged > before
        for demand in refusing:
            self.demands[demand].cases_flagged += 1
        for demand, count in self.demands.items():
            count.cases_concerned += happened.issuperset(demand.steps)

    def _count(self, replayed: Replayed) -> None:
        request = replayed.event.request
        self.events += 1
        self.events_of_step[request.step] += 1
        self.events_of_officer[request.person] += 1
        self.events_by_nobody += replayed.decision is None

    def _count_refusal(self, replayed: Replayed) -> dict[Demand, None]:
        """The demands that refused an event, in the order of its grounds; none where it was allowed."""
        request, decision = replayed.event.request, replayed.decision
        if decision is None or decision.allowed:
            return {}
        self.events_flagged += 1
        self.flagged_of_step[request.step] += 1
        self.flagged_of_officer[request.person] += 1
        self.codes[decision.code] += 1
        refusing = dict.fromkeys([self._demand(ground, request.step) for ground in decision.grounds])
        for demand in refusing:
            self.demands.setdefault(demand, Count()).events_flagged += 1
        return refusing

    def _demand(self, ground: Ground, step: str) -> Demand:
        return self._demands.get(ground.row) or Demand(ground.rule, ground.basis, ground.code, (step,), ground.source)


def _none(_arg: str) -> Sequence[str]:
    return ()


# The other steps a control speaks of, in its argument.
_OTHERS: Mapping[str, Callable[[str], Sequence[str]]] = {
    ControlKind.DISTINCT: lambda arg: (arg,),
    ControlKind.NOT_ALL: lambda arg: arg.split("|"),
}


def demands_of(policy: PolicySnapshot, item: str) -> dict[str, Demand]:
    """What the controls of an item demand, by row id. The two rows of a separation are one demand."""
    facts = policy.items[item]
    found: dict[str, Demand] = {}
    for step in facts.steps:
        rows = policy.step(item, step)
        for row in rows.rows:
            if row[-2] == DENY:
                source = rows.sources[row[-1]]
                speaks_of = {step, *_OTHERS.get(row[_CTL], _none)(row[_ARG])}
                found[row[_ID]] = Demand(
                    source.rule, source.basis, row[_CTL], tuple(sorted(speaks_of)), f"{source.file}:{source.line}"
                )
    return found
