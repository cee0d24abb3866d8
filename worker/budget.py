"""How long one order of a batch may take, by the wall clock, so that a slow one does not cost the others their time.

A batch has a part of the time that its requests have, and each order a part of what is left of that. The system's alarm
ends an order that takes longer, whatever it is at: a document's reader, a codec, a volume that does not answer. Code
that swallows the alarm gets it again. An order that is alone in its pod has no budget but the Job's own deadline.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from textmill import reports

BATCH = 0.5
"""Part of its requests' time that a batch may take: it has two stages, and pods have to start."""
ORDER = 0.25
"""Part of what the batch has left that one order may take."""
LEAST, MOST = 1.0, 10.0
"""Seconds that an order has in any case, and at the most: what shares a pod is small, and others wait for it."""
_AGAIN = 1.0


class OutOfTime(BaseException):
    """An order has taken longer than it may beside others; `why` and `bytes` are what the report says of it."""

    why = reports.LEFT_SLOW
    bytes = 0


class Budget:
    """The time of one pod's orders."""

    def __init__(self, seconds: int | None, orders: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds * BATCH if seconds and orders > 1 else None
        self._running = False
        self.over = False
        """Whether the order that was last at work was told that its time is over."""

    @property
    def used_up(self) -> bool:
        """Whether the batch has no time left for another order."""
        return self._end is not None and self._clock() >= self._end

    @contextmanager
    def one_order(self) -> Iterator[None]:
        """Raise OutOfTime within the block once an order's time is over."""
        self.over = False
        if self._end is None:
            yield
            return
        signal.signal(signal.SIGALRM, self._alarm)
        self._running = True
        try:
            seconds = min(MOST, max(LEAST, (self._end - self._clock()) * ORDER))
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
            yield
        finally:
            self._running = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _alarm(self, _signal: int, _frame: FrameType | None) -> None:
        if self._running:
            self.over = True
            raise OutOfTime
