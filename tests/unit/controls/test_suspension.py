"""Suspension of an item, a post, a person or a case: beats every allow, for everybody, from moment to moment."""

from datetime import datetime
from typing import Any

import pytest

from sidecar.controls.context import AccessRequest
from sidecar.personnel.registers import Appointment, Delegation, Personnel, Span, Suspension, Term
from sidecar.service.in_force import window_of
from tests.persons import POSTS, act, ask, local, sentences, snapshot
from tests.samples import codes, moment

POLICY = snapshot()
HISTORY = (act("x", "propose"),)


def stopped(what: str, target: str, term: Term = Term()) -> Suspension:  # noqa: B008 - a value
    return Suspension(what, target, term, "o-8", "o-9", "停〔2026〕1号")


def people(*suspensions: Suspension, **posts: str) -> Personnel:
    held = [Appointment(person, post, Span()) for person, names in posts.items() for post in names.split()]
    lent = Delegation("boss", "a", "officer", ("top.deputy",), (), (), Term(), "授权")
    return Personnel(held, delegations=[lent], suspensions=suspensions)


@pytest.mark.parametrize(("what", "target"), [("item", "payment"), ("case", "C-1"), ("person", "a"), ("post", "top.deputy")])
def test_each_target_stops_the_act_and_says_by_what(what: str, target: str) -> None:
    """The document is named, in the sentence and as its basis; another target of the kind stops nothing."""
    held = {"a": "top.deputy"}
    refused = ask(POLICY, "a", "decide", *HISTORY, people=people(stopped(what, target), **held))
    assert (refused.code, codes(refused)) == ("SUSPENDED", {"SUSPENDED"})
    assert "停〔2026〕1号" in sentences(refused)
    assert refused.basis == "停〔2026〕1号"
    assert ask(POLICY, "a", "decide", *HISTORY, people=people(stopped(what, "other"), **held)).allowed


def test_everybody_is_stopped() -> None:
    """No rank is exempt: one who holds every post, the principal, a delegate."""
    staff = {"a": " ".join(POSTS), "boss": "top.head top.deputy"}
    for who, behalf in (("a", ""), ("boss", ""), ("a", "boss")):
        for what, target in (("item", "payment"), ("case", "C-1")):
            refused = ask(POLICY, who, "decide", *HISTORY, people=people(stopped(what, target), **staff), on_behalf=behalf)
            assert "SUSPENDED" in codes(refused)
            assert refused.code == "SUSPENDED"


def test_another_post_goes_on() -> None:
    """Who holds a second post with the step acts through it, unless they name the suspended one."""
    both = people(stopped("post", "top.deputy"), a="top.deputy top.head")
    decision = ask(POLICY, "a", "decide", *HISTORY, people=both)
    assert (decision.allowed, decision.post) == (True, "top.head")
    assert codes(ask(POLICY, "a", "decide", *HISTORY, people=both, acting_post="top.deputy")) == {"SUSPENDED"}


@pytest.mark.parametrize(("what", "target"), [("person", "boss"), ("post", "top.deputy"), ("person", "a")])
def test_a_delegate_is_stopped_with_the_delegator(what: str, target: str) -> None:
    """Through the one they act for, through the post, or for themselves."""
    staff = people(stopped(what, target), boss="top.deputy", a="desk.asker")
    refused = ask(POLICY, "a", "decide", *HISTORY, people=staff, on_behalf="boss")
    assert refused.code == "SUSPENDED"


def test_who_held_no_power_is_told_that_first() -> None:
    """A suspension of a post that nobody asks through says nothing."""
    refused = ask(POLICY, "a", "decide", *HISTORY, people=people(stopped("post", "desk.asker"), a="desk.asker"))
    assert codes(refused) == {"NO_POWER"}


def test_it_holds_from_moment_to_moment() -> None:
    """Half-open, by the local clock."""
    term = Term(local("2026-01-05T10:00"), local("2026-01-05T11:00"))
    staff = people(stopped("item", "payment", term), a="top.deputy")
    for clock, allowed in (("09:59:59", True), ("10:00:00", False), ("10:59:59", False), ("11:00:00", True)):
        now = datetime.fromisoformat(f"2026-01-05T{clock}").replace(tzinfo=moment().tzinfo)
        assert ask(POLICY, "a", "decide", *HISTORY, people=staff, now=now).allowed == allowed


@pytest.mark.parametrize(("what", "target"), [("item", "payment"), ("case", "C-1"), ("person", "a"), ("post", "top.deputy")])
def test_a_commit_does_not_reach_into_a_suspension(what: str, target: str) -> None:
    """The window of an act ends where a suspension begins; one that is over or of something else does not cut it."""
    begins = local("2026-01-05T12:00")
    request = AccessRequest(person="a", step="decide", item="payment", case_id="C-1")

    def until(*suspensions: Suspension) -> Any:
        window = window_of(people(*suspensions, a="top.deputy"), request, "top.deputy", moment())
        assert window is not None
        return window.until_ms

    expected = int(begins.replace(tzinfo=moment().tzinfo).timestamp() * 1000)
    assert until(stopped(what, target, Term(begins))) == expected
    assert until(stopped(what, "other", Term(begins))) > expected
    assert until(stopped(what, target, Term(local("2026-01-04"), local("2026-01-05")))) > expected
