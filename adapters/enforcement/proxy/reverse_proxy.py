"""What one reverse proxy is: its rules, whom it asks, what it fulfils itself, and what it says of itself."""

from collections.abc import Callable
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from adapters.enforcement.asking import Decider, result_of
from adapters.enforcement.proxy.duties import Duties
from adapters.enforcement.proxy.health import Health
from adapters.enforcement.ruling import Enforcement, Ruling
from sidecar.http_api.guard import Reply

OWN_PREFIX = b"/.quanheng/"
CHANNEL = "reverse-proxy"


class ReverseProxy:
    """The rules and counters of one proxy. `decider` asks the sidecar; `duties` fulfils what the enforcement calls its own;
    `health` knows whether the system behind is down."""

    def __init__(
        self, enforcement: Enforcement, decider: Decider, duties: Duties | None = None, health: Health | None = None
    ) -> None:
        self._enforcement, self._decider, self._duties, self._health = enforcement, decider, duties, health
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "quanheng_proxy_requests", "Requests by what became of them", ["result"], registry=self._registry
        )
        self._counted: dict[str, Callable[[], None]] = {}
        if duties:
            waiting = Gauge("quanheng_proxy_duties_waiting", "Duties that wait to be told", registry=self._registry)
            waiting.set_function(lambda: duties.waiting)

    def count(self, result: str) -> None:
        counted = self._counted.get(result)
        if counted is None:
            counted = self._counted[result] = self._requests.labels(result).inc
        counted()

    @property
    def enforcement(self) -> Enforcement:
        return self._enforcement

    @property
    def decider(self) -> Decider:
        return self._decider

    @property
    def down(self) -> bool:
        """Whether the system behind is known to be down."""
        return self._health is not None and self._health.down

    async def fulfilled(self, ruling: Ruling) -> Ruling:
        """The ruling where what it brings has been taken on, else a refusal; then the act has certainly not happened."""
        if self._duties is not None and await self._duties.take(ruling.duties):
            return ruling
        await self._decider.report(ruling.decision_id, "failed", "an obligation was not taken on")
        return self._enforcement.refused("unfulfilled", 503, "OBLIGATION_NOT_TAKEN")

    async def report(self, ruling: Ruling, status: int) -> None:
        """What became of an act, by the status of the answer to it; 0 where there was no connection."""
        if not ruling.decision_id:
            return
        result = result_of(status)
        if result == "failed" and ruling.duties and self._duties is not None:
            await self._duties.withdraw(ruling.duties)
        await self._decider.report(ruling.decision_id, result, f"HTTP {status}" if status else "not connected")

    def own(self, target: bytes) -> Reply:
        """Health, readiness and counters."""
        path = target.partition(b"?")[0]
        if path == OWN_PREFIX + b"metrics":
            return Reply(200, generate_latest(self._registry), b"text/plain; version=0.0.4; charset=utf-8")
        if path == OWN_PREFIX + b"healthz":
            return Reply(200, b'{"status":"ok"}', b"application/json")
        if path == OWN_PREFIX + b"readyz":
            return self._readiness()
        return Reply(404, b"not_found: nothing is served here")

    def _readiness(self) -> Reply:
        said: dict[str, Any] = {"status": "not_ready" if self.down else "ready"}
        if self._health:
            said["upstream"] = self._health.told
        if self._duties:
            said["duties_waiting"] = self._duties.waiting
        return Reply(503 if self.down else 200, msgspec.json.encode(said), b"application/json")
