"""Acting for another over HTTP: the record names both persons and the document, and the term holds until the commit."""

from typing import Any

from sidecar.personnel.registers import Appointment, Delegation, Personnel, Span, Term
from tests.http_api.calling import ACCEPT, FixedClock, Sidecar
from tests.http_api.test_stale_grounds import Interrupted
from tests.persons import local


def standing_in(term: Term) -> Personnel:
    lent = Delegation("clerk", "helper", "officer", ("front.clerk",), ("permit",), ("accept",), term, "授权〔2026〕1号")
    return Personnel([Appointment("clerk", "front.clerk", Span())], delegations=[lent])


def by_helper(case: str = "C-1") -> dict[str, Any]:
    subject = {"type": "officer", "id": "helper", "properties": {"on_behalf_of": "clerk"}}
    return {**ACCEPT, "subject": subject, "resource": {**ACCEPT["resource"], "id": case}}


def test_the_record_names_both_persons_and_the_document() -> None:
    """Who acted, for whom, through whose post, and what let them; so does the case."""
    sidecar = Sidecar(people=standing_in(Term()))
    assert sidecar.answer(by_helper())["decision"] is True
    (entry,) = sidecar.entries()
    subject = entry["subject"]
    assert (subject["person"], subject["on_behalf_of"], subject["acting_post"]) == ("helper", "clerk", "front.clerk")
    assert subject["delegation"] == "授权〔2026〕1号"
    (act,) = sidecar.case().acts
    assert act.persons == ("helper", "clerk")


def test_a_delegation_that_ends_before_the_commit_is_refused() -> None:
    """S7: decided a second before the end of its term, committed at the end; a second earlier it is allowed."""
    clock = FixedClock()
    store = Interrupted(clock)
    sidecar = Sidecar(store, standing_in(Term(None, local("2026-01-05T09:00:02"))))
    sidecar.clock = sidecar.authorizer.clock = clock
    store.meanwhile.append(lambda: clock.move(seconds=1))
    assert sidecar.answer(by_helper())["decision"] is True
    store.meanwhile.append(lambda: clock.move(seconds=1))
    refused = sidecar.answer(by_helper("C-2"))
    assert (refused["decision"], refused["context"]["code"]) == (False, "DELEGATION_INVALID")
    assert sidecar.case("C-2").version == 0
    assert [entry["decision"] for entry in sidecar.entries()] == ["allow", "deny"]
