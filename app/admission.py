"""Whether an upload may come in now: how many one client has running, how much waits already, how much room is left.

Asked before a byte of the body is read, by whatever takes content. What waits is counted in the cluster, so that all
replicas see the same; between two looks each adds what it made itself. A place is not reserved: an upload counts once
its request is made. So the quota can be passed by the uploads that were let in and are still coming (at most as many as
there are threads, or of one client TEXTMILL_CLIENT_UPLOADS) and by what other replicas made since the last look. A
cluster that is away decides nothing here: the content is kept, and the creation of its request says what is wrong.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from app.cluster import Cluster, ClusterError
from app.errors import QueueBytesFull, QueueFull, UploadsRunning
from app.pages import PART
from app.settings import Settings
from textmill import names

COST = 20
"""Counting may take one part in so many of the time."""


class Queue:
    """What waits in the namespace, by the cluster's word and not older than some seconds."""

    def __init__(self, cluster: Cluster, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._clock = cluster, clock
        self._most, self._bytes_most = settings.queue_requests, settings.queue_bytes
        self._age = settings.queue_seconds
        self._lock, self._counting = threading.Lock(), threading.Lock()
        self._requests = self._bytes = 0
        self._until = float("-inf")

    def check(self, size: int) -> None:
        """Refuse where as much waits as may, or where this many bytes more are too many."""
        if not self._most and not self._bytes_most:
            return
        self._look()
        if self._most and self._requests >= self._most:
            raise QueueFull(f"{self._requests} requests wait; at most {self._most} may.")
        if self._bytes_most and self._bytes + size > self._bytes_most:
            raise QueueBytesFull(
                f"The requests that wait hold {self._bytes} bytes; with {size} more they pass {self._bytes_most}."
            )

    def add(self, size: int) -> None:
        """Count a request that was just made."""
        with self._lock:
            self._requests += 1
            self._bytes += size

    def _look(self) -> None:
        """Count anew where the last count is old; one thread does, the others go on with what is known."""
        if self._clock() < self._until or not self._counting.acquire(blocking=False):
            return
        try:
            began = self._clock()
            with contextlib.suppress(ClusterError):
                found, size = self._count()
                with self._lock:
                    self._requests, self._bytes = found, size
            now = self._clock()
            self._until = now + (max(self._age, COST * (now - began)) if self._age else 0.0)
        finally:
            self._counting.release()

    def _count(self) -> tuple[int, int]:
        found, size, token = 0, 0, ""
        while True:
            page = self._cluster.page(fields=names.LIVE, limit=PART, token=token)
            found += len(page.items)
            size += sum(map(_size, page.items))
            token = page.token
            if not token or (self._most and found >= self._most):
                return found, size


class Admission:
    """The one place that says yes or no to an upload."""

    def __init__(self, settings: Settings, queue: Queue) -> None:
        self._most, self._queue = settings.client_uploads, queue
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def check(self, size: int) -> None:
        """Refuse content of this many bytes, as far as they are known, where too much waits already."""
        self._queue.check(size)

    @contextlib.contextmanager
    def upload(self, client: str, size: int) -> Iterator[None]:
        """Let an upload run for as long as the context lasts, or refuse it."""
        self._queue.check(size)
        with self._lock:
            if self._most and self._running[client] >= self._most:
                raise UploadsRunning(
                    f"{self._running[client]} uploads of this client are running; at most {self._most} may."
                )
            self._running[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[client] -= 1
                if not self._running[client]:
                    del self._running[client]

    def running(self) -> dict[str, int]:
        """Return how many uploads each client has running."""
        with self._lock:
            return dict(self._running)

    def made(self, size: int) -> None:
        """Take note of a request that was made for content of this many bytes."""
        self._queue.add(size)


def _size(body: dict[str, Any]) -> int:
    asked = (body.get("spec") or {}).get("input") or {}
    seen = (body.get("status") or {}).get("input") or {}
    if "inline" in asked:
        return len(str(asked["inline"]).encode())
    return int(seen.get("bytes") or asked.get("bytes") or 0)
