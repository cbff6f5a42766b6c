"""The registers a personnel office keeps, as immutable values asked by the day.

An entry is valid from its first day up to and including its last; an open end means until further notice. Delegations and
suspensions go by the moment: half-open terms of the local clock. A party stands in the
register of interests as a keyed token, as it does in the record: the register is read once and the plain name is forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from datetime import date, datetime, timedelta
from itertools import chain
from typing import TypeVar

import msgspec

KEPT_ON_DAYS = 16_384  # of each kind


class Span(msgspec.Struct, frozen=True):
    """Days from `start` to `end`, ends included; None is open."""

    start: date | None = None
    end: date | None = None

    def meets(self, other: "Span") -> bool:
        """Whether there is a day in both."""
        first, last = max(self.start or date.min, other.start or date.min), min(self.end or date.max, other.end or date.max)
        return first <= last

    def holds(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


def after_years(day: date, years: int) -> date:
    """The same day so many years later; the last of the month where there is none (民法典第二百零二条)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


class Term(msgspec.Struct, frozen=True):
    """From a moment up to another that is not included, half-open, by the local clock; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """`now` with its zone, in which the term is written too."""
        moment = now.replace(tzinfo=None)
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def meets(self, other: "Term") -> bool:
        """Whether there is a moment in both."""
        return _before(self.start, other.end) and _before(other.start, self.end)


def _before(start: datetime | None, end: datetime | None) -> bool:
    return start is None or end is None or start < end


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


class Delegation(msgspec.Struct, frozen=True):
    """What one person may do for another (代理、委托): `posts`, `items` and `steps` name the scope, none of them means any."""

    delegator: str
    delegate: str
    kind: str
    posts: tuple[str, ...]
    items: tuple[str, ...]
    steps: tuple[str, ...]
    term: Term
    document: str
    published: date | None = None

    def covers(self, item: str, step: str) -> bool:
        return (not self.items or item in self.items) and (not self.steps or step in self.steps)


class Audit(msgspec.Struct, frozen=True):
    """A special audit (专项审计) of somebody's tenure of a post."""

    person: str
    post: str
    day: date
    document: str


class Suspension(msgspec.Struct, frozen=True):
    """An item, post, person or case that may not be acted in meanwhile, by order of one person and approval of another."""

    what: str
    target: str
    term: Term
    ordered_by: str
    approved_by: str
    document: str


class Leaver(msgspec.Struct, frozen=True):
    """Somebody who left an organ's post on a day and now serves a party (a keyed token); `leading` where the post led."""

    person: str
    organ: str
    leading: bool
    left: date
    party: str


Registered = Appointment | CredentialHeld | Interest | Delegation | Suspension | Audit | Leaver
_Entry = TypeVar("_Entry", Appointment, CredentialHeld, Interest)


class Personnel:
    """All registers, indexed by what they are asked for. Immutable once made."""

    def __init__(
        self,
        appointments: Iterable[Appointment] = (),
        credentials: Iterable[CredentialHeld] = (),
        interests: Iterable[Interest] = (),
        delegations: Iterable[Delegation] = (),
        suspensions: Iterable[Suspension] = (),
        audits: Iterable[Audit] = (),
        leavers: Iterable[Leaver] = (),
    ) -> None:
        self._appointments = _by_person(appointments)
        self._holders = _by_post(a for held in self._appointments.values() for a in held)
        self._credentials = _by_person(credentials)
        self._interests = _by_person(interests)
        self._delegations: dict[tuple[str, str], tuple[Delegation, ...]] = {}
        for lent in delegations:
            between = (lent.delegate, lent.delegator)
            self._delegations[between] = (*self._delegations.get(between, ()), lent)
        self._suspensions = _by_target(suspensions)
        self._audits = tuple(audits)
        self._leavers: dict[str, tuple[Leaver, ...]] = {}
        for leaver in leavers:
            self._leavers[leaver.party] = (*self._leavers.get(leaver.party, ()), leaver)
        self._forget()

    def _forget(self) -> None:
        """What each person and post comes to on a day is found once, and let go when there is much of it."""
        self._posts_on: dict[tuple[str, date], frozenset[str]] = {}
        self._holders_on: dict[tuple[str, date], tuple[str, ...]] = {}
        self._credentials_on: dict[tuple[str, date], frozenset[str]] = {}

    def with_appointments(self, person: str, appointments: Iterable[Appointment]) -> "Personnel":
        """The registers with other appointments of one person; everything else is shared, so that it costs no reload."""
        new = tuple(appointments)
        posts = {a.post for a in (*self._appointments.get(person, ()), *new)}
        others = (a for post in posts for a in self._holders.get(post, ()) if a.person != person)
        other = copy(self)
        other._appointments = {**self._appointments, person: new}  # noqa: SLF001 - of the same class
        other._holders = {**self._holders, **dict.fromkeys(posts, ()), **_by_post((*others, *new))}  # noqa: SLF001
        other._forget()  # noqa: SLF001
        return other

    def entries(self) -> Iterator[tuple[str, Registered]]:
        """Every entry of every register behind the register's name, in the order in which they are held: `Personnel` made of them
        again answers everything alike."""
        registers: Mapping[str, Iterable[Registered]] = {
            "appointments": chain.from_iterable(self._appointments.values()),
            "credentials": chain.from_iterable(self._credentials.values()),
            "interests": chain.from_iterable(self._interests.values()),
            "delegations": chain.from_iterable(self._delegations.values()),
            "suspensions": chain.from_iterable(self._suspensions.values()),
            "audits": self._audits,
            "leavers": chain.from_iterable(self._leavers.values()),
        }
        for name, held in registers.items():
            for entry in held:
                yield name, entry

    def posts(self, person: str, day: date) -> frozenset[str]:
        """Full ids of the posts the person holds that day."""
        known = self._posts_on.get((person, day))
        if known is None:
            held = [a.post for a in self._appointments.get(person, ()) if a.span.holds(day)]
            known = _kept(self._posts_on, (person, day), frozenset(held))
        return known

    def appointments(self, person: str) -> tuple[Appointment, ...]:
        """Past, present and future appointments of a person."""
        return self._appointments.get(person, ())

    def holders(self, post: str, day: date) -> tuple[str, ...]:
        """Who holds a post that day, sorted."""
        known = self._holders_on.get((post, day))
        if known is None:
            holding = {a.person for a in self._holders.get(post, ()) if a.span.holds(day)}
            known = _kept(self._holders_on, (post, day), tuple(sorted(holding)))
        return known

    def posts_held(self) -> Iterable[str]:
        """Full ids of all posts that anybody holds, held or will hold."""
        return self._holders.keys()

    def credentials(self, person: str, day: date) -> frozenset[str]:
        known = self._credentials_on.get((person, day))
        if known is None:
            held = [c.credential for c in self._credentials.get(person, ()) if c.span.holds(day)]
            known = _kept(self._credentials_on, (person, day), frozenset(held))
        return known

    def interests(self, person: str) -> tuple[Interest, ...]:
        """Everything a person has declared, past and present."""
        return self._interests.get(person, ())

    def delegations(self, delegate: str, delegator: str) -> tuple[Delegation, ...]:
        """What the delegate may do for the delegator, past, present and future."""
        return self._delegations.get((delegate, delegator), ())

    def lent_to(self, delegate: str) -> Iterator[Delegation]:
        """Everything that anybody has delegated to a person."""
        return (lent for (to, _), found in self._delegations.items() if to == delegate for lent in found)

    def suspensions(self, what: str, target: str) -> tuple[Suspension, ...]:
        """Suspensions of an item, post, person or case, past, present and future."""
        return self._suspensions.get((what, target), ())

    def held_since(self, person: str, post: str, day: date) -> date | None:
        """The first day of an unbroken tenure that goes on; None where it is not known, or there is none."""
        spans = [a.span for a in self._appointments.get(person, ()) if a.post == post and (a.span.start or day) <= day]
        since: date | None = day + timedelta(days=1)
        while since is not None:
            joined = [span for span in spans if _joins(span, since)]
            if not joined:
                break
            since = None if any(span.start is None for span in joined) else min(span.start for span in joined if span.start)
        return since if since is None or since <= day else None

    def audited(self, person: str, post: str, day: date) -> date | None:
        """The day of the last special audit of the tenure, up to that day."""
        return max((a.day for a in self._audits if (a.person, a.post) == (person, post) and a.day <= day), default=None)

    def leavers(self, party: str) -> tuple[Leaver, ...]:
        """Former officers who serve a party, whenever they left."""
        return self._leavers.get(party, ())

    @property
    def any_suspended(self) -> bool:
        """Whether there are any suspensions at all, past, present or future."""
        return bool(self._suspensions)

    def is_suspended(self, what: str, target: str, now: datetime) -> bool:
        return any(found.term.holds(now) for found in self.suspensions(what, target))

    def with_suspensions(self, suspensions: Iterable[Suspension]) -> "Personnel":
        """The registers with other suspensions; everything else is shared."""
        other = copy(self)
        other._suspensions = _by_target(suspensions)  # noqa: SLF001 - of the same class
        return other


T = TypeVar("T")


def _kept(table: dict[tuple[str, date], T], key: tuple[str, date], value: T) -> T:
    if len(table) >= KEPT_ON_DAYS:
        table.clear()
    table[key] = value
    return value


def _joins(span: Span, since: date) -> bool:
    """Whether a span reaches to the day before `since`, or over it, and begins earlier."""
    return (span.start is None or span.start < since) and (span.end is None or span.end + timedelta(days=1) >= since)


def _by_target(suspensions: Iterable[Suspension]) -> dict[tuple[str, str], tuple[Suspension, ...]]:
    index: dict[tuple[str, str], tuple[Suspension, ...]] = {}
    for suspension in suspensions:
        target = (suspension.what, suspension.target)
        index[target] = (*index.get(target, ()), suspension)
    return index


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
