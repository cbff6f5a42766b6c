"""What prevents deciding. A refusal is a value (`decision.Decision`); these are failures.

    QuanhengError
    ├── SettingsError        the settings cannot be used            (command exits 2)
    ├── PolicyError          policy files or compiled rows unusable (command exits 2)
    ├── PersonnelError       appointments, credentials or declarations unusable
    ├── RouteFileError       a proxy route file cannot be used
    ├── WorkbookError        a workbook cannot be read at all
    ├── DigitError           a configuration of DIGIT cannot be read (command exits 2)
    ├── EventLogError        an event log or its mapping file cannot be used (command exits 2)
    ├── RequestError         the request is malformed               (HTTP 400, 409, 413)
    │   └── StateRolledBackError  the store knows less of the case than somebody has seen (HTTP 409)
    ├── StoreError           the record cannot be made durable      (becomes LOG_UNAVAILABLE)
    │   ├── SecondWriterError  another process owns the data directory
    │   ├── VersionConflictError  the case or a ledger moved on; decide again on what it is now
    │   ├── StalePolicyError      other policies or registers serve by now; decide again by them
    │   ├── OutsideWindowError    what the decision rests on is not in force by the store's clock
    │   ├── OverloadedError       too many wait for the record       (HTTP 503, Retry-After)
    │   ├── LogMissingError       no log, or another one, where one was looked for
    │   └── LogBrokenError        the record is not what was signed or answered for
    ├── NotKeptError         what a decision rested on is not kept, or is not what it was
    ├── KeyFolderError       a signing key cannot be used
    ├── WitnessError         a witness does not cosign
    └── NotFoundError        no such decision or case               (HTTP 404)
        └── ReleasedError    an entry whose bytes were kept long enough and are elsewhere

Each carries the code of its sentence and the facts that fill it. `sentence` says what is wrong and where, `advice` tells the
person at the terminal what to do next, both in Chinese and English out of `sidecar.failures`.
"""

from typing import Any

from sidecar.failures import FAILURES
from sidecar.failures.system import CHECK_PATH, SYSTEM
from sidecar.messages import Sentence, filled


class QuanhengError(Exception):
    """Base of every failure. `code` names its sentence in `sidecar.failures`, `facts` fill it; as text it is in English, as logs
    and programs take it."""

    def __init__(self, code: str, /, **facts: Any) -> None:
        zh, en, advice_zh, advice_en = FAILURES.get(code, (code, code, "", ""))
        self.code, self.facts = code, facts
        self.sentence = filled(Sentence(zh, en), facts)
        self.advice = filled(Sentence(advice_zh, advice_en), facts)
        super().__init__(self.sentence.en)

    @property
    def message(self) -> str:
        return self.sentence.en

    @property
    def hint(self) -> str:
        return self.advice.en


def reason_of(fault: Exception) -> Sentence:
    """Why the system refused, without the path; of another exception what it says of itself."""
    told = getattr(fault, "strerror", None) or str(fault)
    known = SYSTEM.get(getattr(fault, "errno", None) or 0)
    return Sentence(known[0] if known else told, told)


def advice_on(fault: OSError) -> Sentence:
    """What the person at the terminal can do about it."""
    return Sentence(*SYSTEM.get(fault.errno or 0, ("", *CHECK_PATH))[1:])


class SettingsError(QuanhengError):
    """The settings are missing, contradictory or contain an unknown key."""


class PolicyError(QuanhengError):
    """Policy sources or compiled policies cannot be used."""


class PersonnelError(QuanhengError):
    """A personnel table has at least one bad row; `problems` lists all of them."""

    def __init__(self, code: str, /, *, problems: tuple[str, ...] = (), **facts: Any) -> None:
        super().__init__(code, **facts)
        self.problems = problems


class RouteFileError(QuanhengError):
    """A proxy route file cannot be used."""


class WorkbookError(QuanhengError):
    """A workbook cannot be opened or holds no power list."""


class DigitError(QuanhengError):
    """Master data of DIGIT that is no JSON, or holds nothing that can be read."""


class EventLogError(QuanhengError):
    """An event log cannot be read at all, or its mapping file has at least one mistake."""


class RequestError(QuanhengError):
    """A malformed request. `code` is stable, `status_hint` is the HTTP status an edge should use."""

    def __init__(self, code: str, message: str, status_hint: int = 400) -> None:
        super().__init__("AS_TOLD", told=message)
        self.code = code
        self.status_hint = status_hint


class StateRolledBackError(RequestError):
    """The store is behind a state that was seen before, or tells it differently: restored, failed over, flushed or edited."""

    def __init__(self, what: str, found: str, seen: str) -> None:
        super().__init__(
            "state_rolled_back",
            f"{what}: the store has {found}, but {seen} was seen before; rebuild it with: quanheng case repair",
            409,
        )
        self.sentence = filled(Sentence(*FAILURES["STATE_ROLLED_BACK"][:2]), {"what": what, "found": found, "seen": seen})
        self.what, self.found, self.seen = what, found, seen


class StoreError(QuanhengError):
    """The store could not make a record durable, or could not be read."""


class SecondWriterError(StoreError):
    """Another process already writes to this data directory (SQLite's WAL-reset bug needs two writers)."""


class VersionConflictError(StoreError):
    """The case, or the ledger, is no longer at version `expected`: somebody else acted first."""

    def __init__(self, moved: str, expected: int, what: str = "case") -> None:
        super().__init__("MOVED_ON", what=what, moved=moved, expected=expected)
        self.moved = moved
        self.expected = expected
        self.what = what


class StalePolicyError(StoreError):
    """Decided by policies or registers that no longer serve: decide again by those that do."""


class OutsideWindowError(StoreError):
    """The power used begins later or has ended by the store's own clock, whatever the sidecar's says."""


class OverloadedError(StoreError):
    """More requests wait for the record than it can keep up with; nothing was decided. The caller comes again (HTTP 503)."""


class LogMissingError(StoreError):
    """No log is where one was looked for: none was made yet, it was removed, or another one lies there."""


class LogBrokenError(StoreError):
    """The record is not what was signed, or what was answered for: entries `first` to `last` (from 1; 0 where it is no entry)."""

    def __init__(self, first: int, last: int, code: str, /, **facts: Any) -> None:
        super().__init__(code, **facts)
        if not self.advice.en:
            self.advice = Sentence(*FAILURES["LOG_BROKEN"][2:])
        self.first = first
        self.last = last


class NotKeptError(QuanhengError):
    """Policies or registers of an earlier day are not kept, or are not those that are looked for."""


class WitnessError(QuanhengError):
    """A witness cannot be reached, or does not agree that a checkpoint extends what it saw before."""


class KeyFolderError(QuanhengError):
    """A signing key is missing, readable by others, or not the log's."""


class NotFoundError(QuanhengError):
    """The thing asked for is not in the record."""


class ReleasedError(NotFoundError):
    """Entry `seq` was kept long enough, and its bytes went to the file whose digest is `file`; `release` is the entry that tells
    so."""

    def __init__(self, seq: int, file: str, release: int) -> None:
        super().__init__("RELEASED", seq=seq, file=file, release=release)
        self.seq, self.file, self.release = seq, file, release
