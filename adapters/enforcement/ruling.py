"""What every enforcement point does with a request, whatever brought it: match → identify → read → ask → rule.

A point (the proxy, a gateway's external authorizer, a middleware) turns its protocol into an `Incoming`, gets a `Question` or at
once a `Ruling`, asks the sidecar, and gets a `Ruling` for the answer. There are no other ways through: a ruling lets a request
pass when its route is declared no power, or when the sidecar said clearly yes and the point can do all that the yes asks of it.
Everything else (unmapped, nobody identified, unclear, malformed, unknown obligations) refuses, with a reason a person can read.

This part asks nobody, so that points with and without an event loop share it.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from adapters.client import Obligation
from adapters.enforcement.headers import refuse_ambiguous
from adapters.enforcement.identity import Identity, Peer
from adapters.enforcement.observing import OBSERVED
from adapters.enforcement.refusal import Refusal, act_of, denied, held
from adapters.enforcement.routes import Matched, Parts, Route, RouteFile, evaluation_of, filled, match_route, plain_segments
from adapters.enforcement.verdict import Verdict
from sidecar.errors import RequestError
from sidecar.http_api.strict_json import read_json
from sidecar.messages import CATALOGUE, say

BODY_LIMIT = 1024 * 1024  # bytes of a body that must be read to decide; others stream through unbounded

_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|\Z)", re.IGNORECASE)

_UNMAPPED = Route.model_validate(
    {"method": "GET", "path": "/", "item": "unmapped", "step": "unmapped", "case": {"value": "unmapped"}}
)

Headers = tuple[tuple[bytes, bytes], ...]


class Incoming(NamedTuple):
    """A request as its point received it: path and query as they were sent, header names in lower case. `body` is None where it
    was not read. `websocket` says that it is the handshake of one."""

    method: str
    raw_path: str
    query: str
    headers: Headers
    peer: Peer
    body: bytes | None = None
    websocket: bool = False


class Duty(NamedTuple):
    """An obligation of an allow that the point itself fulfils before the request goes on, and the act it belongs to."""

    decision_id: str
    item: str
    step: str
    case: str
    obligation: Obligation


class Ruling(NamedTuple):
    """Pass or not. `result` names it in counters; `told` are headers for the system behind; `decision_id` is what an outcome is
    reported under, empty where nothing was decided; `duties` are what the point must have seen to before it lets it pass."""

    result: str
    refusal: Refusal | None = None
    told: Mapping[str, str] = {}
    decision_id: str = ""
    duties: tuple[Duty, ...] = ()

    @property
    def passes(self) -> bool:
        return self.refusal is None


class Question(NamedTuple):
    """What the sidecar is to be asked: an AuthZEN evaluation, and for which route."""

    evaluation: dict[str, Any]
    matched: Matched


class Enforcement:
    """The rules of one enforcement point. `fulfils` are the types of obligations it or the system behind sees to, where they are
    not those of the route file; `own` those the point sees to itself, besides. The sidecar is told of them, and refuses an allow
    that brings another before anything enters the case; that its answer is looked at all the same is for a sidecar that does not
    know them.

    With `observe` it lets through what is refused, but only where the sidecar has recorded the refusal as an observed one: the
    caller is declared to be observed, and its last day is not over (ADR 0018). Nobody identified, a request that is malformed, a
    sidecar that gives no clear answer are refused as ever: what cannot be recorded is not observed.
    """

    def __init__(
        self,
        routes: RouteFile,
        identity: Identity,
        channel: str,
        fulfils: Collection[str] | None = None,
        *,
        own: Collection[str] = (),
        observe: bool = False,
    ) -> None:
        self._observe, self._own = observe, frozenset(own)
        self.routes, self._identity, self._channel = routes, identity, channel
        promised = routes.fulfils if fulfils is None else fulfils
        self._fulfils = None if promised is None else self._own.union(promised)
        self._route_headers = routes.headers
        self._read_headers = routes.headers | identity.headers

    def match(self, incoming: Incoming) -> Matched | Ruling:
        """The route of a request, or why it goes no further; before any body is read."""
        try:
            refuse_ambiguous(incoming.headers, self._read_headers)
            matched = match_route(self.routes, incoming.method, incoming.raw_path)
        except RequestError as fault:
            return malformed(fault)
        if matched is None and self._observe and not incoming.websocket:
            return Matched(_UNMAPPED, {})
        if matched is None:
            return self.refused("unmapped", 403, "UNMAPPED_ROUTE")
        if incoming.websocket and not matched.route.websocket:
            return self.refused("unmapped", 403, "UNMAPPED_WEBSOCKET")
        return matched

    def believes(self, peer: Peer) -> bool:
        """Whether a peer may say who the officer and who the client is."""
        return self._identity.believes(peer)

    @property
    def told_by_gateways(self) -> frozenset[str]:
        """The headers, in lower case, in which only a gateway may name the officer."""
        return self._identity.told_by_gateways

    def matched_elsewhere(self, incoming: Incoming, route: Route, segments: Mapping[str, str]) -> Matched | Ruling:
        """The same where a framework has found the route: what it was found by must be plain all the same."""
        try:
            refuse_ambiguous(incoming.headers, self._read_headers)
            plain_segments(incoming.raw_path)
        except RequestError as fault:
            return malformed(fault)
        return Matched(route, segments)

    def question(self, incoming: Incoming, matched: Matched) -> Question | Ruling:
        """What to ask for a matched request, or that there is nothing to ask."""
        if matched.route.not_a_power is not None:
            return Ruling("not_a_power")
        try:
            officer = self._identity.officer(incoming.headers, incoming.peer)
            content = _decoded(incoming) if matched.route.reads_body else None
            parts = Parts(matched.segments, incoming.query, self._values(incoming.headers), content)
            evaluation = evaluation_of(self.routes, matched, parts, officer, self._channel)
            if self._fulfils is not None:
                evaluation["context"]["supported_obligations"] = sorted(self._fulfils)
            if matched.route is _UNMAPPED:
                evaluation["resource"] |= {"type": "route", "id": incoming.method}  # never the path, which may tell of citizens
            if self._observe:
                evaluation["context"]["observe"] = True
            return Question(evaluation, matched)
        except RequestError as fault:
            return malformed(fault)

    def _values(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """The headers from which the routes read values, as text."""
        read = self._route_headers
        named = [(name.decode("latin-1"), value) for name, value in headers] if read else []
        return tuple([(name, value.decode("utf-8", "replace")) for name, value in named if name in read])

    async def asked(self, incoming: Incoming, matched: Matched) -> Question | Ruling:
        """`question`, on a thread where the identity may have to fetch keys."""
        if self._identity.waits:
            return await asyncio.to_thread(self.question, incoming, matched)
        return self.question(incoming, matched)

    def rule(self, verdict: Verdict, question: Question) -> Ruling:
        """What the sidecar's answer to a question means here."""
        if verdict.malformed:
            return malformed(RequestError(*verdict.malformed))
        if not verdict.clear:
            return self.refused("unclear", 503, "NO_DECISION")
        return self._allowed(verdict, question) if verdict.allowed else self._refused(verdict, question)

    def _refused(self, verdict: Verdict, question: Question) -> Ruling:
        if self._observe and verdict.observed_until:
            return _observed(verdict)
        if verdict.held:
            return Ruling("held", held(verdict, question.evaluation, self._signing(question)), decision_id=verdict.decision_id)
        return Ruling("refused", denied(verdict), decision_id=verdict.decision_id)

    def _allowed(self, verdict: Verdict, question: Question) -> Ruling:
        unmet = [] if self._fulfils is None else [kind for kind in verdict.obligation_kinds if kind not in self._fulfils]
        if unmet:
            return self.refused("unfulfillable", 403, "OBLIGATION_UNMET", obligations=", ".join(unmet))
        told = {"x-quanheng-decision": verdict.decision_id, "x-quanheng-obligations": ",".join(verdict.obligation_ids)}
        present = {name: value for name, value in told.items() if value}
        return Ruling("allowed", None, present, verdict.decision_id, self._duties(verdict, question) if self._own else ())

    def _duties(self, verdict: Verdict, question: Question) -> tuple[Duty, ...]:
        item, step, case = act_of(question.evaluation)
        owed = (obligation for obligation in verdict.obligations if obligation.type in self._own)
        return tuple([Duty(verdict.decision_id, item, step, case, obligation) for obligation in owed])

    def _signing(self, question: Question) -> str:
        """Method and path at which the step of a question is co-signed, where the route file has such a route for it."""
        asked, segments = question.matched.route, question.matched.segments
        for route in self.routes.routes:
            if route.intent == "co_sign" and (route.item, route.step) == (asked.item, asked.step):
                path = filled(route, segments)
                if path:
                    return f"{route.method} {path}"
        return ""

    def refused(self, result: str, status: int, code: str, **facts: object) -> Ruling:
        """A reason of the point's own: something is wrong here, not with the officer; and whom to call."""
        contact = self.routes.contact
        told, lines = ({"contact": contact}, (f"请联系 contact: {contact}",)) if contact else ({}, ())
        return Ruling(result, Refusal(status, code, say(code, **facts), told, lines))


def _observed(verdict: Verdict) -> Ruling:
    """A refusal that is let through, told to the system behind and to the client. No outcome is reported: it was not allowed."""
    told = f"{verdict.code.encode('ascii', 'replace').decode()}; until={verdict.observed_until}"
    return Ruling("observed", told={"x-quanheng-decision": verdict.decision_id, OBSERVED: told})


def malformed(fault: RequestError) -> Ruling:
    """What is wrong with the request itself; `fault` carries the status."""
    code = f"REQUEST_{fault.code.upper()}"
    sentence = say(code if code in CATALOGUE else "REQUEST_MALFORMED", detail=fault.message)
    return Ruling("malformed", Refusal(fault.status_hint, fault.code, sentence))


def _decoded(incoming: Incoming) -> Any:
    """A body as the route reads it. Another kind than JSON is refused: the system behind would read it otherwise."""
    if not incoming.body:
        return None
    if len(incoming.body) > BODY_LIMIT:
        raise too_large()
    kinds = [value.decode("latin-1") for name, value in incoming.headers if name == b"content-type"]
    if len(kinds) != 1 or not _JSON.match(kinds[0].strip()):
        raise RequestError("content_type", "this route reads its body; send Content-Type: application/json", 415)
    return read_json(incoming.body)


def too_large() -> RequestError:
    return RequestError("too_large", f"a body that must be read to decide may hold {BODY_LIMIT} bytes", 413)
