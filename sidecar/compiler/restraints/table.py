"""Every family of restraints, in the order in which a step's deny rows stand."""

from collections.abc import Callable, Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.compiler.restraints import (
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
    sums,
    tenure,
)

Family = Callable[[Binder, str, Plan], Iterator[Control]]

FAMILIES: tuple[Family, ...] = (
    boundary.standing,
    order.order,
    order.times,
    separation.pairs,
    separation.types_apart,
    separation.not_all,
    separation.distinct_persons,
    separation.incompatible,
    signatures.officers,
    delegation.delegation,
    recusal.declared,
    recusal.asked_for,
    recusal.principal_own,
    tenure.principal_alone,
    tenure.tenure,
    boundary.requirements,
    prohibitions.prohibitions,
    discretion.discretion,
    limitation.limitation,
    boundary.exclusions,
    # procedure
    collective.collective,
    procedure.evidence,
    procedure.recorded,
    procedure.time_left,
    procedure.open_days,
    procedure.review,
    procedure.ends,
    sums.tiers,
    sums.splitting,
    emergency.emergency,
    draw.draw,
)
