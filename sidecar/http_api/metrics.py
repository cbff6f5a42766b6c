"""Counters for operators. No officer, party, case or item is ever a label.

Counting happens with every decision and reading once in a while: numbers are kept plain and put into families when they are asked
for. All of it runs on the event loop.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.service.authorize import Answer
from sidecar.service.log_keeper import LogKeeper

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds, each up to and including


class Metrics(Collector):
    def __init__(self, store: Mapping[str, int]) -> None:
        self._store = store
        self._decisions: defaultdict[tuple[bool, str], int] = defaultdict(int)
        self._rejected: defaultdict[str, int] = defaultdict(int)
        self._replayed = 0
        self._observed = 0
        self._durations = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0
        self.keeper: LogKeeper | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def decided(self, answer: Answer, seconds: float) -> None:
        self._decisions[answer.allowed, answer.code] += 1
        self._durations[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds += seconds
        self._replayed += answer.replayed
        self._observed += answer.observed

    def unrecorded(self) -> int:
        """How many requests were answered LOG_UNAVAILABLE."""
        return self._decisions[False, "LOG_UNAVAILABLE"]

    def rejected(self, reason: str) -> None:
        self._rejected[reason] += 1

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        decisions = CounterMetricFamily("quanheng_decisions", "Decisions answered", labels=["decision", "code"])
        for (allowed, code), count in self._decisions.items():
            decisions.add_metric(["allow" if allowed else "deny", code], count)
        yield decisions
        if self.keeper is not None:
            yield from _log(self.keeper)
        yield CounterMetricFamily("quanheng_observed", "Refusals that were let through under observation", value=self._observed)
        yield CounterMetricFamily("quanheng_replayed", "Answers given again to a retried request", value=self._replayed)
        rejected = CounterMetricFamily("quanheng_rejected", "Requests that were not understood or not let in", labels=["reason"])
        for reason, count in self._rejected.items():
            rejected.add_metric([reason], count)
        yield rejected
        events = CounterMetricFamily("quanheng_store_events", "What happened in the record store", labels=["event"])
        for event, count in self._store.items():
            events.add_metric([event.replace(" ", "_")], count)
        yield events
        reached = zip([*map(str, _BUCKETS), "+Inf"], map(float, accumulate(self._durations)), strict=True)
        told = "Request read to answer ready"
        yield HistogramMetricFamily("quanheng_decision_seconds", told, buckets=list(reached), sum_value=self._seconds)


def _log(keeper: LogKeeper) -> Iterator[Metric]:
    """The log: what was lost of it must read zero for ever."""
    signed, age = keeper.signed, keeper.anchor_age
    lost = "Entries that were recorded and are gone; anything but 0 is an alarm"
    yield CounterMetricFamily("quanheng_log_lost", lost, value=keeper.lost)
    yield GaugeMetricFamily("quanheng_log_signed", "Entries under the newest checkpoint", value=signed.size if signed else 0)
    yield GaugeMetricFamily("quanheng_log_anchor_age_seconds", "How long the oldest entry waits for an anchor", value=age)
