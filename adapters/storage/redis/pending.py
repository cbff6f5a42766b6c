"""What a commit leaves in the case's state until it is in a log: all that whoever finds it needs to put it there."""

from typing import Any

import msgspec

from adapters.storage.redis.keys import LedgerKeys, case_tag, ledger_keys, ledger_tag
from sidecar.case_history.history import decode_event, encode_event
from sidecar.case_history.ledger import LedgerChange
from sidecar.decision_log.entry import DecisionEntry, Entry, FilledEntry, OutcomeEntry, entry_bytes
from sidecar.decision_log.events import VERSION
from sidecar.errors import StoreError
from sidecar.ports.records import Commit, RequestKey

_FORMS: dict[str, Any] = {"decision": DecisionEntry, "outcome": OutcomeEntry}


class Pending(msgspec.Struct, frozen=True):
    """A commit without its place in a log. `version` is the case's before it."""

    kind: str
    entry: msgspec.Raw
    case_id: str
    version: int
    event: bytes = b""
    caller: str = ""
    request_id: str = ""
    act: str = ""
    answer: bytes = b""
    ledgers: tuple[LedgerChange, ...] = ()


_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Pending).decode


def commit_id(entry: Entry | FilledEntry) -> str:
    """What names a commit for ever, in Redis and in every log."""
    return f"{entry.kind}:{entry.decision_id}"


def as_pending(commit: Commit) -> bytes:
    caller, request_id = commit.key or ("", "")
    return _encode(
        Pending(
            kind=commit.entry.kind,
            entry=msgspec.Raw(entry_bytes(commit.entry, 0, "")),
            case_id=commit.case_id,
            version=commit.expected_version,
            event=encode_event(commit.event) if commit.event else b"",
            caller=caller,
            request_id=request_id,
            act=commit.act,
            answer=commit.answer,
            ledgers=commit.ledgers,
        )
    )


def from_pending(stored: bytes) -> Commit:
    """Raises StoreError for what this version cannot put into a log without losing a part of it."""
    try:
        pending = _decode(stored)
        entry = msgspec.json.decode(pending.entry, type=_FORMS[pending.kind])
        event = decode_event(pending.event) if pending.event else None
    except (msgspec.MsgspecError, KeyError) as fault:
        raise StoreError("COMMIT_UNREADABLE") from fault
    if entry.v > VERSION:
        raise StoreError("COMMIT_OF_NEWER_VERSION")
    key = RequestKey(pending.caller, pending.request_id) if pending.request_id else None
    commit = Commit(entry, pending.case_id, pending.version, event, key, pending.act, pending.answer)
    return commit._replace(ledgers=pending.ledgers)


class Reservation(msgspec.Struct, frozen=True):
    """A change of a ledger whose case is not committed yet, since a moment in milliseconds by the store's clock."""

    case_tag: str
    change: LedgerChange


_decode_reservation = msgspec.json.Decoder(Reservation).decode
_decode_change = msgspec.json.Decoder(LedgerChange).decode


def as_reservation(commit: Commit, change: LedgerChange) -> bytes:
    return _encode(Reservation(case_tag(commit.case_id), change))


def reservation_of(stored: Any) -> Reservation:
    try:
        return _decode_reservation(stored)
    except (msgspec.MsgspecError, TypeError) as fault:
        raise StoreError("RESERVATION_UNKNOWN") from fault


def as_change(change: LedgerChange) -> bytes:
    return _encode(change)


def change_of(stored: Any) -> tuple[str, LedgerChange]:
    """The id of the commit and its change."""
    try:
        commit, _, text = stored.partition(b"\n")
        return commit.decode("utf-8", "replace"), _decode_change(text)
    except (msgspec.MsgspecError, AttributeError, TypeError) as fault:
        raise StoreError("LEDGER_CHANGE_UNKNOWN") from fault


def keys_of(change: LedgerChange) -> LedgerKeys:
    return ledger_keys(ledger_tag(change.ledger_id))
