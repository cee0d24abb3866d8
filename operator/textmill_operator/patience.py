"""How often an action has failed, and how long it is left alone when the API refuses it.

A refusal (a quota, a permission, admission) does not mend itself in a fifth of a second, and it concerns one
Job or one request. Asking again in every round would be a hot loop, and slowing the rounds down would make
everybody wait for one namespace's quota. So what was refused waits by itself, longer each time. What nobody has asked
for in a while is forgotten, so the memory grows with what is live; what still waits is never forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
FORGOTTEN_SECONDS = 600.0
"""An entry is forgotten when it has not failed again for so long after its time."""
KEPT = 1000
"""Entries among which nothing is looked for to forget."""


class Patience:
    """Failures by what they concern: a uid or a Job's name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, longest: float = LONGEST_SECONDS) -> None:
        self._clock, self._longest = clock, longest
        self._failures: dict[str, tuple[int, float]] = {}
        self._look_at = KEPT

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

    def failed(self, key: str, *, refused: bool, at_least: float = 0.0) -> None:
        """Count a failure; what was refused is left alone for a while, which doubles each time."""
        tries, _ = self._failures.pop(key, (0, 0.0))
        until = now = self._clock()
        if refused:
            until = now + max(at_least, min(self._longest, FIRST_SECONDS * 2.0 ** min(tries, 10)))
        self._failures[key] = (tries + 1, until)
        if len(self._failures) > self._look_at:
            self._forget_old()

    def _forget_old(self) -> None:
        """Forget what was not tried again; done when the entries have doubled, so that it costs little at each."""
        since = self._clock() - FORGOTTEN_SECONDS
        self._failures = {key: one for key, one in self._failures.items() if one[1] > since}
        self._look_at = max(KEPT, 2 * len(self._failures))

    def forget(self, key: str) -> None:
        """Forget the failures of what has gone well."""
        self._failures.pop(key, None)
