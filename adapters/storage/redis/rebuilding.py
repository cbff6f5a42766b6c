"""Cases and ledgers as the logs of all sidecars tell them, and their way back into the store.

The logs are the truth. A case is put together from the events beside the entries: each entry's bytes must have the leaf hash it
was recorded under, and the events, in the order of their versions, the digest that their entries name. The same commit in two
logs is one: a sidecar finished what another had begun. What does not fit together is told, never guessed at:

    gap       a version that no log has: a log is missing
    altered   an entry or an event that is not the one recorded
    fork      two commits made the same version: the store lost one that was answered and took another in its place. Both are
              acts that happened. Only on request are both kept, in the order of their times; then both persons took part, and
              each count has both. State tokens given for either no longer fit, and callers ask once without.
"""

import secrets
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import InCase, InLog, SqliteReader
from adapters.storage.redis.cases import Item
from adapters.storage.redis.ground import Fingerprints, read_mark
from adapters.storage.redis.keys import STORE, case_keys, case_tag, ledger_keys, ledger_tag, request_key
from adapters.storage.redis.server import Command, Server, script, status_of
from adapters.storage.redis.standing import new_count, read_memory
from sidecar.case_history.history import digest_after
from sidecar.decision_log.hashing import is_leaf
from sidecar.errors import StoreError

NOBODY_WORKS_MS = 60_000  # on what has been open so long
AT_ONCE = 200


class Problem(NamedTuple):
    """Why a case cannot be told: `kind` is gap, altered, released, fork or open."""

    case_id: str
    kind: str
    told: str


class Told(NamedTuple):
    """A case as the logs tell it: its items in order, the leaf of its last entry, and the entries themselves."""

    case_id: str
    items: Sequence[Item]
    leaf: str
    entries: Sequence[InCase]

    @property
    def digest(self) -> str:
        return self.items[-1].digest if self.items else ""


class Logs:
    """The logs of the sidecars in `folders`. Raises StoreError for one that cannot be read."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.readers = [SqliteReader(folder / RECORD_FILE) for folder in folders]
        self._memories = [read_memory(folder) for folder in folders]

    @property
    def missing(self) -> frozenset[str]:
        """Sidecars that are known to have shared the store, and whose log is not among these."""
        known = {name for memory in self._memories if memory for name in memory.sidecars}
        return frozenset(known - {memory.name for memory in self._memories if memory})

    @property
    def store(self) -> str:
        """The mark of the store these logs belong to; empty for logs that never were of one. Raises StoreError for several."""
        marks = sorted({memory.store for memory in self._memories if memory and memory.store})
        if len(marks) > 1:
            raise StoreError("LOGS_OF_TWO_STORES")
        return marks[0] if marks else ""

    def case_ids(self) -> list[str]:
        return sorted({case for reader in self.readers for case in reader.case_ids()})

    def ledger_ids(self) -> list[str]:
        return sorted({ledger for reader in self.readers for ledger in reader.ledger_ids()})

    def tell(self, case_id: str, *, merge: bool = False) -> Told | Problem:
        """The case as these logs have it, or why it cannot be told."""
        return told_of(case_id, [entry for reader in self.readers for entry in reader.case_entries(case_id)], merge=merge)

    def changes(self, ledger_id: str) -> tuple[int, list[bytes]]:
        """The version of a ledger and its changes, as items of the store."""
        found: dict[str, InLog] = {}
        for reader in self.readers:
            for change in reader.stored_changes(ledger_id):
                found.setdefault(change.commit, change)
        ordered = sorted(found.values())
        return max((c.version for c in ordered), default=0), [c.commit.encode() + b"\n" + c.stored for c in ordered]

    def close(self) -> None:
        for reader in self.readers:
            reader.close()


def told_of(case_id: str, entries: Sequence[InCase], *, merge: bool = False) -> Told | Problem:
    """Put a case together from its entries in all logs."""
    for entry in entries:
        if not is_leaf(entry.leaf, entry.body):
            return _no_entry(case_id, entry)
    events: dict[str, InCase] = {}
    for entry in entries:
        if entry.event and events.setdefault(entry.commit, entry).event != entry.event:
            return Problem(case_id, "altered", f"two logs tell {entry.commit} differently")
    ordered = sorted(events.values(), key=lambda entry: (entry.version, entry.time_ms, entry.commit))
    forked = [later.commit for earlier, later in pairwise(ordered) if earlier.version == later.version]
    if forked and not merge:
        return Problem(case_id, "fork", f"two acts made one version, among them {', '.join(forked)}")
    # Where both of a fork were kept before, later versions count both: a version is never more than the events up to it.
    lost = next((n for n, entry in enumerate(ordered, start=1) if entry.version > n), 0)
    if lost:
        return Problem(case_id, "gap", f"version {lost} is in none of the logs: one is missing")
    items = _items(ordered)
    wrong = [e.commit for e, item in zip(ordered, items, strict=True) if not forked and _named_digest(e) not in ("", item.digest)]
    if wrong:
        return Problem(case_id, "altered", f"the event of {wrong[0]} is not the one its entry names")
    return Told(case_id, items, _last_leaf(entries), entries)


def _no_entry(case_id: str, entry: InCase) -> Problem:
    """Why what stands at an entry's place is not the entry."""
    if not entry.body:
        return Problem(case_id, "released", f"the body of {entry.commit} is gone: a case that was released is over")
    return Problem(case_id, "altered", f"{entry.commit} is not the entry that was recorded")


def _items(ordered: Iterable[InCase]) -> list[Item]:
    items, digest = [], ""
    for entry in ordered:
        digest = digest_after(digest, entry.event)
        items.append(Item(entry.commit, digest, entry.event))
    return items


def _named_digest(entry: InCase) -> str:
    """The digest an entry binds its event with; entries of earlier versions have none."""
    digest: str = _fields(entry).get("case_digest", "")
    return digest


def _last_leaf(entries: Sequence[InCase]) -> str:
    """The leaf no other entry follows; of several, that of the newest."""
    followed = {_fields(entry).get("prev_case", "") for entry in entries}
    ends = [entry for entry in entries if entry.leaf.hex() not in followed]
    return max(ends, key=lambda entry: (_fields(entry).get("case_version", 0), entry.time_ms)).leaf.hex() if ends else ""


def _fields(entry: InCase) -> dict[str, str]:
    fields: dict[str, str] = msgspec.json.decode(entry.body)
    return fields


class Rebuilder:
    """Puts what logs tell into a store. `identifiers` is how many seconds request identifiers are known."""

    def __init__(self, server: Server, keys: Fingerprints, identifiers: int) -> None:
        self._server, self._keys, self._identifiers = server, keys, identifiers

    async def case(self, told: Told) -> Problem | None:
        """Put one case in place."""
        keys = case_keys(case_tag(told.case_id))
        commits = "".join(f"{entry.commit}\n" for entry in told.entries)
        items = [item.stored() for item in told.items]
        command = script(
            "rebuild", (keys.state, keys.events, keys.open), keys.tag, told.digest, told.leaf, commits, NOBODY_WORKS_MS, *items
        )
        answer = (await self._server.run(command))[0]
        if status_of(answer) == "OPEN":
            return Problem(
                told.case_id, "open", "a commit is under way: let the sidecars finish it, or stop them and wait a minute"
            )
        await self._answers(told)
        return None

    async def _answers(self, told: Told) -> None:
        """What a retry gets is remembered as long as if nothing had happened."""
        keys, now = case_keys(case_tag(told.case_id)), new_count() // 1000
        commands: list[Command] = []
        for entry in told.entries:
            left = entry.time_ms + self._identifiers * 1000 - now
            if entry.request_id and left > 0:
                name = keys.answer(entry.caller, entry.request_id)
                commands.append(Command(("HSET", name, "commit", entry.commit, "act", f"={entry.act}", "answer", entry.answer)))
                commands.append(Command(("PEXPIRE", name, left)))
                commands.append(Command(("SET", request_key(entry.caller, entry.request_id), f"={entry.act}", "PX", left)))
        for start in range(0, len(commands), AT_ONCE):
            await self._server.run(*commands[start : start + AT_ONCE])

    async def ledger(self, ledger_id: str, version: int, changes: Sequence[bytes]) -> None:
        keys = ledger_keys(ledger_tag(ledger_id))
        await self._server.run(script("rebuild_ledger", (keys.state, keys.changes, keys.held), version, *changes))

    async def mark(self, store: str) -> None:
        """Mark the store as the one the logs belong to; commits are counted from above all that was counted before."""
        found = await read_mark(self._server, self._keys)
        if found.store and store and found.store != store:
            raise StoreError("STORE_OF_OTHERS")
        fields = {f"key {name}": text for name, text in self._keys._asdict().items()}
        fields |= {"id": store or found.store or secrets.token_hex(16), "count": str(new_count())}
        words = [word for pair in fields.items() for word in pair]
        await self._server.run(Command(("HSET", STORE, *words)))
