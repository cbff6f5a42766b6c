"""What `quanheng check` says: one finding per mistake, with its place and the facts its sentence needs.

The sentence itself lives in the message catalogue (`sidecar/messages.py`), so that Chinese and English say the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from sidecar.messages import Sentence, say


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake (error) or doubt (warning) in a policy file. `item` is the power item's id, `rule` that of the catalogue, where
    a law is behind it; else empty."""

    code: str
    place: Place
    item: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    severity: Severity = Severity.ERROR
    rule: str = ""

    @property
    def sentence(self) -> Sentence:
        """What is wrong and what to write instead, in both languages."""
        return say(self.code, **self.facts)


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(f.severity is Severity.ERROR for f in findings)


def in_reading_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by file, line and column, then code: the order in which a person walks through the file."""
    return sorted(findings, key=lambda f: (f.place, f.code, str(f.facts)))
