"""The record and the case store: one port, because a decision and its case event are committed together or not at all.

Promises of `commit`, for every store:
  * When it returns `Committed`, entry, case event and request identifier are durable (fsync, or the shared store's
    acknowledgement) and MUST be found after a crash. An allow MUST NOT be answered before.
  * All of one commit is stored or nothing is. Entries are never changed, reordered or dropped afterwards.
  * Commits of a case are linearizable: if the case is not at `expected_version`, VersionConflictError is raised and nothing
    is stored, whether the commit carries an event or not. So a decision always stands on the history it was made on.
  * The same holds for each ledger the commit names: one that is not at its `expected_version` stops the whole commit.
  * A request key that is already known stores nothing and returns `Replayed` with what was stored under it first.
  * A commit that was decided under another epoch than the one the store was told last raises StalePolicyError, and one whose
    window does not hold the store's own time OutsideWindowError; nothing is stored.
  * A case or ledger that is behind what this store's own log holds, or tells it differently, raises StateRolledBackError.
  * When durability cannot be promised it raises StoreError. After a failed sync it raises for ever: stop and recover.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from sidecar.case_history.history import CaseEvent, CaseHistory
from sidecar.case_history.ledger import Ledger, LedgerChange
from sidecar.decision_log.entry import Entry, FilledEntry
from sidecar.ports.telling import Then


class RequestKey(NamedTuple):
    """Identifies a request for retries: the caller's name and its request identifier."""

    caller: str
    request_id: str


class Epoch(NamedTuple):
    """What a decision was judged by: the digest of the policies, and which turn of policies and registers in this process."""

    policy: str
    turn: int


class Window(NamedTuple):
    """When what a decision rests on is in force, [since, until) in milliseconds since the epoch."""

    since_ms: int
    until_ms: int

    def holds(self, now_ms: int) -> bool:
        return self.since_ms <= now_ms < self.until_ms


class Commit(NamedTuple):
    """One thing to make durable. `act` is a digest of what was asked, `answer` the bytes a retry gets. `expected_digest` is the
    case's digest at the expected version, where it is known. A commit that changes a ledger carries an event. `stored_event`
    are the event's bytes and `digest` the case's digest with it, where they were made already on that expected digest. One that
    is `patient` may be held for some milliseconds, to become durable together with another; whoever waits for it is told then."""

    entry: Entry | FilledEntry
    case_id: str = ""
    expected_version: int = 0
    event: CaseEvent | None = None
    key: RequestKey | None = None
    act: str = ""
    answer: bytes = b""
    ledgers: tuple[LedgerChange, ...] = ()
    expected_digest: str = ""
    epoch: Epoch | None = None
    window: Window | None = None
    stored_event: bytes = b""
    digest: str = ""
    patient: bool = False


class Committed(NamedTuple):
    """`seq` is the entry's place in the log, from 1."""

    seq: int


class Replayed(NamedTuple):
    """The key was known: what was asked under it, and what was answered."""

    act: str
    answer: bytes


class Filter(NamedTuple):
    """Which entries a reader wants; empty fields do not restrict. Times are milliseconds since the epoch, [since, until); days
    are those of the service's time zone, `2026-11-25`, [since, until). Of `items` and `units` one must fit. `rule` is one that
    refused; `text` stands anywhere in the item's name, the reason, an article, or the detail of an outcome."""

    officer: str = ""
    item: str = ""
    case_id: str = ""
    code: str = ""
    decision: str = ""
    kind: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    post: str = ""
    unit: str = ""
    step: str = ""
    caller: str = ""
    party: str = ""
    rule: str = ""
    text: str = ""
    since_day: str = ""
    until_day: str = ""
    items: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


# By what decisions are counted.
TOTALS = ("day", "item", "unit", "officer", "post", "step", "code", "decision", "rule", "caller")


class Total(NamedTuple):
    """How many decisions with one value were allowed and denied."""

    value: str
    allowed: int
    denied: int


class Stored(NamedTuple):
    """One entry as it lies in the log."""

    seq: int
    leaf: bytes
    body: bytes


class Reads(Protocol):
    def since(self, wanted: Filter, *, after: int, limit: int) -> Sequence[Stored]:
        """The oldest entries first, those with a greater `seq` than `after`."""
        ...


def portions(reads: Reads, wanted: Filter, size: int = 1_000) -> Iterator[Sequence[Stored]]:
    """All that is wanted, the oldest first, no more than `size` entries at once."""
    after = 0
    while portion := reads.since(wanted, after=after, limit=size):
        yield portion
        after = portion[-1].seq


class RecordReader(Reads, Protocol):
    """Reading the log. Safe beside a running writer; sees only what is durable."""

    def query(self, wanted: Filter, *, limit: int, before: int | None = None) -> Sequence[Stored]:
        """The newest entries first, at most `limit`, those with a smaller `seq` than `before`."""
        ...

    def totals(self, wanted: Filter, by: str) -> Sequence[Total]:
        """The decisions among what is wanted, counted by one of TOTALS, in the order of its values; of a decision that several
        rules refused, each rule has one. Exactly what counting the entries gives."""
        ...

    def find(self, decision_id: str) -> Stored | None:
        """The entry of a decision."""
        ...

    def outcome_of(self, decision_id: str) -> Stored | None: ...

    def event(self, kind: str, event_id: str) -> Stored | None:
        """The entry of an event of the log itself, by its kind and identifier."""
        ...

    def case_events(self, case_id: str) -> Iterator[CaseEvent]:
        """The events of a case that are in this log."""
        ...

    def last_seq(self) -> int: ...

    def close(self) -> None: ...


class RecordStore(Protocol):
    """The one writer."""

    async def read_case(self, case_id: str) -> CaseHistory:
        """The case at its newest durable version; an unknown case is empty, at version 0."""
        ...

    def likely_case(self, case_id: str) -> CaseHistory:
        """The case as far as it is known without asking the disk: one that is not kept in memory is taken for new. The commit
        finds out if it is not, and the case is then read."""
        ...

    async def case_digest(self, case_id: str, version: int) -> str:
        """The case's digest as it was at a version it has had."""
        ...

    async def find_decision(self, decision_id: str) -> Stored | None:
        """The entry of a decision, whichever sidecar of this store made it."""
        ...

    async def read_ledger(self, ledger_id: str) -> Ledger:
        """The ledger at its newest version; an unknown one is empty, at version 0."""
        ...

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        """A commit whose outcome is told to `then`, a fault too; on the event loop, after `submit` has returned."""
        ...

    async def commit(self, commit: Commit) -> Committed | Replayed:
        """The same, awaited."""
        ...

    def serve(self, epoch: Epoch) -> None:
        """From now on commits decided under another epoch are refused."""
        ...

    async def start(self) -> None:
        """Called once on the loop that serves, before it does. What is kept beside the requests begins here; never raises."""
        ...

    @property
    def reader(self) -> RecordReader: ...

    @property
    def failure(self) -> str:
        """Why nothing can be recorded any more; empty while all is well."""
        ...

    @property
    def durable(self) -> bool:
        """False for stores that forget (memory, for tests); said at each start and in /readyz."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What is less safe than it should be, in words."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """What happened how often, for operators; names of the store's own."""
        ...

    async def close(self) -> None:
        """Make what is pending durable and let go of the data."""
        ...
