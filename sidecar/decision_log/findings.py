"""What a verification can find, and the report of one. Standard library only: the verifier ships alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a log is not what it should be."""

    CHANGED = "changed"  # an entry is not the one that was recorded
    MISSING = "missing"  # entries were taken out of the middle
    INSERTED = "inserted"  # entries stand there that were not recorded at that place
    REORDERED = "reordered"  # entries changed their places
    CUT_OFF = "cut_off"  # the end is gone: the log itself signed more entries than there are
    FORKED = "forked"  # the log signed two histories
    OLDER = "older"  # sound so far, but you hold a checkpoint of a later state
    FOREIGN = "foreign"  # another log than the one you hold a key or checkpoint of
    WRONG_KEY = "wrong_key"  # a checkpoint whose signature does not hold, or of a key at a time that was not its own
    BESIDE = "beside"  # the entries are sound, something kept beside them is not: a tile, a leaf hash, a search column
    UNSIGNED = "unsigned"  # no checkpoint vouches for the entries
    UNWITNESSED = "unwitnessed"  # fewer witnesses vouch for the newest checkpoint than were asked for


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`first` is the sequence number of the first entry it concerns, `last` the end of the range within which the fault lies;
    equal where the entry is known, both 0 where it concerns no entry."""

    first: int
    last: int
    kind: Kind
    detail: str

    @property
    def place(self) -> str:
        if not self.first:
            return ""
        return f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"


@dataclass(slots=True)
class Report:
    """What was verified. `covered` is the size of the largest checkpoint that holds; entries behind it stand under no signature
    yet. `notes` say what a reader must know to judge the result."""

    origin: str = ""
    hash: str = ""
    size: int = 0
    root: bytes = b""
    covered: int = 0
    signers: Sequence[str] = ()
    witnesses: Sequence[str] = ()
    chained: int = 0
    released: int = 0  # entries whose bodies are elsewhere, as signed entries of the log tell
    released_to: Sequence[str] = ()  # digests of the files they went to
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding to look at first."""
        return min(self.findings, key=lambda finding: (finding.first == 0, finding), default=None)

    def found(self, kind: Kind, first: int, last: int, detail: str) -> None:
        self.findings.append(Finding(first, last, kind, detail))
