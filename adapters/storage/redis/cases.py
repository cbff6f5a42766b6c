"""A case as Redis holds it, proven before it is believed.

An item of a case's events is the id of the commit, the running digest after it and the event, each on a line of its own. A
reading is believed when the digests follow from the events, end in the digest beside them, and contain what was seen before: the
events this process has read already, and the last one this sidecar's own log holds. A store that was flushed, restored, failed
over to a replica that had not got everything, or edited by hand fails one of these.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from adapters.storage.record_reader import SqliteReader
from adapters.storage.redis.keys import case_keys, case_tag
from adapters.storage.redis.server import Server, script
from sidecar.case_history.history import CaseHistory, decode_event, digest_after, extend
from sidecar.errors import StateRolledBackError, StoreError

LINE = b"\n"


class Item(NamedTuple):
    commit: str
    digest: str
    event: bytes

    def stored(self) -> bytes:
        return LINE.join((self.commit.encode(), self.digest.encode(), self.event))


def item_of(stored: Any) -> Item:
    """Raises StoreError for what is no item."""
    parts = stored.split(LINE, 2) if isinstance(stored, bytes) else []
    if len(parts) != len(Item._fields):
        raise StoreError("STORE_EVENT_UNKNOWN")
    return Item(parts[0].decode("utf-8", "replace"), parts[1].decode("ascii", "replace"), parts[2])


class Read(NamedTuple):
    """What was read: the version and digest the store names, and the items from an index on."""

    version: int
    digest: str
    items: Sequence[Item]


async def read(server: Server, case_id: str, first: int) -> Read:
    keys = case_keys(case_tag(case_id))
    answer = (await server.run(script("read", (keys.state, keys.events), first)))[0]
    match answer:
        case [b"READ", int() as version, bytes() as digest, list() as items]:
            return Read(version, digest.decode("ascii", "replace"), [item_of(item) for item in items])
    raise StoreError("STORE_ANSWER_UNKNOWN")


async def read_proven(server: Server, log: SqliteReader, case_id: str, known: CaseHistory | None) -> CaseHistory:
    """The case at its newest version. Raises StateRolledBackError where it is behind what was seen, or altered."""
    if known is not None and known.version:
        newer = await read(server, case_id, known.version - 1)
        if newer.version >= known.version and newer.items and newer.items[0].digest == known.digest:
            return _followed(known, newer._replace(items=newer.items[1:]))
    whole = await read(server, case_id, 0)
    history = _followed(CaseHistory(case_id), whole)
    _contains_seen(history, whole, known, log)
    return history


def _followed(history: CaseHistory, newer: Read) -> CaseHistory:
    """The history after the items, whose digests must follow from their events. The version a store names is compared with seen
    ones first: that it has fewer events than it says is a store that was altered."""
    case_id = history.case_id
    for item in newer.items:
        if item.digest != digest_after(history.digest, item.event):
            raise StateRolledBackError(f"case {case_id}", "events whose digests do not follow", f"version {newer.version}")
        try:
            history = extend(history, decode_event(item.event), item.event)
        except msgspec.MsgspecError as fault:
            raise StoreError("CASE_OF_ANOTHER_VERSION", case_id=case_id) from fault
    if (history.version, history.digest) != (newer.version, newer.digest):
        found = f"{history.version} events beside version {newer.version}"
        raise StateRolledBackError(f"case {case_id}", found, f"version {newer.version}")
    return history


def _contains_seen(history: CaseHistory, whole: Read, known: CaseHistory | None, log: SqliteReader) -> None:
    """Everything seen before is there, unchanged: what this process remembers, and the last event of the own log."""
    case, found = f"case {history.case_id}", f"version {history.version}"
    events = {item.commit: item.event for item in whole.items}
    own = log.last_event(history.case_id)
    if own is not None and events.get(own.commit) != own.stored:
        raise StateRolledBackError(case, f"{found} without {own.commit} as this log has it", f"version {own.version}")
    if known is not None:
        lost = any(decode_event(events.get(f"decision:{act.decision_id}", _NONE)) != act for act in known.acts)
        if lost or history.version < known.version:
            raise StateRolledBackError(case, found, f"version {known.version}")


_NONE = b'{"type":"outcome","decision_id":"","result":"","time":""}'  # equal to no act
