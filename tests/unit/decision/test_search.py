"""Searches are complete: every result evaluates to allow, and whoever evaluates to allow is a result."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.case_history.history import ActRecorded
from sidecar.controls.context import AccessRequest
from sidecar.decision import search
from sidecar.decision.decide import decide
from sidecar.decision.search import Page, Power, Search
from tests.samples import EVERYONE, SNAPSHOT, act, history, moment

PEOPLE = ("all", "checker", "clerk", "deputy", "head", "nobody", "reviewer")
STEPS = {
    "permit": ("accept", "review", "site", "hear", "decide", "issue"),
    "fine": ("file", "notify", "legal_review", "deliberate", "decide"),
}
LIFE = (
    act("accept", "clerk", facts={"amount": 600}),
    act("review", "reviewer"),
    act("site", "head", kind="co_signed"),
    act("site", "checker"),
    act("hear", "all"),
    act("decide", "deputy", outcome="grant"),
)
ASKED = AccessRequest("", "", "permit", "C-1", facts={"amount": 600}, evidence=frozenset({"drawings"}), outcome="grant")


def searching(acts: tuple[ActRecorded, ...], **asked: Any) -> Search:
    return Search(SNAPSHOT, EVERYONE, history(*acts), replace(ASKED, **asked), moment())


def evaluates(acts: tuple[ActRecorded, ...], **asked: Any) -> bool:
    return decide(SNAPSHOT, EVERYONE, history(*acts), replace(ASKED, **asked), moment()).allowed


def every(find: Any, size: int) -> list[Any]:
    """All pages of a search, each of a given size."""
    found: list[Any] = []
    page: Page[Any] = Page((), "")
    while True:
        page = find(page.next, size)
        found += page.results
        if not page.next:
            return found


stages = st.integers(0, len(LIFE)).map(lambda n: LIFE[:n])
sizes = st.integers(1, 4)


@given(stages, st.sampled_from(STEPS["permit"]), sizes)
def test_who_may_do_a_step(acts: tuple[ActRecorded, ...], step: str, size: int) -> None:
    """Exactly those whom an evaluation would allow, whatever the size of a page."""
    expected = [person for person in PEOPLE if evaluates(acts, person=person, step=step)]
    assert every(searching(acts, step=step).subjects, size) == expected


@given(stages, st.sampled_from(PEOPLE), sizes)
def test_what_may_be_done_on_a_case(acts: tuple[ActRecorded, ...], person: str, size: int) -> None:
    """Exactly the steps an evaluation would allow."""
    expected = sorted(step for step in STEPS["permit"] if evaluates(acts, person=person, step=step))
    assert every(searching(acts, person=person).actions, size) == expected


@given(st.sampled_from(PEOPLE), st.sampled_from(("", "accept", "decide", "file")), sizes)
def test_what_an_officer_may_do(person: str, step: str, size: int) -> None:
    """Exactly the items and steps an evaluation would allow on a new case."""
    expected = sorted(
        f"{item}/{name}"
        for item, names in STEPS.items()
        for name in names
        if step in ("", name) and evaluates((), person=person, item=item, step=name)
    )
    found = every(searching((), person=person, step=step, item="").powers, size)
    assert [power.name for power in found] == expected


def test_a_page_looks_at_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without results still says where the next one begins."""
    monkeypatch.setattr(search, "MAX_LOOKED_AT", 1)
    first = searching(LIFE[:1], step="decide").subjects("", 10)
    assert (first.results, first.next) == ((), "all")
    monkeypatch.setattr(search, "MAX_RESULTS", 1)
    assert searching((), person="all", item="").powers("", 10) == Page((), "fine/decide")
    monkeypatch.setattr(search, "MAX_LOOKED_AT", 50)
    assert searching((), person="all", item="").powers("", 10) == Page((Power("fine", "file"),), "fine/notify")


def test_an_unknown_item_or_person_has_no_results() -> None:
    """Nothing is proposed, nothing is decided."""
    assert searching((), item="nothing", step="accept").subjects("", 5) == Page((), "")
    assert searching((), person="nobody", item="").powers("", 5) == Page((), "")
    assert searching((), person="clerk", item="nothing").actions("", 5) == Page((), "")
