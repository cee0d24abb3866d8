"""What the operator counts, for Prometheus. The registry is an argument, so each test has its own.

Names end in their unit; labels are few and bounded (a namespace or a request's name is never one).
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LONG_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)


class Metrics:
    """All metrics of this room."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.objects = Gauge(
            "textmill_live_objects",
            "Live objects in the operator's picture; suspended are requests, too.",
            ["kind"],
            registry=registry,
        )
        self._faults(registry)
        self.leading = Gauge("textmill_leading", "1 while this operator holds the Lease.", registry=registry)
        self.finished = Counter(
            "textmill_requests_finished", "Requests that came to their end.", ["phase", "reason"], registry=registry
        )
        self.duration = Histogram(
            "textmill_request_duration_seconds",
            "From creation to end of a request.",
            buckets=LONG_BUCKETS,
            registry=registry,
        )
        self.actions = Counter("textmill_actions", "Actions performed.", ["action", "outcome"], registry=registry)
        self.plan_seconds = Histogram(
            "textmill_plan_duration_seconds", "Time to plan once.", buckets=BUCKETS, registry=registry
        )
        self.round_seconds = Histogram(
            "textmill_round_duration_seconds", "Time to plan and act once.", buckets=BUCKETS, registry=registry
        )
        self.api_calls = Gauge(
            "textmill_api_calls", "Calls made to the Kubernetes API since the start.", registry=registry
        )
        self.audit_corrections = Counter(
            "textmill_audit_corrections", "Objects that the audit found and the watch had missed.", registry=registry
        )
        self.events_dropped = Counter("textmill_events_dropped", "Events that were not posted.", registry=registry)
        self.notifications = Counter(
            "textmill_notifications", "Attempts to tell of a request's end.", ["outcome"], registry=registry
        )
        self.expired = Counter(
            "textmill_requests_expired", "Finished requests removed after their TTL.", registry=registry
        )
        self.refused = Counter(
            "textmill_status_writes_refused", "Status writes that the API refused.", registry=registry
        )

    def _faults(self, registry: CollectorRegistry) -> None:
        """Count what ends at one object or item."""
        self.bad_objects = Gauge(
            "textmill_bad_objects",
            "Objects that cannot be read and are left alone; the log names each.",
            ["kind"],
            registry=registry,
        )
        self.unexpected = Counter(
            "textmill_unexpected_errors",
            "Errors that nobody foresaw, each of which ended at one item; the log has the traceback.",
            ["part"],
            registry=registry,
        )
