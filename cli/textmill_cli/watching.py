"""Following requests by looking at them again and again, at once while they move and slowly while they do not.

It works over every way and through every proxy, and a service that was away in between is no trouble. Many requests
cost a look each; the pause between two rounds bounds what that is to the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from textmill_cli.patience import Patience
from textmill_cli.service import Answer, has_ended

FIRST_LOOK, LAST_LOOK = 0.05, 2.0


def looked_at(
    get: Callable[[str], Answer], names: Sequence[str], patience: Patience, deadline: float | None
) -> Iterator[Answer]:
    """Yield each request as it is now and after each change, until all have ended; TooSlow after the deadline."""
    left, seen, pause = list(names), dict[str, Answer](), FIRST_LOOK
    while True:
        changed = False
        for name in tuple(left):
            answer = get(name)
            if answer != seen.get(name):
                changed, seen[name] = True, answer
                yield answer
            if has_ended(answer):
                left.remove(name)
        if not left:
            return
        pause = FIRST_LOOK if changed else min(pause * 1.5, LAST_LOOK)
        patience.wait(pause, deadline, left)
