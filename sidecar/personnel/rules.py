"""What the policies ask of the personnel tables as a whole: who may not hold what together, and who may act for whom."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

import msgspec

from sidecar.personnel.posts import PostFacts
from sidecar.personnel.registers import Appointment, Delegation, Span, Term
from sidecar.power_list import vocabulary as words

# Rules of the catalogue that are checked when the tables are read, and where.
CHECKED_ON_READING: Mapping[str, str] = MappingProxyType(
    {
        "IC-12": "appointments.csv",
        "IC-SEAL": "appointments.csv",
        "TB-46": "appointments.csv",
        "AL-24": "delegations.csv",
        "AP-20": "delegations.csv",
        "KIN": "declarations.csv",
        "CS-74": "kin.csv",
    }
)


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


class Known(msgspec.Struct, frozen=True):
    """The names of one version of the policies that tables may use."""

    posts: Mapping[str, PostFacts]
    items: Collection[str] = ()


PlacedDelegation = tuple[Delegation, str]  # a delegation and the cell that names the delegate


def wrongly_delegated(
    delegations: Sequence[PlacedDelegation], appointments: Iterable[Appointment], posts: Mapping[str, PostFacts]
) -> Iterator[str]:
    """To oneself, wider than one's own power, outside the organ under the name of a colleague, or in a circle."""
    held: dict[str, list[Appointment]] = {}
    for appointment in appointments:
        held.setdefault(appointment.person, []).append(appointment)
    for lent, place in delegations:
        if lent.delegator == lent.delegate:
            yield f"{place}: delegates to oneself 委托给本人 — name another delegate"
        own = [appointment.post for appointment in held.get(lent.delegator, ()) if _in_term(appointment, lent)]
        if not own:
            told = f"{lent.delegator} holds no post in that term 委托人在此期间没有任职"
            yield f"{place}: {told} — correct the term or the delegator"
            continue
        for post in lent.posts:
            if post not in own:
                told = f"{lent.delegator} does not hold {post} in that term 委托人在此期间不担任该岗位，不得转委托"
                yield f"{place}: {told} — a delegation is never wider than one's own power"
        if lent.kind == words.COLLEAGUE and not _same_organ(lent, own, held, posts):
            told = f"{lent.delegate} holds no post of the same organ 代理人不是本机关人员"
            yield f"{place}: {told} — correct the kind or the delegate"
    yield from _circles(delegations)


def _in_term(appointment: Appointment, lent: Delegation) -> bool:
    span = appointment.span
    start = datetime.combine(span.start, time()) if span.start else None
    end = datetime.combine(span.end, time()) + timedelta(days=1) if span.end and span.end < date.max else None
    return lent.term.meets(Term(start, end))


def _same_organ(
    lent: Delegation, own: Iterable[str], held: Mapping[str, Sequence[Appointment]], posts: Mapping[str, PostFacts]
) -> bool:
    theirs = [appointment.post for appointment in held.get(lent.delegate, ()) if _in_term(appointment, lent)]
    organs = {posts[post].organ for post in own if post in posts}
    return not organs.isdisjoint(posts[post].organ for post in theirs if post in posts)


def _circles(delegations: Sequence[PlacedDelegation]) -> Iterator[str]:
    """A delegates to B and B, meanwhile, to A, directly or through others."""
    for n, (lent, place) in enumerate(delegations):
        reached, queue = {lent.delegate}, [lent.delegate]
        while queue:
            by = queue.pop()
            for other, _ in delegations[:n]:
                if other.delegator == by and other.term.meets(lent.term) and other.delegate not in reached:
                    reached.add(other.delegate)
                    queue.append(other.delegate)
        if lent.delegator in reached and lent.delegator != lent.delegate:
            yield f"{place}: the delegation comes back to {lent.delegator} 循环委托 — end one of them"


class Kinship(msgspec.Struct, frozen=True):
    """Two officers who are kin."""

    person: str
    relative: str
    relation: str
    span: Span


PlacedKin = tuple[Kinship, str]  # a kinship and the cell that names the relative


def kin_too_near(kinships: Iterable[PlacedKin], appointments: Iterable[Placed], posts: Mapping[str, PostFacts]) -> Iterator[str]:
    """Kin who report to each other or to the same leader, or of whom one does personnel, discipline, audit or finance work where
    the other leads (任职回避, 公务员法 74)."""
    held: dict[str, list[Placed]] = {}
    for placed in appointments:
        held.setdefault(placed[0].person, []).append(placed)
    for kin, place in kinships:
        for one, one_place in held.get(kin.person, ()):
            for other, other_place in held.get(kin.relative, ()):
                if one.span.meets(other.span) and one.span.meets(kin.span) and other.span.meets(kin.span):
                    why = _too_near(one.post, other.post, posts)
                    if why:
                        told = f"kin {why}: {one.post} ({one_place}), {other.post} ({other_place}) 任职回避（公务员法第七十四条）"
                        yield f"{place}: {told} — move one of them"


def _too_near(one: str, other: str, posts: Mapping[str, PostFacts]) -> str:
    first, second = posts.get(one), posts.get(other)
    if first is None or second is None or first.organ != second.organ:
        return ""
    if one in second.superiors or other in first.superiors:
        return "in a line of command"
    if not set(first.superiors).isdisjoint(second.superiors):
        return "under the same leader"
    if any(leading.rank in LEADING and checking.checks_others for leading, checking in ((first, second), (second, first))):
        return "of whom one checks where the other leads"
    return ""


LEADING = frozenset({"leader", "principal"})


def without_beginning(appointments: Iterable[Placed], posts: Mapping[str, PostFacts]) -> Iterator[str]:
    """Appointments to posts with a term of rotation, whose beginning nobody could count from."""
    for appointment, place in appointments:
        facts = posts.get(appointment.post)
        if facts and facts.term_years and appointment.span.start is None:
            yield f"{place}: the tenure of {appointment.post} is limited and has no first day 轮岗岗位须写明起始日期 — write from"
