"""Searches: who may do this, what may this officer do, what may be done on this case.

The index proposes, `decide()` disposes: candidates are those whom an allow row could name at all (holders of its posts, steps of
one's posts, steps of the item), and each is put through the very decision an evaluation would be. So a result always evaluates
to allow, and nobody is missing, because without such a row there is no power.

Results come in pages, in the order of their names. One page looks at a bounded number of candidates; so a page may hold few
results, or none, and still name where the next one begins.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from sidecar.case_history.history import CaseHistory
from sidecar.case_history.ledger import Ledger
from sidecar.controls.context import AccessRequest
from sidecar.decision.callers import UNLIMITED, CallerLimits, limited
from sidecar.decision.counted import NO_LEDGERS, ledgers_for
from sidecar.decision.decide import decide
from sidecar.decision.policy import PolicySnapshot
from sidecar.decision.unwritten import said_of_unknown
from sidecar.messages import Sentence, say
from sidecar.personnel.registers import Personnel

MAX_RESULTS = 100
MAX_NAMED = 20  # steps that are named where none was found
MAX_LOOKED_AT = 500  # candidates of one page; each costs one decision

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """Results, and the name behind which the next page begins; empty at the end."""

    results: tuple[T, ...]
    next: str


class Power(NamedTuple):
    """A step of an item that somebody may do."""

    item: str
    step: str

    @property
    def name(self) -> str:
        return f"{self.item}/{self.step}"


def page_of(candidates: Iterable[tuple[str, T]], allowed: Callable[[T], bool], after: str, limit: int) -> Page[T]:
    """The candidates behind a name that are allowed, in the order of their names. A page that is full is the last one unless a
    further result was seen, so that nobody is sent for an empty page; where too many would have to be looked at, somebody is."""
    rest = ((name, value) for name, value in candidates if name > after)
    results: list[T] = []
    last = ""
    for name, value in islice(rest, MAX_LOOKED_AT):
        if allowed(value):
            if len(results) == min(limit, MAX_RESULTS):
                return Page(tuple(results), last)
            results.append(value)
        last = name
    return Page(tuple(results), last if next(rest, None) else "")


class Search(NamedTuple):
    """What all searches are made on: policies, registers, the case, the day, and the request without what is searched."""

    policy: PolicySnapshot
    personnel: Personnel
    history: CaseHistory
    request: AccessRequest
    now: datetime
    ledgers: Mapping[str, Ledger] = NO_LEDGERS
    limits: CallerLimits = UNLIMITED

    def ledgers_asked(self) -> frozenset[str]:
        """The names of the ledgers that any step of the item would be decided on."""
        item = self.policy.item(self.request.item)
        asked = (replace(self.request, step=step) for step in (item.steps if item else ()))
        named = (ledgers_for(self.policy, self.personnel, self.history, request, self.now) for request in asked)
        return frozenset([name for names in named for name in names])

    def subjects(self, after: str, limit: int) -> Page[str]:
        """Who may do this step now."""
        rows = self.policy.step(self.request.item, self.request.step).rows
        posts = {row[1].removeprefix("post:") for row in rows if row[1] != "*"}
        holders = {person for post in posts for person in self.personnel.holders(post, self.now.date())}
        found = ((person, person) for person in sorted(holders))
        return self._page(found, lambda person: replace(self.request, person=person), after, limit)

    def powers(self, after: str, limit: int) -> Page[Power]:
        """The steps of items that the officer may do; of one step only, where the request names it."""
        wanted = (power for power in self._held() if self.request.step in ("", power.step))
        found = ((power.name, power) for power in sorted(wanted, key=lambda power: power.name))
        return self._page(found, lambda power: replace(self.request, item=power.item, step=power.step), after, limit)

    def actions(self, after: str, limit: int) -> Page[str]:
        """The steps the officer may do in this case now."""
        item = self.policy.item(self.request.item)
        found = ((step, step) for step in sorted(item.steps if item else ()))
        return self._page(found, lambda step: replace(self.request, step=step), after, limit)

    def why_no_subject(self) -> Sentence | None:
        """Why nobody can be found, on whatever case; None where somebody might have been."""
        item = self.policy.item(self.request.item)
        known = item is not None and self.request.step in item.steps
        return None if known else said_of_unknown(self.request.item, self.request.step, item)

    def why_no_action(self) -> Sentence | None:
        """Why no step can be found, on whatever case; None where one might have been."""
        item = self.policy.item(self.request.item)
        return self._no_post() if item else said_of_unknown(self.request.item, "", None)

    def why_no_power(self) -> Sentence | None:
        """Why no item can be found, on whatever case; None where one might have been."""
        step, held = self.request.step, sorted({power.step for power in self._held()})
        if held and step and step not in held:
            steps = ", ".join(held[:MAX_NAMED])
            return say("NO_POST_HOLDS_STEP", person=self.request.person, step=step, steps=steps)
        return self._no_post()

    def _held(self) -> set[Power]:
        """What the posts of the officer hold, whatever the case."""
        posts = self.personnel.posts(self.request.person, self.now.date())
        return {Power(*power) for post in posts for power in self.policy.grants(post)}

    def _no_post(self) -> Sentence | None:
        holds = self.personnel.posts(self.request.person, self.now.date())
        return None if holds else say("HOLDS_NO_POST", person=self.request.person)

    def _page(self, candidates: Iterable[tuple[str, T]], asked: Callable[[T], AccessRequest], after: str, limit: int) -> Page[T]:
        return page_of(candidates, lambda value: self._allowed(asked(value)), after, limit)

    def _allowed(self, request: AccessRequest) -> bool:
        decision = decide(self.policy, self.personnel, self.history, request, self.now, self.ledgers)
        return limited(decision, self.limits, (decision.item, self.history.item)).allowed
