"""When what a decision rests on is in force: the appointment through which its post is held.

The decision was made by the sidecar's clock. The store holds the window against its own at the moment of the commit, so that
neither a slow commit nor a clock that was set back lets an appointment act that has ended.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from sidecar.controls.context import AccessRequest
from sidecar.personnel.registers import Personnel
from sidecar.ports.records import Window

ALWAYS = Window(0, 2**53 - 1)


def window_of(personnel: Personnel, request: AccessRequest, post: str, now: datetime) -> Window | None:
    """The span of the appointment that holds now and ends last; None where no appointment of the person is behind the post."""
    today = now.date()
    holders = (request.person, request.on_behalf)
    spans = [a.span for who in holders for a in personnel.appointments(who) if a.post == post and a.span.holds(today)]
    if not spans:
        return None
    span = max(spans, key=lambda span: span.end or date.max)
    since = ALWAYS.since_ms if span.start is None else _midnight(span.start, now.tzinfo)
    until = ALWAYS.until_ms if span.end is None or span.end == date.max else _midnight(span.end + timedelta(days=1), now.tzinfo)
    return Window(since, until)


@lru_cache(4096)
def _midnight(day: date, zone: tzinfo | None) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)
