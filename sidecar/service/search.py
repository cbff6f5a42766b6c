"""AuthZEN searches, and the powers of one officer: read the case, search on it, answer a page.

What is searched for may be left out and is ignored where it is given (AuthZEN 1.0, section on search). Searches are questions:
they put nothing into a case and nothing into the record, because nobody acts on them; whoever acts asks for a decision.

The token of a page names where the next one begins and what was asked; a token sent with another question is an error.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision.search import MAX_RESULTS, Search
from sidecar.errors import RequestError
from sidecar.service.answering import encode
from sidecar.service.asked import ITEM, EvaluationRequest, evaluation_of, read_request
from sidecar.service.authorize import Authorizer, completed

OFFICER = "officer"
_ANY = "any"  # stands where the searched identifier was left out


class _Turn(NamedTuple):
    """One page that is asked for: behind which name it begins, how long it may be, and the question it belongs to."""

    after: str
    limit: int
    question: str


class Searches:
    """Bodies are decoded JSON objects; malformed ones raise RequestError."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def subjects(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Officers who may do the action on the resource."""
        wire, turn = _read(body, "subject", {"id": _ANY})
        if wire.subject.type != OFFICER:
            return _answer([], "", turn)
        page = (await self._search(wire)).subjects(turn.after, turn.limit)
        return _answer([{"type": OFFICER, "id": person} for person in page.results], page.next, turn)

    async def actions(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Steps the subject may do on the resource."""
        wire, turn = _read(body, "action", {"name": _ANY})
        page = (await self._search(wire)).actions(turn.after, turn.limit)
        return _answer([{"name": step} for step in page.results], page.next, turn)

    async def resources(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Items of which the subject may do the step. Cases are not searched: they belong to the systems that keep them."""
        wire, turn = _read(body, "resource", {"id": _ANY})
        if wire.resource.type != ITEM:
            return _answer([], "", turn)
        page = (await self._search(wire)).powers(turn.after, turn.limit)
        return _answer([{"type": ITEM, "id": power.item} for power in page.results], page.next, turn)

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

    async def _search(self, wire: EvaluationRequest) -> Search:
        standing = self._authorizer.standing
        asked = read_request(wire, self._authorizer.party_token).request
        history = await self._authorizer.store.read_case(asked.case_id) if asked.case_id else CaseHistory("")
        request = completed(replace(asked, intent=QUESTION), history)
        search = Search(standing.policy, standing.personnel, history, request, self._authorizer.clock.now())
        ledgers = {name: await self._authorizer.store.read_ledger(name) for name in search.ledgers_asked()}
        return search._replace(ledgers=ledgers)


def _read(body: Mapping[str, Any], searched: str, stand_in: Mapping[str, str]) -> tuple[EvaluationRequest, _Turn]:
    """The request with a stand-in for what is searched, and the page that is asked for."""
    given = body.get(searched, {})
    if not isinstance(given, dict):
        raise RequestError("bad_request", f"{searched} must be an object")
    wire = evaluation_of({**body, searched: {**given, **stand_in}})
    question = hashlib.sha256(encode([searched, wire])).hexdigest()[:16]
    return wire, _turn(body.get("page", {}), question)


def _turn(page: object, question: str) -> _Turn:
    if not isinstance(page, dict):
        raise RequestError("bad_page", "page must be an object")
    token, limit = page.get("token", ""), page.get("limit")
    if not isinstance(token, str) or not (limit is None or (type(limit) is int and limit >= 0)):
        raise RequestError("bad_page", "page.token must be text and page.limit a whole number from 0")
    if not token:
        return _Turn("", min(limit or MAX_RESULTS, MAX_RESULTS), question)
    known = _opened(token)
    if known.question != question or (limit is not None and min(limit or MAX_RESULTS, MAX_RESULTS) != known.limit):
        raise RequestError("bad_page", "the token belongs to another question or limit; begin again without it")
    return known


def _opened(token: str) -> _Turn:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token.encode("ascii")), type=_Turn)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, ValueError):
        raise RequestError("bad_page", "page.token is none that was given out") from None


def _answer(results: list[dict[str, str]], following: str, turn: _Turn) -> dict[str, object]:
    token = base64.urlsafe_b64encode(encode(turn._replace(after=following))).decode() if following else ""
    return {"results": results, "page": {"next_token": token, "count": len(results)}}
