"""Computes what answers are made of, piece by piece, on one thread for all of them.

Python runs one thread at a time anyway. Where many answers are computed at once, each on its own thread, a thread that
wants to answer a probe waits for all of them in turn, some milliseconds for each; here it waits for one. And what the
pieces are made of leaves its traces in the memory of one thread, not of each. The thread is never held by a slow
client: it makes a piece when the last one is sent. It ends when nobody waits for anything.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any, TypeVar

PATIENCE = 1.0
"""Seconds for one piece, after which others are made beside it: a volume that hangs under one answer stops no other."""
IDLE_SECONDS = 0.1

_Piece = TypeVar("_Piece")


class Turns:
    """What waits to be computed, and the thread that does it, one after the other."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running = False
        self._begun = 0

    def compute(self, work: Callable[[], _Piece]) -> _Piece:
        """Do some work when its turn comes, and return what comes of it."""
        made: Future[_Piece] = Future()
        with self._changed:
            self._waiting.append((made, work))
            self._changed.notify()
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="computing", daemon=True).start()
        while not made.done():
            seen = self._begun
            wait((made,), self._patience)
            if seen == self._begun and made.cancel():  # what was begun before hangs
                return work()
        return made.result()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait(IDLE_SECONDS) and not self._waiting:
                    self._running = False
                    return
                if not self._waiting:
                    continue
                made, work = self._waiting.popleft()
                self._begun += 1
            if not made.set_running_or_notify_cancel():
                continue
            try:
                made.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it belongs to who waits for it
                made.set_exception(error)
            del made, work  # or the thread would hold them while it waits


_turns = Turns()


def in_turn(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Return the same pieces, each made when its turn comes."""
    while (piece := _turns.compute(lambda: next(pieces, None))) is not None:
        yield piece
