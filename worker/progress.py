"""Tells how far a pod is while it works: a line on standard output now and then, none in the first second.

The lines go where the reports go and are written whole, so they cannot break one; how they read, and how few they are,
stands in `textmill/glimpses.py`. Threads may tell as well: the counter's do, while the main one waits for them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from textmill import glimpses
from textmill.glimpses import Glimpse


class Progress:
    """How far one request is: `total` bytes, in as many `steps` as the work has."""

    def __init__(
        self,
        uid: str,
        total: int,
        steps: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        out: TextIO | None = None,
    ) -> None:
        self._uid, self._total, self._steps = uid, total, total if steps is None else steps
        self._clock, self._out = clock, out or sys.stdout
        self._lock = threading.Lock()
        self._begun = clock()
        self._told = (0.0, 0)
        self._step = 0

    def add(self, steps: int) -> None:
        """Take so many more steps as done."""
        with self._lock:
            self._step += steps
            self._tell(self._step)

    def at(self, step: int) -> None:
        """Take the work as done up to this step."""
        with self._lock:
            self._tell(step)

    def _tell(self, step: int) -> None:
        now, (then, before) = self._clock() - self._begun, self._told
        if not glimpses.due(then, now):
            return
        done = self._total * min(step, self._steps) // max(1, self._steps)
        self._told = (now, done)
        rate = max(0, int((done - before) / (now - then)))
        self._out.write(f"{glimpses.line(Glimpse(self._uid, done, self._total, rate))}\n")
        self._out.flush()
