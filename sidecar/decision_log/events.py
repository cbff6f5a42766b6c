"""What happens to the log and to what decides, told as entries among the decisions, so that none of it can happen unseen.

| kind | told when |
|---|---|
| log | the log is created, or one of the earlier form is taken over: its origin and hash |
| key | a signing key is created or put in another's place; it signs from this entry on |
| start, stop | the service begins and ends; a start says how the run before it ended |
| policy, personnel | other policies or appointments are put in force: digests before and after |
| record_rules | other rules of the record (form of fields, time entries are kept) are in force: digests before and after |
| clock | the machine's clock was set back |
| gap | requests were answered LOG_UNAVAILABLE because nothing could be recorded, and now it can again |
| erasure | the keys of a subject were destroyed: what its commitments hold can be opened no more |
| opening | what was sealed of a decision was looked at |
| anchor | a checkpoint was printed, time-stamped, or is cosigned by witnesses again or no longer |
| release | entries that were kept long enough went to a file elsewhere; their leaf hashes stay |
| observe | what a caller is refused may be let through from here on, or no longer |

`actor` says who: the operating system's user for commands, the service itself otherwise. Identifiers of `log` and `key` entries
are fixed words (`log`, `key-1`, `key-2`, …), as are
those of `release` entries (`release-1`, …), so that a log finds its identity among millions of entries.
"""

from typing import Literal

import msgspec

VERSION = 1
LOG_ID = "log"


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What every entry has from the store."""

    seq: int = 0
    prev_case: str = ""


class _Event(Placed, frozen=True, kw_only=True):
    v: int = VERSION
    event_id: str
    time: str
    time_source: str
    actor: str

    @property
    def decision_id(self) -> str:
        """By which the store finds an entry, whatever it tells."""
        return self.event_id


class LogEntry(_Event, frozen=True, kw_only=True):
    """The log's identity. `hash` is that of every entry, from the first on."""

    kind: Literal["log"] = "log"
    event: Literal["created", "taken_over"]
    origin: str
    hash: str


class KeyEntry(_Event, frozen=True, kw_only=True):
    """`key` signs checkpoints that cover this entry; `previous`, where there was one, those before it and the first after it."""

    kind: Literal["key"] = "key"
    event: Literal["created", "rotated"]
    key: str
    previous: str


class ServiceEntry(_Event, frozen=True, kw_only=True):
    """`after` says of a start how the run before ended: stop, crash (no stop was recorded), or nothing when there was none."""

    kind: Literal["start", "stop"]
    version: str
    policy_digest: str
    personnel_digest: str
    after: Literal["stop", "crash", "nothing", ""] = ""


class ChangeEntry(_Event, frozen=True, kw_only=True):
    """Other policies, personnel registers or rules of the record, in force from this entry on."""

    kind: Literal["policy", "personnel", "record_rules"]
    before: str
    after: str


class ClockEntry(_Event, frozen=True, kw_only=True):
    """`before` is the latest time that was known; the clock showed `behind_ms` milliseconds less."""

    kind: Literal["clock"] = "clock"
    before: str
    behind_ms: int


class GapEntry(_Event, frozen=True, kw_only=True):
    """`refused` requests between two moments were answered without being recorded, none of them with an allow."""

    kind: Literal["gap"] = "gap"
    since: str
    until: str
    refused: int
    reason: str


class AnchorEntry(_Event, frozen=True, kw_only=True):
    """A checkpoint that stands outside: on paper, under a time-stamp, with witnesses. `digest` is that of the time-stamp or of
    what was signed on paper, where somebody gave it; `holder` who keeps it."""

    kind: Literal["anchor"] = "anchor"
    event: Literal["printed", "timestamped", "witnessed", "unwitnessed"]
    size: int
    root: str
    holder: str
    digest: str


class PersonalEntry(_Event, frozen=True, kw_only=True):
    """`about` is the token of the subject that was erased, or the decision that was opened; `basis` the article or order that
    asks for it; `entries` how many entries it concerns, `keys` how many keys were destroyed."""

    kind: Literal["erasure", "opening"]
    about: str
    basis: str
    entries: int
    keys: int


class ObserveEntry(_Event, frozen=True, kw_only=True):
    """What `caller` is refused may be let through by its enforcement points until the end of the day `until`; ended when that day
    is over, or when the settings say otherwise."""

    kind: Literal["observe"] = "observe"
    event: Literal["begun", "ended"]
    caller: str
    until: str


class ReleaseEntry(_Event, frozen=True, kw_only=True):
    """The bodies of `entries` entries, from `first` to `last`, went to the file whose digest is `file`; `numbers` names them as
    released.py writes it. `basis` is the article that lets them go. They are emptied only when this entry is signed."""

    kind: Literal["release"] = "release"
    basis: str
    entries: int
    first: int
    last: int
    numbers: str
    file: str


Event = (
    LogEntry
    | KeyEntry
    | ServiceEntry
    | ChangeEntry
    | ClockEntry
    | GapEntry
    | PersonalEntry
    | ReleaseEntry
    | AnchorEntry
    | ObserveEntry
)
FORMS = (
    LogEntry,
    KeyEntry,
    ServiceEntry,
    ChangeEntry,
    ClockEntry,
    GapEntry,
    PersonalEntry,
    ReleaseEntry,
    AnchorEntry,
    ObserveEntry,
)


def key_id(number: int) -> str:
    """The identifier of the entry of the log's n-th key, from 1."""
    return f"key-{number}"


def release_id(number: int) -> str:
    """The identifier of the n-th entry that released others, from 1."""
    return f"release-{number}"
