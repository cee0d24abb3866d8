"""Keys that need a look, each at most once in the queue and by one worker at a time.

A key added while it is being worked on is looked at again afterwards, so no change is lost and a burst
costs one look. A key added with a delay comes no later for a second, longer delay. Only for use within
one event loop.
"""

import asyncio
import heapq
import itertools

from local.objects import Key


class WorkQueue:
    """What is due now, and what is due later."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ready: dict[Key, None] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._due: dict[Key, float] = {}
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._order = itertools.count()
        self._wake = asyncio.Event()

    def add(self, key: Key) -> None:
        """Ask for a look now."""
        if key in self._working:
            self._again.add(key)
            return
        self._ready[key] = None
        self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for a look in a while, unless one is due sooner."""
        due = asyncio.get_running_loop().time() + seconds
        if self._due.get(key, due) < due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        self._wake.set()

    async def get(self) -> Key:
        """Wait for a key that is due; call `done` when the look is over."""
        while True:
            left = self._promote()
            if self._ready:
                key = next(iter(self._ready))
                del self._ready[key]
                self._working.add(key)
                if self._ready:
                    self._wake.set()
                return key
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def done(self, key: Key) -> None:
        """Say that the look at a key is over."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def _promote(self) -> float | None:
        """Move what has become due; the seconds until the next becomes so."""
        now = asyncio.get_running_loop().time()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)
        return self._later[0][0] - now if self._later else None
