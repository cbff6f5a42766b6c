"""When what a decision rests on is in force: the appointment through which its post is held.

The decision was made by the sidecar's clock. The store holds the window against its own at the moment of the commit, so that
neither a slow commit nor a clock that was set back lets an appointment act that has ended.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from sidecar.controls.context import AccessRequest
from sidecar.personnel.registers import Personnel, Span, Term
from sidecar.ports.records import Window

ALWAYS = Window(0, 2**53 - 1)


def window_of(personnel: Personnel, request: AccessRequest, post: str, now: datetime) -> Window | None:
    """The span of the appointment that holds now and ends last, of a delegate also the term of the delegation; None where no
    appointment is behind the post."""
    today, owner = now.date(), request.on_behalf or request.person
    spans = [a.span for a in personnel.appointments(owner) if a.post == post and a.span.holds(today)]
    if not spans:
        return None
    window = _window(max(spans, key=lambda span: span.end or date.max) if len(spans) > 1 else spans[0], now.tzinfo)
    if request.on_behalf:
        window = _cut(window, _lent(personnel, request, post, now), now.tzinfo)
    if not personnel.any_suspended:
        return window
    coming = [start for start in _suspended_from(personnel, request, post) if start > now.replace(tzinfo=None)]
    return Window(window.since_ms, min([window.until_ms, *(_instant(start, now.tzinfo) for start in coming)]))


def _suspended_from(personnel: Personnel, request: AccessRequest, post: str) -> Iterator[datetime]:
    """When suspensions begin that would stop the act."""
    persons = [("person", person) for person in (request.person, request.on_behalf) if person]
    for what, target in (("item", request.item), ("case", request.case_id), ("post", post), *persons):
        yield from (found.term.start for found in personnel.suspensions(what, target) if found.term.start)


def _lent(personnel: Personnel, request: AccessRequest, post: str, now: datetime) -> list[Term]:
    """Of the delegations that carry the act the one that ends last."""
    found = personnel.delegations(request.person, request.on_behalf) if request.on_behalf else ()
    carrying = [
        lent.term
        for lent in found
        if lent.term.holds(now) and lent.covers(request.item, request.step) and (not lent.posts or post in lent.posts)
    ]
    return [max(carrying, key=lambda term: term.end or datetime.max)] if carrying else []  # noqa: DTZ901 - a local clock


def _cut(window: Window, terms: Iterable[Term], zone: tzinfo | None) -> Window:
    """The part of a window that lies in every one of the terms."""
    for term in terms:
        since = _instant(term.start, zone) if term.start else window.since_ms
        until = _instant(term.end, zone) if term.end else window.until_ms
        window = Window(max(window.since_ms, since), min(window.until_ms, until))
    return window


def _instant(moment: datetime, zone: tzinfo | None) -> int:
    return int(moment.replace(tzinfo=zone).timestamp() * 1000)


@lru_cache(4096)
def _window(span: Span, zone: tzinfo | None) -> Window:
    since = ALWAYS.since_ms if span.start is None else _midnight(span.start, zone)
    until = ALWAYS.until_ms if span.end is None or span.end == date.max else _midnight(span.end + timedelta(days=1), zone)
    return Window(since, until)


def _midnight(day: date, zone: tzinfo | None) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)
