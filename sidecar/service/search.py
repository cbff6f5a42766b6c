"""AuthZEN searches, and the powers of one officer: read the case, search on it, answer a page.

What is searched for may be left out and is ignored where it is given (AuthZEN 1.0, section on search). Searches are questions:
they put nothing into a case and nothing into the record, because nobody acts on them; whoever acts asks for a decision.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision.search import Search
from sidecar.errors import RequestError
from sidecar.messages import say
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import ITEM, OFFICER, EvaluationRequest, evaluation_of, read_request
from sidecar.service.authorize import Authorizer, completed
from sidecar.service.paging import Pages
from sidecar.service.searching import Found

_ANY = "any"  # stands where the searched identifier was left out


class Searches:
    """Bodies are decoded JSON objects; malformed ones raise RequestError."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._pages = Pages(authorizer.tokens.derived("pages"))

    @property
    def kinds(self) -> Mapping[str, Found]:
        return {"subject": self.subjects, "resource": self.resources, "action": self.actions}

    async def subjects(self, body: Mapping[str, Any], caller: CallerFacts) -> dict[str, object]:
        """Officers who may do the action on the resource."""
        wire = _read(body, "subject", {"id": _ANY})
        turn = self._pages.turn(body, caller.name, "subject", wire)
        if wire.subject.type != OFFICER:
            return self._pages.answer([], "", turn, partial(say, "ONLY_OFFICERS"))
        search = await self._search(wire, caller)
        page = search.subjects(turn.after, turn.limit)
        return self._pages.answer(
            [{"type": OFFICER, "id": person} for person in page.results], page.next, turn, search.why_no_subject
        )

    async def actions(self, body: Mapping[str, Any], caller: CallerFacts) -> dict[str, object]:
        """Steps the subject may do on the resource."""
        wire = _read(body, "action", {"name": _ANY})
        turn = self._pages.turn(body, caller.name, "action", wire)
        search = await self._search(wire, caller)
        page = search.actions(turn.after, turn.limit)
        return self._pages.answer([{"name": step} for step in page.results], page.next, turn, search.why_no_action)

    async def resources(self, body: Mapping[str, Any], caller: CallerFacts) -> dict[str, object]:
        """Items of which the subject may do the step. Cases are not searched: they belong to the systems that keep them."""
        wire = _read(body, "resource", {"id": _ANY})
        turn = self._pages.turn(body, caller.name, "resource", wire)
        if wire.resource.type != ITEM:
            return self._pages.answer([], "", turn, partial(say, "ONLY_ITEMS"))
        search = await self._search(wire, caller)
        page = search.powers(turn.after, turn.limit)
        return self._pages.answer(
            [{"type": ITEM, "id": power.item} for power in page.results], page.next, turn, search.why_no_power
        )

    def powers(self, person: str, after: str, limit: int) -> dict[str, object]:
        """Every item and step the officer may do today on a case that has not begun and of which no fact is known."""
        standing, now = self._authorizer.standing, self._authorizer.clock.now()
        request = AccessRequest(person, "", "", "", intent=QUESTION)
        page = Search(standing.policy, standing.personnel, CaseHistory(""), request, now).powers(after, limit)
        items = standing.policy.items
        named = [
            {"item": p.item, "name": items[p.item].name, "step": p.step, "step_name": items[p.item].steps[p.step].name}
            for p in page.results
        ]
        return {"powers": named, "next": page.next}

    async def _search(self, wire: EvaluationRequest, caller: CallerFacts) -> Search:
        standing = self._authorizer.standing
        read = read_request(wire, self._authorizer.party_token)
        asked = self._authorizer.personal.asked(read, "", standing.policy.items)[0].request
        limits, promised = caller.limits, read.supported_obligations
        limits = limits if promised is None else limits.declaring(promised)
        history = await self._authorizer.store.read_case(asked.case_id) if asked.case_id else CaseHistory("")
        request = completed(replace(asked, intent=QUESTION), history)
        search = Search(standing.policy, standing.personnel, history, request, self._authorizer.clock.now())
        ledgers = {name: await self._authorizer.store.read_ledger(name) for name in search.ledgers_asked()}
        return search._replace(ledgers=ledgers, limits=limits)


def _read(body: Mapping[str, Any], searched: str, stand_in: Mapping[str, str]) -> EvaluationRequest:
    """The request with a stand-in for what is searched."""
    given = body.get(searched, {})
    if not isinstance(given, dict):
        raise RequestError("bad_request", f"{searched} must be an object")
    return evaluation_of({**body, searched: {**given, **stand_in}})
