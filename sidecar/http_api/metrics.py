"""Counters for operators. No officer, party, case or item is ever a label."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sidecar.service.authorize import Answer

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._decisions = Counter("quanheng_decisions", "Decisions answered", ["decision", "code"], registry=self._registry)
        self._replayed = Counter("quanheng_replayed", "Answers given again to a retried request", registry=self._registry)
        self._rejected = Counter(
            "quanheng_rejected", "Requests that were not understood or not let in", ["reason"], registry=self._registry
        )
        self._known: dict[tuple[str, str], Counter] = {}
        self._seconds = Histogram(
            "quanheng_decision_seconds", "Request read to answer ready", buckets=_BUCKETS, registry=self._registry
        )

    def decided(self, answer: Answer, seconds: float) -> None:
        kind = ("allow" if answer.allowed else "deny", answer.code)
        counter = self._known.get(kind)
        if counter is None:  # looking up a label costs more than counting; codes are few
            counter = self._known[kind] = self._decisions.labels(*kind)
        counter.inc()
        self._seconds.observe(seconds)
        if answer.replayed:
            self._replayed.inc()

    def rejected(self, reason: str) -> None:
        self._rejected.labels(reason).inc()

    def text(self) -> bytes:
        return generate_latest(self._registry)
