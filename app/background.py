"""Does what no answer waits for: one job after another, in a thread that is there only while there are jobs.

What waits is bounded; what finds no place is not done, and whoever gave it says what that means. A job that fails is
logged, and the next one goes on.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

WAITING = 64
_log = logging.getLogger("textmill.background")


class Background:
    """Jobs in the order in which they came."""

    def __init__(self, waiting: int = WAITING) -> None:
        self._most = waiting
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], object]] = deque()
        self._running: threading.Thread | None = None

    def submit(self, job: Callable[[], object]) -> bool:
        """Have a job done; False where too many wait already."""
        with self._lock:
            if len(self._jobs) >= self._most:
                return False
            self._jobs.append(job)
            if self._running is None:
                self._running = threading.Thread(target=self._run, name="background", daemon=True)
                self._running.start()
            return True

    def join(self) -> None:
        """Wait until all that was given so far is done."""
        running = self._running
        if running is not None:
            running.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running = None
                    return
                job = self._jobs.popleft()
            try:
                job()
            except Exception:  # noqa: BLE001 - a job that fails ends at itself
                _log.exception("a job in the background failed")
