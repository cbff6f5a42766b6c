"""Decisions: `POST /authorize` and `POST /access/v1/evaluation`, apart from how the request arrived.

Both speak AuthZEN Authorization API 1.0: a deny is 200, an error is a status with a plain string. `/access/v1/evaluation` answers
in the same shape; `/authorize` is the same decision under the project's own name.
"""

from time import perf_counter

from sidecar.http_api.callers import Callers
from sidecar.http_api.guard import JSON, Reply
from sidecar.http_api.heads import Head, asking_caller, check_content_type
from sidecar.http_api.metrics import Metrics
from sidecar.http_api.strict_json import read_json
from sidecar.ports.telling import Then, told
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import evaluation_of
from sidecar.service.authorize import Answer
from sidecar.service.deciding import Deciding
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.receipts import wanted_receipt, with_receipt


class Decisions:
    """Answers the two evaluation paths."""

    def __init__(self, authorizer: Deciding, callers: Callers, metrics: Metrics, keeper: LogKeeper | None = None) -> None:
        self._authorizer, self._callers, self._metrics, self._keeper = authorizer, callers, metrics, keeper

    def begin(self, head: Head, body: bytes, then: Then[Reply]) -> None:
        """Decide one request, then tell the reply. Raises RequestError for a request that cannot be understood."""
        started = perf_counter()
        caller = asking_caller(self._callers, head, "this caller may not ask for decisions")
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
