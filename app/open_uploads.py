"""How many resumable uploads may be open: each takes files on the volume before a byte of it has come.

What is open lies on the volume (its `data` is there), so all replicas see the same; between two looks each adds what it
made itself. An upload whose client has not come back within TEXTMILL_RESUME_SECONDS is not counted: the sweep removes
it. Whoever's upload it is stands in its `info.json`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from app.piece_errors import AllUploadsOpen, UploadsOpen
from app.resumable import Shelf

MOST = 2000
"""Open resumable uploads in all."""
MOST_OF_CLIENT = 500
LOOK_SECONDS = 5.0
COST = 20
"""Looking may take one part in so many of the time."""


class OpenUploads:
    """Counts open resumable uploads, by client."""

    def __init__(self, shelf: Shelf, resume_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._shelf, self._resume, self._clock = shelf, resume_seconds, clock
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._open: Counter[str] = Counter()
        self._until = float("-inf")

    def check(self, client: str) -> None:
        """Refuse a further upload where this client, or all together, have as many open as may be."""
        self._look()
        with self._lock:
            own, total = self._open[client], self._open.total()
        if own >= MOST_OF_CLIENT:
            raise UploadsOpen(f"This client has {own} resumable uploads open; at most {MOST_OF_CLIENT} may be.")
        if total >= MOST:
            raise AllUploadsOpen(f"{total} resumable uploads are open; at most {MOST} may be.")

    def add(self, client: str) -> None:
        """Count an upload that was just begun."""
        with self._lock:
            self._open[client] += 1

    def _look(self) -> None:
        """Count anew where the last count is old; one thread does, the others go on with what is known."""
        if self._clock() < self._until or not self._looking.acquire(blocking=False):
            return
        try:
            began = self._clock()
            found = Counter(self._shelf.owners(time.time() - self._resume))
            with self._lock:
                self._open = found
            now = self._clock()
            self._until = now + max(LOOK_SECONDS, COST * (now - began))
        finally:
            self._looking.release()
