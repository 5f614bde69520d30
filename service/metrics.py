"""The metrics' names: a contract with dashboards, alerts and the autoscaler. A rename is a breaking change.

| name | type | labels | says |
|---|---|---|---|
| trading_requests_total | counter | operation, outcome | requests that were answered |
| trading_request_duration_seconds | histogram | operation | from the request's head to its answer's end |
| trading_requests_in_flight | gauge | | requests being answered |
| trading_database_round_trip_seconds | histogram | | one empty statement through the pooler, each second |
| trading_database_transaction_seconds | histogram | operation | a whole transaction, its wait for a connection too |
| trading_database_up | gauge | | 1 if the last empty statement succeeded |
| trading_redis_up | gauge | | 1 if the last ping succeeded; absent without Redis |
| trading_heartbeat_age_seconds | gauge | | age of the newest heartbeat in this database; absent before the first |

operation: open_account, post_order, get_order, other. outcome: ok, duplicate, rejected (the client's fault),
unavailable (the database's), error (ours). Transactions per second, which the autoscaler follows:
sum(rate(trading_requests_total{operation="post_order",outcome="ok"}[1m])).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

ROUND_TRIP_BUCKETS: Final = (
    0.00025,
    0.0005,
    0.00075,
    0.001,
    0.0015,
    0.002,
    0.003,
    0.005,
    0.01,
    0.025,
    0.1,
    0.5,
    1,
    5,
)
"""Seconds. The target is below one millisecond, so that most of the resolution lies there."""

REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "trading_requests_total", "Requests that were answered", ["operation", "outcome"], registry=self.registry
        )
        self.duration = Histogram(
            "trading_request_duration_seconds",
            "From the request's head to its answer's end",
            ["operation"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge("trading_requests_in_flight", "Requests being answered", registry=self.registry)
        self.round_trip = Histogram(
            "trading_database_round_trip_seconds",
            "One empty statement through the pooler",
            buckets=ROUND_TRIP_BUCKETS,
            registry=self.registry,
        )
        self.transaction = Histogram(
            "trading_database_transaction_seconds",
            "A whole transaction, its wait for a connection too",
            ["operation"],
            buckets=ROUND_TRIP_BUCKETS,
            registry=self.registry,
        )
        self.database_up = Gauge("trading_database_up", "1 if the last statement succeeded", registry=self.registry)
        # With a label set of none these two exist only once they were set: absent is not the same as down.
        self.redis_up = Gauge("trading_redis_up", "1 if the last ping succeeded", registry=None)
        self.heartbeat_age = Gauge("trading_heartbeat_age_seconds", "Age of the newest heartbeat", registry=None)
        self._present: set[Gauge] = set()

    def report(self, gauge: Gauge, value: float) -> None:
        """Set a gauge that is absent until it is known."""
        gauge.set(value)
        if gauge not in self._present:
            self._present.add(gauge)
            self.registry.register(gauge)

    @contextmanager
    def timed(self, histogram: Histogram) -> Iterator[None]:
        """Observe how long the block took, whether it failed or not."""
        started = perf_counter()
        try:
            yield
        finally:
            histogram.observe(perf_counter() - started)

    def page(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self.registry)
