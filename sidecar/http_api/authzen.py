"""OpenID AuthZEN Authorization API 1.0 beside the single evaluation: evaluations, searches, and the metadata."""

from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response

from sidecar.errors import NotFoundError, RequestError
from sidecar.http_api.callers import Caller
from sidecar.http_api.guard import reply_to
from sidecar.http_api.heads import check_content_type
from sidecar.http_api.metrics import Metrics
from sidecar.http_api.strict_json import MAX_KEYS, read_json
from sidecar.ports.telling import outcome
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest, evaluation_of
from sidecar.service.authorize import Answer
from sidecar.service.batch import batch_of, decided, not_decided
from sidecar.service.deciding import Deciding
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.receipts import wanted_receipt, with_receipt
from sidecar.service.searching import Found, Searching

EVALUATION, EVALUATIONS, SEARCH = "/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search/"
WELL_KNOWN = "/.well-known/authzen-configuration"
JSON = "application/json"
MAX_KEYS_OF_BATCH = 8 * MAX_KEYS
_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}

log = structlog.get_logger("quanheng.http")


class Evaluations:
    """Decides the items of a batch, each as if it had come alone."""

    def __init__(self, authorizer: Deciding, metrics: Metrics, keeper: LogKeeper | None) -> None:
        self._authorizer, self._metrics, self._keeper = authorizer, metrics, keeper

    async def answer(self, body: bytes, caller: CallerFacts) -> bytes:
        """The response to a body: evaluations in their order, or one decision where it holds no batch. Raises RequestError for a
        body that is no evaluation at all."""
        content = read_json(body, MAX_KEYS_OF_BATCH)
        batch = batch_of(content)
        if batch is None:
            return (await self._decide(evaluation_of(content), caller)).body
        answers = await decided(batch, caller, self._item, has_cases=self._authorizer.has_cases)
        return b'{"evaluations":[%s]}' % b",".join(answer.body for answer in answers)

    async def _item(self, wire: EvaluationRequest, caller: CallerFacts) -> Answer:
        """What would be an error of a request of its own is a false decision of the item, and says so."""
        try:
            return await self._decide(wire, caller)
        except Exception as fault:  # noqa: BLE001 - as in the guard: whatever it is, it becomes an answer
            reply = reply_to(fault, EVALUATIONS, self._metrics.rejected)
            code, _, message = reply.body.decode().partition(": ")
            return not_decided(reply.status, code, message)

    async def _decide(self, wire: EvaluationRequest, caller: CallerFacts) -> Answer:
        started = perf_counter()
        wanted = wanted_receipt(wire) if "options" in wire.context else ""
        answer: Answer = await outcome(partial(self._authorizer.begin, wire, caller))
        self._metrics.decided(answer, perf_counter() - started)
        return answer._replace(body=await with_receipt(answer.body, wanted, self._keeper)) if wanted else answer


def add_evaluations(app: FastAPI, evaluations: Evaluations, asks: Any, facts: Any) -> None:
    """`asks` finds the caller, `facts` tells of it what the record needs."""

    @app.post(EVALUATIONS, tags=["decisions"])
    async def evaluate(request: Request, caller: Caller = asks) -> Response:
        """Decide several requests (AuthZEN access evaluations): in their order, all of them or until the first deny or permit."""
        check_content_type(request.headers.get("content-type", ""))
        return Response(await evaluations.answer(await request.body(), facts(request, caller)), media_type=JSON)


def add_searches(app: FastAPI, searching: Searching, asks: Any, facts: Any) -> None:
    """A path for each kind that can be searched; for the others there is none."""
    for kind, found in searching.kinds.items():
        app.post(f"{SEARCH}{kind}", tags=["searches"], operation_id=f"search_{kind}")(_search(kind, found, asks, facts))


def _search(kind: str, found: Found, asks: Any, facts: Any) -> Any:
    async def search(request: Request, caller: Caller = asks) -> dict[str, object]:
        check_content_type(request.headers.get("content-type", ""))
        body = read_json(await request.body())
        if not isinstance(body, dict):
            raise RequestError("bad_request", "the body must be a JSON object")
        return await found(body, facts(request, caller))

    search.__doc__ = f"AuthZEN {kind} search: those for which an evaluation would say yes. A page at a time."
    return search


def add_metadata(app: FastAPI, address: str, searching: Searching | None, authorizer: Deciding) -> None:
    """`address` is the URL callers reach this service under, empty where it is not known. Where it has a path, the path stands
    behind the well-known one."""

    async def metadata(response: Response) -> dict[str, Any]:
        """Where the endpoints are and what they can do (AuthZEN policy decision point metadata)."""
        if not address:
            raise NotFoundError("NO_BASE_URL")
        response.headers.update(_FOR_AN_HOUR)
        return metadata_of(address, searching.kinds if searching else (), authorizer.obligations)

    path = "/".join(address.split("/")[3:])
    for place in dict.fromkeys([WELL_KNOWN, f"{WELL_KNOWN}/{path}".rstrip("/")]):
        app.get(place, tags=["operation"])(metadata)


def metadata_of(address: str, searched: Mapping[str, Any] | tuple[str, ...], obligations: list[str]) -> dict[str, Any]:
    """The document; members without values are left out, as the standard has it. Obligations as in its profile, draft 1."""
    return {
        "policy_decision_point": address,
        "access_evaluation_endpoint": f"{address}{EVALUATION}",
        "access_evaluations_endpoint": f"{address}{EVALUATIONS}",
        **{f"search_{kind}_endpoint": f"{address}{SEARCH}{kind}" for kind in searched},
        **({"supported_obligations": obligations} if obligations else {}),
    }
