"""The hot path: requests for decisions, and reports of what became of them.

A request arrives in one of two ways: through `lane.py`, straight from the connection, or as an ASGI request like any other, when
anything about it is out of the ordinary. Both end in `Straight.begin`, past FastAPI.
"""

from functools import partial

from sidecar.http_api.decisions import Decisions
from sidecar.http_api.guard import App, Receive, Reply, Scope, Send, certificate, header, request_id, send_reply
from sidecar.http_api.heads import DECISION_PATHS, Head, reported_by
from sidecar.http_api.outcomes import Outcomes
from sidecar.ports.telling import Then, outcome

_NOT_POST = Reply(405, b"method_not_allowed: use POST", extra=((b"allow", b"POST"),))


class Straight:
    """As an ASGI application it passes everything else on."""

    def __init__(self, app: App, decisions: Decisions, outcomes: Outcomes) -> None:
        self._app, self._decisions, self._outcomes = app, decisions, outcomes

    def begin(self, head: Head, body: bytes, then: Then[Reply]) -> None:
        """Answer one request, then tell the reply. Raises RequestError for one that cannot be understood."""
        if head.reported:
            self._outcomes.begin(head, body, then)
        else:
            self._decisions.begin(head, body, then)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        reported = reported_by(path)
        if path not in DECISION_PATHS and not reported:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await send_reply(send, _NOT_POST)
        else:
            client = scope.get("client")
            head = Head(
                header(scope, b"authorization"),
                header(scope, b"content-type") or "",
                request_id(scope),
                client[0] if client else "",
                certificate(scope),
                reported,
            )
            body = (await receive())["body"]
            await send_reply(send, await outcome(partial(self.begin, head, body)))
