"""Trying again: how long, how often, and when not.

Only what is safe to repeat comes here (reading, deleting, an upload with its key), so the one question is for how
long. The service's own Retry-After goes before our doubling pause, within bounds: a broken or hostile answer must not
put us to sleep for a day. Clock and sleep are arguments, for tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from textmill_cli.errors import Away, TooSlow

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
_Made = TypeVar("_Made")


class Later(Away):
    """Trying again may help; `after` is the number of seconds that the service asks for, if it does."""

    def __init__(self, message: str, *, reason: str = "", hint: str = "", after: float | None = None) -> None:
        super().__init__(message, reason=reason, hint=hint)
        self.after = after


@dataclass(frozen=True)
class Patience:
    """For how many seconds in all a thing is tried again."""

    seconds: float = 10.0
    tell: Callable[[str], None] = field(default=lambda _: None)
    clock: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)

    def keep_trying(self, attempt: Callable[[], _Made]) -> _Made:
        """Return what an attempt returns, once one does; the last Later when the time is over."""
        end, pause, told = self.clock() + self.seconds, FIRST_PAUSE, False
        while True:
            try:
                return attempt()
            except Later as later:
                wanted = pause if later.after is None else min(max(later.after, 0.0), LONGEST_PAUSE)
                if self.clock() + wanted > end:
                    raise
                if not told:
                    told = True
                    self.tell(f"{later.message} Trying again for {self.seconds:g} s.")
            self.sleep(wanted)
            pause = min(pause * 2, LONGEST_PAUSE)

    def room(self, seconds: float, deadline: float | None) -> float:
        """Return so many seconds, or those that are left before the deadline."""
        return seconds if deadline is None else max(0.0, min(seconds, deadline - self.clock()))

    def wait(self, pause: float, deadline: float | None, names: list[str]) -> None:
        """Sleep between two looks; TooSlow where the deadline comes before the next one."""
        if deadline is not None:
            left = deadline - self.clock()
            if left <= 0:
                more = f" and {len(names) - 5} more" if len(names) > 5 else ""
                raise TooSlow(f"Not ended in the time given: {', '.join(names[:5])}{more}.")
            pause = min(pause, left)
        self.sleep(pause)
