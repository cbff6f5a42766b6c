"""What the policies ask of the personnel tables as a whole: who may not hold what together."""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from sidecar.personnel.registers import Appointment


class Incompatibility(msgspec.Struct, frozen=True):
    """At most `at_most` of the duties in one hand on any day; a duty is the posts (full ids) that carry it. `place` is the line
    of `incompatible.yaml`."""

    duties: tuple[tuple[str, ...], ...]
    at_most: int
    reason: str
    basis: str
    place: str

    @property
    def posts(self) -> frozenset[str]:
        return frozenset([post for duty in self.duties for post in duty])

    def held(self, posts: Iterable[str]) -> int:
        """How many of the duties these posts carry."""
        held = set(posts)
        return sum(1 for duty in self.duties if not held.isdisjoint(duty))


class Rules(msgspec.Struct, frozen=True):
    """The rules of one version of the policies."""

    incompatible: tuple[Incompatibility, ...] = ()


Placed = tuple[Appointment, str]  # an appointment and the cell that names its post


def held_together(appointments: Iterable[Placed], rules: Rules) -> Iterator[str]:
    """A problem for each person who on some day holds more incompatible duties than they may, told once for a line."""
    by_person: dict[str, list[Placed]] = {}
    for placed in appointments:
        by_person.setdefault(placed[0].person, []).append(placed)
    for line in rules.incompatible:
        posts = line.posts
        for held in by_person.values():
            together = _together([placed for placed in held if placed[0].post in posts], line)
            if together:
                named = "、".join(f"{appointment.post} ({place})" for appointment, place in together)
                told = f"incompatible duties on the same day: {named} 不相容岗位：{line.reason}（{line.basis}，{line.place}）"
                yield f"{together[-1][1]}: {told} — end one before the other begins"


def _together(held: list[Placed], line: Incompatibility) -> list[Placed]:
    """The appointments of the first day on which too many meet. They can only meet on a day on which one of them begins."""
    for day in sorted({appointment.span.start or date.min for appointment, _ in held}):
        there = [placed for placed in held if placed[0].span.holds(day)]
        if line.held(appointment.post for appointment, _ in there) > line.at_most:
            return there
    return []
