"""Who is observed, as the log tells it: what must be told so that it says what the settings say today."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec

from sidecar.decision_log.events import ObserveEntry
from sidecar.ports.records import Filter, RecordStore

TOLD = 1_000  # entries that are looked through for who is observed


class Change(NamedTuple):
    """Observing `caller` until the end of the day `until` begins, or is over."""

    event: Literal["begun", "ended"]
    caller: str
    until: str

    def entry(self, common: Mapping[str, Any]) -> ObserveEntry:
        """As it is told in the log."""
        return ObserveEntry(event=self.event, caller=self.caller, until=self.until, **common)

    def apply(self, known: dict[str, str]) -> None:
        """What holds once it is told."""
        known.pop(self.caller, None)
        if self.event == "begun":
            known[self.caller] = self.until


def told_observing(store: RecordStore) -> dict[str, str]:
    """Who is observed, and until when, by the newest entries that tell of it."""
    newest: dict[str, dict[str, str]] = {}
    for stored in store.reader.query(Filter(kind="observe"), limit=TOLD):
        told = msgspec.json.decode(stored.body)
        newest.setdefault(told["caller"], told)
    return {name: told["until"] for name, told in newest.items() if told["event"] == "begun"}


def changes_of(known: Mapping[str, str], observed: Mapping[str, date], today: date) -> list[Change]:
    """What ends comes first: a caller whose last day was moved ends and begins."""
    declared = {name: until.isoformat() for name, until in observed.items() if until >= today}
    ended = [Change("ended", name, until) for name, until in sorted(known.items()) if declared.get(name) != until]
    begun = [Change("begun", name, until) for name, until in sorted(declared.items()) if known.get(name) != until]
    return ended + begun
