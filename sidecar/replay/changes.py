"""What another policy would have decided of what was decided: newly refused, newly allowed, the same on other grounds.

Each decision is put to the other policy on the history, the registers and the moment it was made on. So a change is told of that
one act: what would have become of the case after an act that would have been refused, nobody knows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sidecar.decision.decision import Decision
from sidecar.decision_log.entry import DecisionEntry


class Kind(StrEnum):
    NEWLY_REFUSED = "newly_refused"
    NEWLY_ALLOWED = "newly_allowed"
    OTHER_GROUNDS = "other_grounds"  # refused, but for other reasons
    OTHER_DUTIES = "other_obligations"  # allowed, but other obligations follow
    OTHER_FLAGS = "other_flags"  # allowed, but marked otherwise


class Change(NamedTuple):
    """How one decision would have come out. `rules` are those that make the difference: that would refuse now, or would no
    longer; `gone` and `new` what no longer is and what would be, grounds, obligations or flags, in short."""

    kind: Kind
    code: str
    rules: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


def change_of(entry: DecisionEntry, again: Decision) -> Change | None:
    """None where the answer, its grounds, obligations and flags would be the same. Where a row was written, how a sentence is
    worded and which version of an item speaks makes no difference."""
    was_allowed = entry.decision == "allow"
    before = Counter(_ground(ground) for ground in entry.grounds)
    after = Counter([(ground.code, ground.rule) for ground in again.grounds])
    gone, new = before - after, after - before
    if was_allowed != again.allowed:
        rules = new if was_allowed else before
        kind = Kind.NEWLY_REFUSED if was_allowed else Kind.NEWLY_ALLOWED
        return Change(kind, again.code, _rules(rules), _told(before), _told(after))
    if gone or new:
        return Change(Kind.OTHER_GROUNDS, again.code, _rules([*gone, *new]), _told(gone), _told(new))
    due, falls_due = Counter(_due(due) for due in entry.obligations), Counter((d.kind, d.arg) for d in again.obligations)
    if due != falls_due:
        return Change(Kind.OTHER_DUTIES, again.code, (), _told(due - falls_due), _told(falls_due - due))
    was, would_be = Counter(_flag(flag) for flag in entry.flags), Counter((f.grade, f.rule) for f in again.flags)
    if was == would_be:
        return None
    gone, new = was - would_be, would_be - was
    return Change(Kind.OTHER_FLAGS, again.code, _rules([*gone, *new]), _told(gone), _told(new))


def _ground(ground: Mapping[str, str]) -> tuple[str, str]:
    return ground["code"], ground["rule"]


def _due(due: Mapping[str, str]) -> tuple[str, str]:
    return due["kind"], due["arg"]


def _flag(flag: Mapping[str, str]) -> tuple[str, str]:
    return flag["grade"], flag["rule"]


def _rules(grounds: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([rule for _, rule in grounds]))


def _told(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple([" ".join(pair) for pair in pairs])


@dataclass(slots=True)
class Tally:
    """The figures of one replay. `differing` counts the places in which decisions differ, without the number in a list."""

    same: int = 0
    different: int = 0
    entries: int = 0
    others: Counter[str] = field(default_factory=Counter)  # entries that are no decisions, by kind
    causes: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    by_item: dict[str, Counter[str]] = field(default_factory=dict)
    item_names: dict[str, str] = field(default_factory=dict)  # of those in which something changes, as last recorded
    by_officer: dict[str, Counter[str]] = field(default_factory=dict)
    by_rule: dict[str, Counter[str]] = field(default_factory=dict)
    engines: Counter[str] = field(default_factory=Counter)

    @property
    def decisions(self) -> int:
        return self.same + self.different + self.not_replayed

    @property
    def not_replayed(self) -> int:
        return self.causes.total()

    def count_change(self, entry: DecisionEntry, change: Change) -> None:
        self.kinds[change.kind] += 1
        self.item_names[entry.item] = entry.item_name
        for counted, name in (
            (self.by_item, entry.item),
            (self.by_officer, entry.subject["person"]),
            *((self.by_rule, rule) for rule in change.rules),
        ):
            counted.setdefault(name, Counter())[change.kind] += 1
