"""Every control kind and its guard: the one table a deny row is judged by.

An error inside a guard is a refusal (`CONTROL_ERROR`): a prohibition that cannot be evaluated prohibits.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sidecar.controls import (
    boundary,
    collective,
    delegation,
    discretion,
    draw,
    emergency,
    limitation,
    order,
    procedure,
    prohibitions,
    recusal,
    separation,
    signatures,
    splitting,
    tenure,
    tiers,
)
from sidecar.controls.context import ControlContext, Stop
from sidecar.power_list.control_kinds import ControlKind as Kind

Guard = Callable[[str, ControlContext], Stop | None]

GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        Kind.STATUS: boundary.status,
        Kind.LEVEL: boundary.level,
        Kind.EXCLUDES: boundary.excludes,
        Kind.REQUIRES: boundary.requires,
        Kind.AFTER: order.after,
        Kind.UNLESS_DONE: order.unless_done,
        Kind.TIMES: order.times,
        Kind.DISTINCT: separation.distinct,
        Kind.NOT_ALL: separation.not_all,
        Kind.PERSONS: separation.persons,
        Kind.INCOMPATIBLE: separation.incompatible,
        Kind.OFFICERS: signatures.officers,
        Kind.SIGNERS: signatures.signers,
        Kind.ODD: signatures.odd,
        Kind.EXPERTS: signatures.experts,
        Kind.MEMBERS: signatures.members,
        Kind.CREDENTIAL: signatures.credential,
        Kind.DELEGATES: delegation.delegates,
        Kind.RECUSAL: recusal.declared,
        Kind.PRINCIPAL_ALONE: tenure.principal_alone,
        Kind.TENURE: tenure.tenure,
        Kind.RECUSED: recusal.recused,
        Kind.RECUSAL_RULING: recusal.ruling,
        Kind.PRINCIPAL_OWN: recusal.principal_own,
        Kind.FORBIDS: prohibitions.forbids,
        Kind.GRADE: discretion.grade,
        Kind.GRADED: discretion.graded,
        Kind.NOT_HEAVIER: discretion.not_heavier,
        Kind.LIMITATION: limitation.limitation,
        # procedure
        Kind.QUORUM: collective.quorum,
        Kind.CHAIR_LAST: collective.chair_last,
        Kind.CHAIR_REASONS: collective.chair_reasons,
        Kind.DISSENT: collective.dissent,
        Kind.MEMBERS_RECUSED: collective.members_recused,
        Kind.COVERS_CASE: collective.covers_case,
        Kind.COVERS: collective.covers,
        Kind.EVIDENCE_WHEN: procedure.evidence_when,
        Kind.RECORDED: procedure.recorded,
        Kind.TIME_LEFT: procedure.time_left,
        Kind.OPEN_DAYS: procedure.open_days,
        Kind.CLOSED: procedure.closed,
        Kind.REFERS: procedure.refers,
        Kind.TIER: tiers.tier,
        Kind.SPLIT: splitting.split,
        Kind.EMERGENCY: emergency.emergency,
        Kind.TRUE_DRAW: draw.true_draw,
        Kind.DRAWN: draw.drawn,
    }
)


class Judge:
    """Judges the controls of one request, and keeps why it was stopped."""

    def __init__(self, context: ControlContext) -> None:
        self.context = context
        self._stops: dict[tuple[str, str], Stop] = {}

    def stops(self, control: str, arg: str) -> bool:
        """The Casbin function `stops(case, ctl, arg)`: the case is the judge."""
        try:
            stop = GUARDS[control](arg, self.context)
        except Exception:  # noqa: BLE001 - whatever went wrong inside, the prohibition stands
            stop = Stop("CONTROL_ERROR", {"control": control})
        if stop is None:
            return False
        self._stops[control, arg] = stop
        return True

    def answer(self, control: str, arg: str) -> Stop | None:
        """Why the control stopped the request, None where it did not or was not asked."""
        return self._stops.get((control, arg))
