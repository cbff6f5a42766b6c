"""What would have been refused: the observed refusals of a record, counted by item, officer and code.

An act that was let through under observation is in no case history, because nobody allowed it. What follows it in its case may
be refused for that alone, and would not be if the first had been put right; so a case's first refusal is told apart from those
after.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Observed:
    """Counts of refusals that were let through. Every decision of the record is to be told to `add`, in its order."""

    decisions: int = 0
    first: int = 0
    following: int = 0
    by_item: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_officer: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    by_caller: Counter[str] = field(default_factory=Counter)
    _cases: set[tuple[str, str]] = field(default_factory=set)

    @property
    def refusals(self) -> int:
        return self.first + self.following

    def add(self, entry: Mapping[str, Any]) -> bool:
        """Whether the entry tells of a refusal that was let through."""
        self.decisions += 1
        if "observed" not in entry.get("asked", {}):
            return False
        case = (entry["item"], entry["case_id"])
        if case in self._cases:
            self.following += 1
        else:
            self.first += 1
            self._cases.add(case)
        self.by_item[entry["item"], entry["item_name"]] += 1
        self.by_officer[entry["subject"]["person"]] += 1
        self.by_code[entry["code"]] += 1
        self.by_caller[entry["caller"]] += 1
        return True


def observed_in(entries: Iterable[Mapping[str, Any]]) -> Observed:
    found = Observed()
    for entry in entries:
        found.add(entry)
    return found
