"""What is counted across cases, in slots of their own.

One script can touch the case or the ledger, not both. So a change is first reserved on the ledger, at the version it was decided
on, and counts from then on; then the case is committed; then the change is confirmed, or given back when the case was not.
Whoever dies in between leaves a reservation that counts until somebody has made sure whether the commit happened, and that it
never will if it has not (`fence.lua`). At no moment does a change that may stand count for nothing.

What is reserved adds, but does not yet settle or withdraw. Changes stand in the order in which they were confirmed and are folded
in the order of the versions they were decided on. A reservation that is given back is a version too: what was decided on it is
decided again.
"""

from collections.abc import Sequence

from adapters.storage.record_reader import SqliteReader
from adapters.storage.redis.keys import ledger_keys, ledger_tag
from adapters.storage.redis.pending import as_change, as_reservation, change_of, commit_id, keys_of, reservation_of
from adapters.storage.redis.server import Server, script, status_of
from sidecar.case_history.ledger import MAX_CHANGES, Ledger, LedgerChange, fold_changes
from sidecar.errors import StateRolledBackError, StoreError, VersionConflictError
from sidecar.ports.records import Commit


class Ledgers:
    def __init__(self, server: Server, log: SqliteReader) -> None:
        self._server, self._log = server, log

    async def read(self, ledger_id: str) -> Ledger:
        """The ledger with all that may stand. Raises StateRolledBackError where the store lacks the own log's last change."""
        keys = ledger_keys(ledger_tag(ledger_id))
        answer = (await self._server.run(script("read_ledger", (keys.state, keys.changes, keys.held), 0)))[0]
        match answer:
            case [b"READ", int() as version, list() as stored, list() as held]:
                changes = [change_of(item) for item in stored]
                reserved = [(held[n].decode(), reservation_of(held[n + 1]).change) for n in range(0, len(held), 2)]
            case _:
                raise StoreError("STORE_ANSWER_UNKNOWN")
        self._contains_own(ledger_id, version, {commit for commit, _ in (*changes, *reserved)})
        standing = [change for _, change in changes] + [_adding(change) for _, change in reserved]
        folded = fold_changes(ledger_id, sorted(standing, key=lambda change: change.expected_version))
        return Ledger(ledger_id, version, folded.entries)

    def _contains_own(self, ledger_id: str, version: int, commits: set[str]) -> None:
        own = self._log.last_change(ledger_id)
        if own is not None and own.commit not in commits:
            raise StateRolledBackError(f"ledger {ledger_id}", f"version {version} without {own.commit}", f"version {own.version}")

    async def reserve(self, commit: Commit) -> None:
        """Reserve every change of a commit, or none. Raises VersionConflictError for a ledger that moved on."""
        held: list[LedgerChange] = []
        for change in commit.ledgers:
            try:
                await self._reserve(commit, change)
            except (VersionConflictError, StateRolledBackError):
                await self.give_back(commit, held)
                raise
            held.append(change)

    async def _reserve(self, commit: Commit, change: LedgerChange) -> None:
        keys = keys_of(change)
        reservation = b"" if change.is_empty else as_reservation(commit, change)
        own = self._log.last_change(change.ledger_id)
        if own is not None and own.version > change.expected_version:
            raise VersionConflictError(change.ledger_id, change.expected_version, "ledger")  # read anew, and held against the log
        arguments = (commit_id(commit.entry), change.expected_version, reservation, keys.tag, MAX_CHANGES)
        answer = (await self._server.run(script("reserve", keys[1:], *arguments)))[0]
        match status_of(answer):
            case "HELD":
                return
            case "MOVED":
                raise VersionConflictError(change.ledger_id, change.expected_version, "ledger")
            case "FULL":
                raise StoreError("LEDGER_FULL", ledger_id=change.ledger_id, max_changes=MAX_CHANGES)
            case status:
                raise StoreError("LEDGER_UNCHANGEABLE", ledger_id=change.ledger_id, status=status)

    async def confirm(self, commit: Commit) -> None:
        """The case is committed: its changes stand."""
        await self._resolve(commit_id(commit.entry), commit.ledgers, stands=True)

    async def give_back(self, commit: Commit, changes: Sequence[LedgerChange]) -> None:
        """The case was not committed, which is certain: what was reserved no longer counts."""
        await self._resolve(commit_id(commit.entry), changes, stands=False)

    async def _resolve(self, commit: str, changes: Sequence[LedgerChange], *, stands: bool) -> None:
        for change in changes:
            if not change.is_empty:
                await self.resolve(commit, change, stands=stands)

    async def resolve(self, commit: str, change: LedgerChange, *, stands: bool) -> None:
        keys = keys_of(change)
        answer = await self._server.run(script("resolve", keys[1:], commit, as_change(change) if stands else b"", keys.tag))
        if status_of(answer[0]) not in ("RESOLVED", "GONE"):
            raise StoreError("STORE_ANSWER_UNKNOWN")


def _adding(change: LedgerChange) -> LedgerChange:
    """A change as far as it counts before it stands."""
    return LedgerChange(change.ledger_id, change.expected_version, change.add)
