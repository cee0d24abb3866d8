"""Who leads the operator and which namespaces it serves, read from its Lease when somebody asks.

The answer is used again for a moment, and one thread asks while the others wait for what it finds, so that many who
ask cost the cluster one call. An error is not kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.cluster import Cluster
from textmill.leading import Leading, leading


class Leader:
    """The last answer about the Lease."""

    def __init__(
        self, cluster: Cluster, lease: str, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster, self._lease, self._seconds, self._clock = cluster, lease, seconds, clock
        self._lock = threading.Lock()
        self._found: tuple[Leading, float] | None = None

    def ask(self) -> Leading:
        """Return who leads, as it was a moment ago at most; a ClusterError where the Lease cannot be read."""
        with self._lock:
            if self._found is None or self._clock() >= self._found[1]:
                self._found = None
                self._found = leading(self._cluster.lease(self._lease)), self._clock() + self._seconds
            return self._found[0]
