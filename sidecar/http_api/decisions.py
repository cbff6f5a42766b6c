"""The hot path: `POST /authorize` and `POST /access/v1/evaluation`, apart from how the request arrived.

Both speak AuthZEN Authorization API 1.0: a deny is 200, an error is a status with a plain string. `/access/v1/evaluation` answers
in the same shape; `/authorize` is the same decision under the project's own name.

A request arrives in one of two ways: through `lane.py`, straight from the connection, or as an ASGI request like any other, when
anything about it is out of the ordinary. Both end in `Decisions.begin`.
"""

from functools import partial
from time import perf_counter
from typing import NamedTuple

from sidecar.errors import RequestError
from sidecar.http_api.callers import Callers
from sidecar.http_api.guard import App, Receive, Reply, Scope, Send, certificate, header, request_id, send_reply
from sidecar.http_api.metrics import Metrics
from sidecar.http_api.strict_json import read_json
from sidecar.ports.telling import Then, outcome, told
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import evaluation_of
from sidecar.service.authorize import Answer
from sidecar.service.deciding import Deciding
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.receipts import wanted_receipt, with_receipt

PATHS = frozenset({"/authorize", "/access/v1/evaluation"})
JSON = b"application/json"
_NOT_POST = Reply(405, b"method_not_allowed: use POST", extra=((b"allow", b"POST"),))


class Head(NamedTuple):
    """What a decision needs of the head of a request."""

    authorization: str | None
    content_type: str
    request_id: str
    client_ip: str
    certificate: tuple[str, ...] = ()


class Decisions:
    """Answers the two evaluation paths. As an ASGI application it passes everything else on."""

    def __init__(
        self, app: App, authorizer: Deciding, callers: Callers, metrics: Metrics, keeper: LogKeeper | None = None
    ) -> None:
        self._app, self._authorizer, self._callers, self._metrics = app, authorizer, callers, metrics
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await send_reply(send, _NOT_POST)
        else:
            client = scope.get("client")
            kind = header(scope, b"content-type") or ""
            head = Head(header(scope, b"authorization"), kind, request_id(scope), client[0] if client else "", certificate(scope))
            body = (await receive())["body"]
            await send_reply(send, await outcome(partial(self.begin, head, body)))

    def begin(self, head: Head, body: bytes, then: Then[Reply]) -> None:
        """Decide one request, then tell the reply. Raises RequestError for a request that cannot be understood."""
        started = perf_counter()
        caller = self._callers.find(head.authorization, head.certificate)
        if caller is None:
            raise RequestError("unauthenticated", "send Authorization: Bearer TOKEN", 401)
        if "ask" not in caller.may:
            raise RequestError("forbidden", "this caller may not ask for decisions", 403)
        if head.content_type != "application/json":
            check_content_type(head.content_type)

        def decided(answer: Answer | Exception) -> None:
            if isinstance(answer, Exception):
                then(answer)
                return
            self._metrics.decided(answer, perf_counter() - started)
            if wanted:
                told(self._with_receipt(answer, wanted), then)
            else:
                then(Reply(200, answer.body, JSON))

        wire = evaluation_of(read_json(body))
        wanted = wanted_receipt(wire) if "options" in wire.context else ""
        self._authorizer.begin(wire, CallerFacts(caller.name, head.client_ip, head.request_id, caller.limits), decided)

    async def _with_receipt(self, answer: Answer, wanted: str) -> Reply:
        return Reply(200, await with_receipt(answer.body, wanted, self._keeper), JSON)


def check_content_type(value: str) -> None:
    """Raises RequestError for anything but JSON in UTF-8; 400, as AuthZEN has it, not 415."""
    kind, _, parameters = value.partition(";")
    charset = parameters.strip().lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise RequestError("content_type", "send Content-Type: application/json in UTF-8")
