"""Reading decisions and cases over HTTP. Each reading is itself recorded before anything is shown."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from sidecar.case_history.history import DONE, FAILED, ActRecorded
from sidecar.decision_log.entry import FORMS, LogReadEntry
from sidecar.decision_log.hashing import is_leaf
from sidecar.errors import NotFoundError
from sidecar.ports.clock import Clock
from sidecar.ports.records import Commit, Filter, RecordStore, Stored
from sidecar.service.answering import CallerFacts
from sidecar.service.ids import new_id
from sidecar.service.personal import Personal

MAX_PAGE = 500


class Inspector:
    """What an inspector or an operator may look up."""

    def __init__(self, store: RecordStore, clock: Clock, personal: Personal) -> None:
        self._store, self._clock, self._personal = store, clock, personal

    async def decisions(self, wanted: Filter, *, limit: int, before: int | None, caller: CallerFacts) -> dict[str, object]:
        """A page of entries, newest first; `next` is the `before` of the following page."""
        await self.record_reading(caller, {"what": "decisions", **named(wanted)})
        size = min(limit, MAX_PAGE)
        found = await asyncio.to_thread(self._store.reader.query, wanted, limit=size, before=before)
        return {"entries": [as_shown(entry) for entry in found], "next": found[-1].seq if len(found) == size else None}

    async def decision(self, decision_id: str, caller: CallerFacts) -> dict[str, object]:
        """One decision with its outcome, if one was reported."""
        await self.record_reading(caller, {"what": "decision", "id": decision_id})
        stored = self._store.reader.find(decision_id)
        if stored is None:
            raise NotFoundError(f"no decision {decision_id}")
        outcome = self._store.reader.outcome_of(decision_id)
        return {"entry": as_shown(stored), "outcome": as_shown(outcome) if outcome else None}

    async def case(self, case_id: str, caller: CallerFacts) -> dict[str, object]:
        """A case as its own history tells it: the acts that count, and beside them those that were reported to have failed."""
        await self.record_reading(caller, {"what": "case", "id": case_id})
        history = await self._store.read_case(case_id)
        if not history.version:
            raise NotFoundError(f"no case {case_id}")
        return {
            "case": case_id,
            "version": history.version,
            "item": history.item,
            "region": history.region,
            "party_token": history.party,
            "facts": dict(history.facts),
            "acts": [_act(act, DONE if act.decision_id in history.confirmed else "") for act in history.acts],
            "failed": [_act(act, FAILED) for act in history.failed],
        }

    async def record_reading(self, caller: CallerFacts, query: dict[str, str]) -> None:
        """Record that somebody reads, before anything is shown. Raises StoreError, and then nothing is."""
        now = self._clock.now()
        decision_id, mask = new_id(int(now.timestamp() * 1000)), self._personal.text
        plain = {name: mask(text) for name, text in query.items()}
        originals = {f"query/{name}": text for name, text in query.items() if plain[name] != text}
        request_id, client_ip = mask(caller.request_id), caller.client_ip
        masked = self._personal.masked(decision_id, originals)
        entry = LogReadEntry(
            decision_id=decision_id,
            time=now.isoformat(timespec="milliseconds"),
            time_source=self._clock.source,
            caller=caller.name,
            query=plain,
            **self._personal.disclosed({"request_id": request_id, "client_ip": client_ip, "masked": masked}),
        )
        await self._store.commit(Commit(entry))


def named(wanted: Filter) -> dict[str, str]:
    """What a search names, as it is recorded."""
    values = {name: value for name, value in wanted._asdict().items() if value not in ("", None, ())}
    return {name: " ".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}


def as_shown(stored: Stored) -> dict[str, Any]:
    """An entry with its leaf hash, as programs see it; `altered` where it is not what was recorded at its place."""
    fields = _fields(stored.body)
    if not is_leaf(stored.leaf, stored.body) or fields.get("seq") != stored.seq:
        fields = {**(fields if _is_entry(fields) else {}), "seq": stored.seq, "altered": True}
    return {**fields, "leaf": stored.leaf.hex()}


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        fields = {}
    return fields


def _is_entry(fields: dict[str, Any]) -> bool:
    """Whether an altered body still has the form of an entry and can be shown as one."""
    for form in FORMS:
        with suppress(msgspec.ValidationError):
            msgspec.convert(fields, form)
            return True
    return False


def _act(act: ActRecorded, reported: str) -> dict[str, object]:
    """An act, with what was reported of it; nothing yet where `reported` is empty."""
    shown: dict[str, object] = msgspec.to_builtins(act)
    shown.pop("type", None)
    return shown | {"reported": reported}
