"""How often an action has failed, and how long it is left alone when the API refuses it.

A refusal (a quota, a permission, admission) does not mend itself in a fifth of a second, and it concerns one
Job or one request. Asking again in every round would be a hot loop, and slowing the rounds down would make
everybody wait for one namespace's quota. So what was refused waits by itself, longer each time. The memory is
bounded; forgetting an entry only means asking once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
KEPT = 10_000


class Patience:
    """Failures by what they concern: a uid or a Job's name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, longest: float = LONGEST_SECONDS) -> None:
        self._clock, self._longest = clock, longest
        self._failures: dict[str, tuple[int, float]] = {}

    def waits(self, key: str) -> bool:
        """Tell whether this was refused a short while ago."""
        return self._clock() < self._failures.get(key, (0, 0.0))[1]

    def pause(self) -> float | None:
        """Return the seconds until the first of what was refused may be tried again, None where nothing waits."""
        now = self._clock()
        return min((until - now for _, until in self._failures.values() if until > now), default=None)

    def tries(self, key: str) -> int:
        """Return how often in a row this has failed."""
        return self._failures.get(key, (0, 0.0))[0]

    def failed(self, key: str, *, refused: bool) -> None:
        """Count a failure; what was refused is left alone for a while, which doubles each time."""
        tries, until = self._failures.pop(key, (0, 0.0))
        if refused:
            until = self._clock() + min(self._longest, FIRST_SECONDS * 2.0 ** min(tries, 10))
        self._failures[key] = (tries + 1, until)
        while len(self._failures) > KEPT:
            del self._failures[next(iter(self._failures))]

    def forget(self, key: str) -> None:
        """Forget the failures of what has gone well."""
        self._failures.pop(key, None)
