"""What Prometheus may ask of this process. The registry is an argument, so every application counts for itself.

Names end in their unit. Labels hold routes, never paths or names that callers choose: the number of series stays
bounded. One process serves all threads (see app/gunicorn.conf.py), so nothing has to be merged over processes.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The room's own numbers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.answers = Counter(
            "textmill_http_answers_total", "Answers given.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "textmill_http_answer_seconds", "Time until the answer's head was ready.", ["route"], registry=registry
        )
        self.problems = Counter("textmill_problems_total", "Errors answered, by reason.", ["reason"], registry=registry)
        self.upload_bytes = Counter("textmill_upload_bytes_total", "Bytes of files stored whole.", registry=registry)
        self.uploads_running = Gauge("textmill_uploads_running_count", "Uploads coming in now.", registry=registry)
        self.streams_open = Gauge("textmill_streams_open_count", "Event streams and long polls.", registry=registry)
        self.free_bytes = Gauge("textmill_volume_free_bytes", "Bytes free on the volume.", registry=registry)
        self.takes_uploads = Gauge(
            "textmill_volume_takes_uploads",
            "1 while uploads are let in, 0 while they get 507.",
            registry=registry,
        )
        self.takes_uploads.set(1)
        self.watch_failures = Counter(
            "textmill_watch_failures_total", "Failures of the watch behind the event streams.", registry=registry
        )
