"""Which ledgers a request is decided on, and what an act that is allowed puts into them.

A control that looks beyond its case names a ledger in its row. Before a decision these are read; with it they are changed, so
that nobody slips past a running total or an open debt by asking twice at once. The act keeps the names of its ledgers: what
failed afterwards, or was revoked, is taken out of them again.

    split        the sum of this act is added to the total of its group and year          (政府采购法实施条例 28)
    emergency    an act without its approval is a debt, due within the term               (行政强制法 19)
                 the approval settles what its case owes
    refers       who revokes a decision takes out what it had put in
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from sidecar.case_history.history import ActRecorded
from sidecar.case_history.ledger import Ledger, LedgerChange, LedgerEntry
from sidecar.controls.context import ControlContext
from sidecar.controls.emergency import EMERGENCY, read_emergency
from sidecar.controls.splitting import AMOUNT, read_split
from sidecar.power_list.control_kinds import ControlKind as Kind


class Change(NamedTuple):
    """What one control does to one ledger."""

    add: tuple[LedgerEntry, ...] = ()
    settle: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()


REVOKED = "revoked "  # before the kind of an entry whose decision was revoked: it counts for nothing
Ids = Callable[[str, ControlContext], Iterable[str]]
Changes = Callable[[str, ControlContext, Ledger, str], Change]


def _split_ids(arg: str, context: ControlContext) -> Iterable[str]:
    return filter(None, (read_split(arg).ledger_id(context),))


def _split(arg: str, context: ControlContext, _ledger: Ledger, decision_id: str) -> Change:
    amount = read_split(arg).amount(context)
    return Change(add=(_entry(context, decision_id, AMOUNT, amount or 0),))


def _emergency_ids(arg: str, context: ControlContext) -> Iterable[str]:
    emergency = read_emergency(arg)
    return (emergency.ledger_id,) if emergency.concerns(context) else ()


def _emergency(arg: str, context: ControlContext, ledger: Ledger, decision_id: str) -> Change:
    emergency = read_emergency(arg)
    if context.request.step == emergency.approval:
        own = [entry.decision_id for entry in ledger.open_entries(EMERGENCY) if entry.case_id == context.request.case_id]
        return Change(settle=tuple(own))
    due = context.now + timedelta(hours=emergency.hours)
    return Change(add=(replace(_entry(context, decision_id, EMERGENCY, 1), due=_moment(due)),))


def _revoked(context: ControlContext) -> Iterable[ActRecorded]:
    return (act for act in context.history.acts if act.decision_id == context.request.corrects)


def _refers_ids(arg: str, context: ControlContext) -> Iterable[str]:
    return (name for act in _revoked(context) for name in act.ledgers) if arg == "revoke" else ()


def _refers(_arg: str, context: ControlContext, ledger: Ledger, _decision_id: str) -> Change:
    """What a revoked decision counted is kept under another kind, in case the revocation fails."""
    revoked = [entry for entry in ledger.entries if entry.decision_id == context.request.corrects]
    kept = tuple([replace(entry, kind=REVOKED + entry.kind) for entry in revoked])
    return Change(add=kept, withdraw=(context.request.corrects,))


_LEDGERS: Mapping[str, tuple[Ids, Changes]] = MappingProxyType(
    {
        Kind.SPLIT: (_split_ids, _split),
        Kind.EMERGENCY: (_emergency_ids, _emergency),
        Kind.REFERS: (_refers_ids, _refers),
    }
)

KINDS = frozenset(_LEDGERS)
Rows = Iterable[tuple[str, str]]  # kind and argument of controls


def counting(rows: Rows) -> tuple[tuple[str, str], ...]:
    """Those of a step's controls that look beyond the case; most steps have none."""
    return tuple([(kind, arg) for kind, arg in rows if kind in _LEDGERS])


def ledgers_of(rows: Rows, context: ControlContext) -> tuple[str, ...]:
    """The names of the ledgers a request is decided on."""
    return tuple(dict.fromkeys(name for kind, arg in rows for name in _LEDGERS[kind][0](arg, context)))


def changes_of(rows: Rows, context: ControlContext, decision_id: str) -> tuple[LedgerChange, ...]:
    """What an act that is allowed does to the ledgers it was decided on; a change that changes nothing proves the version."""
    found: dict[str, list[Change]] = {}
    for kind, arg in rows:
        ids, change = _LEDGERS[kind]
        for name in ids(arg, context):
            found.setdefault(name, []).append(change(arg, context, context.ledgers[name], decision_id))
    return tuple([_together(context.ledgers[name], changes, _moment(context.now)) for name, changes in found.items()])


def _together(ledger: Ledger, changes: Iterable[Change], time: str) -> LedgerChange:
    all_ = list(changes)
    return LedgerChange(
        ledger.ledger_id,
        ledger.version,
        tuple([entry for change in all_ for entry in change.add]),
        tuple([name for change in all_ for name in change.settle]),
        tuple([name for change in all_ for name in change.withdraw]),
        time,
    )


def undone(ledger: Ledger, case_id: str, act: ActRecorded, time: str) -> LedgerChange:
    """What the failure of an act does to one of its ledgers: its own entries are withdrawn, what it settled is due again, and
    what it revoked counts again."""
    again = [replace(e, settled="") for e in ledger.entries if e.case_id == case_id and e.settled == act.time]
    revoked = [e for e in ledger.entries if act.corrects and e.decision_id == act.corrects and e.kind.startswith(REVOKED)]
    again += [replace(e, kind=e.kind.removeprefix(REVOKED)) for e in revoked]
    withdrawn = (act.decision_id, *[entry.decision_id for entry in again])
    return LedgerChange(ledger.ledger_id, ledger.version, tuple(again), (), withdrawn, time)


def _entry(context: ControlContext, decision_id: str, kind: str, amount: int) -> LedgerEntry:
    return LedgerEntry(decision_id, context.request.case_id, kind, amount, _moment(context.now))


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
