"""The registers a personnel office keeps, as immutable values asked by the day.

An entry is valid from its first day up to and including its last; an open end means until further notice. A party stands in the
register of interests as a keyed token, as it does in the record: the register is read once and the plain name is forgotten.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import date
from typing import TypeVar

import msgspec


class Span(msgspec.Struct, frozen=True):
    """Days from `start` to `end`, ends included; None is open."""

    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


def after_years(day: date, years: int) -> date:
    """The same day so many years later; the last of the month where there is none (民法典第二百零二条)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


class Appointment(msgspec.Struct, frozen=True):
    person: str
    post: str
    span: Span


class CredentialHeld(msgspec.Struct, frozen=True):
    person: str
    credential: str
    span: Span


class Interest(msgspec.Struct, frozen=True):
    """A declared relation (利益申报) of a person to a party, given as a keyed token."""

    person: str
    party: str
    relation: str
    span: Span

    def bars(self, day: date, years: int) -> bool:
        """Whether it holds that day, or ended no more than so many years before."""
        start, end = self.span.start, self.span.end
        return (start is None or start <= day) and (end is None or day <= after_years(end, years))


_Entry = TypeVar("_Entry", Appointment, CredentialHeld, Interest)


class Personnel:
    """The three registers, indexed by person. Immutable once made."""

    def __init__(
        self,
        appointments: Iterable[Appointment] = (),
        credentials: Iterable[CredentialHeld] = (),
        interests: Iterable[Interest] = (),
    ) -> None:
        self._appointments = _by_person(appointments)
        self._holders = _by_post(a for held in self._appointments.values() for a in held)
        self._credentials = _by_person(credentials)
        self._interests = _by_person(interests)

    def with_appointments(self, person: str, appointments: Iterable[Appointment]) -> "Personnel":
        """The registers with other appointments of one person; everything else is shared, so that it costs no reload."""
        new = tuple(appointments)
        posts = {a.post for a in (*self._appointments.get(person, ()), *new)}
        others = (a for post in posts for a in self._holders.get(post, ()) if a.person != person)
        other = copy(self)
        other._appointments = {**self._appointments, person: new}  # noqa: SLF001 - of the same class
        other._holders = {**self._holders, **dict.fromkeys(posts, ()), **_by_post((*others, *new))}  # noqa: SLF001
        return other

    def posts(self, person: str, day: date) -> frozenset[str]:
        """Full ids of the posts the person holds that day."""
        return frozenset([a.post for a in self._appointments.get(person, ()) if a.span.holds(day)])

    def appointments(self, person: str) -> tuple[Appointment, ...]:
        """Past, present and future appointments of a person."""
        return self._appointments.get(person, ())

    def holders(self, post: str, day: date) -> tuple[str, ...]:
        """Who holds a post that day, sorted."""
        return tuple(sorted({a.person for a in self._holders.get(post, ()) if a.span.holds(day)}))

    def posts_held(self) -> Iterable[str]:
        """Full ids of all posts that anybody holds, held or will hold."""
        return self._holders.keys()

    def credentials(self, person: str, day: date) -> frozenset[str]:
        return frozenset([c.credential for c in self._credentials.get(person, ()) if c.span.holds(day)])

    def interests(self, person: str) -> tuple[Interest, ...]:
        """Everything a person has declared, past and present."""
        return self._interests.get(person, ())


def _by_post(appointments: Iterable[Appointment]) -> dict[str, tuple[Appointment, ...]]:
    index: dict[str, list[Appointment]] = {}
    for appointment in appointments:
        index.setdefault(appointment.post, []).append(appointment)
    return {post: tuple(held) for post, held in index.items()}


def _by_person(entries: Iterable[_Entry]) -> Mapping[str, tuple[_Entry, ...]]:
    index: dict[str, list[_Entry]] = {}
    for entry in entries:
        index.setdefault(entry.person, []).append(entry)
    return {person: tuple(held) for person, held in index.items()}
