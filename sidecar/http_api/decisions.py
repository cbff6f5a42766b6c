"""The hot path: `POST /authorize` and `POST /access/v1/evaluation` as one plain ASGI endpoint in front of everything else.

Both speak AuthZEN Authorization API 1.0: a deny is 200, an error is a status with a plain string. `/access/v1/evaluation` answers
in the same shape; `/authorize` is the same decision under the project's own name.
"""

from time import perf_counter

import msgspec

from sidecar.errors import RequestError
from sidecar.http_api.callers import Callers
from sidecar.http_api.guard import App, Receive, Scope, Send, header, request_id, send_bytes, send_text
from sidecar.http_api.metrics import Metrics
from sidecar.http_api.strict_json import read_json
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest
from sidecar.service.deciding import Deciding

PATHS = frozenset({"/authorize", "/access/v1/evaluation"})
JSON = b"application/json"


class Decisions:
    """Answers the two evaluation paths itself and passes everything else on."""

    def __init__(self, app: App, authorizer: Deciding, callers: Callers, metrics: Metrics) -> None:
        self._app, self._authorizer, self._callers, self._metrics = app, authorizer, callers, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await send_bytes(send, 405, b"text/plain; charset=utf-8", b"method_not_allowed: use POST", [(b"allow", b"POST")])
            return
        caller = self._callers.find(header(scope, b"authorization"))
        if caller is None:
            self._metrics.rejected("unauthenticated")
            await send_text(send, 401, "unauthenticated: send Authorization: Bearer TOKEN")
            return
        if "ask" not in caller.may:
            self._metrics.rejected("forbidden")
            await send_text(send, 403, "forbidden: this caller may not ask for decisions")
            return
        started = perf_counter()
        _check_content_type(header(scope, b"content-type"))
        wire = _typed(read_json((await receive())["body"]))
        client = scope.get("client")
        facts = CallerFacts(caller.name, client[0] if client else "", request_id(scope))
        answer = await self._authorizer.authorize(wire, facts)
        self._metrics.decided(answer, perf_counter() - started)
        await send_bytes(send, 200, JSON, answer.body)


def _check_content_type(value: str | None) -> None:
    kind, _, parameters = (value or "").partition(";")
    charset = parameters.strip().lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise RequestError("content_type", "send Content-Type: application/json in UTF-8")


def _typed(value: object) -> EvaluationRequest:
    if not isinstance(value, dict):
        raise RequestError("bad_request", "the body must be a JSON object")
    try:
        return msgspec.convert(value, EvaluationRequest, strict=True)
    except msgspec.ValidationError as fault:
        raise RequestError("bad_request", str(fault)) from None
