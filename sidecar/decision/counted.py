"""What a decision counts beyond its case: the ledgers it must be made on, and what it puts into them once it is allowed.

`decide()` gets ledgers as values. Who calls it reads those that `ledgers_for` names first, and commits `changes_for` with the
decision, so that both stand on the same versions.
"""

from collections.abc import Mapping
from datetime import datetime

from sidecar.case_history.history import CaseHistory
from sidecar.case_history.ledger import Ledger, LedgerChange
from sidecar.controls.context import EXERCISE, AccessRequest, ControlContext
from sidecar.controls.ledgers import KINDS, changes_of, counting, ledgers_of
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Personnel

_CTL, _ARG = 7, 8  # columns of a p row

NO_LEDGERS: Mapping[str, Ledger] = {}


def ledgers_for(
    policy: PolicySnapshot, personnel: Personnel, history: CaseHistory, request: AccessRequest, now: datetime
) -> tuple[str, ...]:
    """The names of the ledgers to decide on; none for most steps. One that cannot be judged yet names none, and is refused."""
    rows = _counting(policy, request)
    item = policy.item(request.item)
    if not rows or item is None:
        return ()
    organ = policy.organs[item.organ]
    return ledgers_of(rows, ControlContext(request, item, organ.level, history, personnel, now))


def changes_for(
    policy: PolicySnapshot,
    personnel: Personnel,
    history: CaseHistory,
    request: AccessRequest,
    now: datetime,
    ledgers: Mapping[str, Ledger],
    decision_id: str,
) -> tuple[LedgerChange, ...]:
    """What an allowed act changes. Signatures and votes count for nothing by themselves: the performance does."""
    item = policy.item(request.item)
    if not ledgers or item is None or request.intent != EXERCISE:
        return ()
    organ = policy.organs[item.organ]
    context = ControlContext(request, item, organ.level, history, personnel, now, ledgers)
    return changes_of(_counting(policy, request), context, decision_id)


def _counting(policy: PolicySnapshot, request: AccessRequest) -> tuple[tuple[str, str], ...]:
    step = policy.step(request.item, request.step)
    return () if step.controls.isdisjoint(KINDS) else counting([(row[_CTL], row[_ARG]) for row in step.rows])
