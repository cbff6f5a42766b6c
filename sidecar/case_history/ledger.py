"""What is counted across cases: a ledger is a fold of what decisions put into it.

Some controls look beyond one case. A purchase split to stay under a threshold shows only in a running total (政府采购法实施条例
第二十八条: amounts of one budget item and category in one year), and an emergency whose approval is overdue only among a unit's
other acts (行政强制法第十九条). Such a control names a ledger by a text that says what is counted together, like
`split:<item>:<values>` or `emergency:<unit>`, decides on it at one version, and commits its change together with the case: if
either moved on meanwhile, neither is stored and the request is decided again.

An entry belongs to the decision that made it. It is settled when what was due has been done (the emergency was approved in time
or late), and withdrawn when its act failed after all: a failed act does not count, as in its case.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

_encode = msgspec.json.Encoder().encode

MAX_CHANGES = 10_000  # of one ledger; bounds the work of one decision. Let its id name the year.


class LedgerEntry(msgspec.Struct, frozen=True):
    """What one decision counts for. Moments are ISO 8601 with offset; `due` is empty where nothing is to follow, `settled` while
    it has not."""

    decision_id: str
    case_id: str
    kind: str
    amount: int = 0
    time: str = ""
    due: str = ""
    settled: str = ""


class LedgerChange(msgspec.Struct, frozen=True):
    """What a commit does to one ledger that it was decided on at `expected_version`. `settle` and `withdraw` name the decisions
    whose entries are meant; `time` is the moment they are settled in. One that changes nothing only proves the version. A commit
    has one change of a ledger at most."""

    ledger_id: str
    expected_version: int
    add: tuple[LedgerEntry, ...] = ()
    settle: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    time: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.add or self.settle or self.withdraw)


class Ledger(msgspec.Struct, frozen=True):
    """A ledger at one version. Versions only grow; what they count is the store's affair."""

    ledger_id: str
    version: int = 0
    entries: tuple[LedgerEntry, ...] = ()

    @property
    def digest(self) -> str:
        """Of what is counted, 64 hexadecimal digits: equal ledgers have equal digests, however many versions they had."""
        return hashlib.sha256(_encode(self.entries)).hexdigest()

    def total(self, *, since: datetime | None = None, kind: str = "") -> int:
        """The sum of the amounts, of one kind and from a moment on where these are given."""
        return sum(entry.amount for entry in self.entries if _counts(entry, since, kind))

    def open_entries(self, kind: str = "") -> tuple[LedgerEntry, ...]:
        """Entries of which something is due and not yet settled."""
        return tuple([e for e in self.entries if e.due and not e.settled and kind in ("", e.kind)])

    def overdue(self, now: datetime, kind: str = "") -> tuple[LedgerEntry, ...]:
        """Open entries whose moment has come: a term ends with it, [time, due)."""
        return tuple([entry for entry in self.open_entries(kind) if datetime.fromisoformat(entry.due) <= now])


def amend(ledger: Ledger, change: LedgerChange) -> Ledger:
    """The ledger after a change. An entry that is not there is neither settled nor withdrawn."""
    if change.is_empty:
        return ledger
    kept = [_settled(entry, change) for entry in ledger.entries if entry.decision_id not in change.withdraw]
    return replace(ledger, version=ledger.version + 1, entries=(*kept, *change.add))


def fold_changes(ledger_id: str, changes: Iterable[LedgerChange]) -> Ledger:
    """The ledger from its first change on."""
    ledger = Ledger(ledger_id)
    for change in changes:
        ledger = amend(ledger, change)
    return ledger


def _settled(entry: LedgerEntry, change: LedgerChange) -> LedgerEntry:
    due = entry.decision_id in change.settle and not entry.settled
    return replace(entry, settled=change.time) if due else entry


def _counts(entry: LedgerEntry, since: datetime | None, kind: str) -> bool:
    return kind in ("", entry.kind) and (since is None or datetime.fromisoformat(entry.time) >= since)
