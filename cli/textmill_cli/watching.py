"""Following requests by looking at them again and again, at once while they move and slowly while they do not.

It works over every way and through every proxy, and a service that was away in between is no trouble. Many requests
cost a look each; the pause between two rounds bounds what that is to the service. A service that can hold an answer
back until something happens is asked to do so instead of a pause: for long where one request is left, else briefly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from textmill_cli.patience import Patience
from textmill_cli.service import Answer, has_ended

FIRST_LOOK, LAST_LOOK, LONGEST_HOLD = 0.05, 2.0, 30.0
Hold = Callable[[str, float], None]
"""Returns once a request has changed, or after so many seconds; or at once, if the service cannot do that."""


def looked_at(
    get: Callable[[str], Answer],
    names: Sequence[str],
    patience: Patience,
    deadline: float | None,
    hold: Hold = lambda _name, _seconds: None,
) -> Iterator[Answer]:
    """Yield each request as it is now and after each change, until all have ended; TooSlow after the deadline."""
    left, seen, pause = list(names), dict[str, Answer](), FIRST_LOOK
    while True:
        changed = False
        for name in tuple(left):
            answer = get(name)
            told = {field: value for field, value in answer.items() if field != "queue"}  # that moves all the time
            if told != seen.get(name):
                changed, seen[name] = True, told
                yield answer
            if has_ended(answer):
                left.remove(name)
        if not left:
            return
        pause = FIRST_LOOK if changed else min(pause * 1.5, LAST_LOOK)
        began = patience.clock()
        hold(left[0], patience.room(LONGEST_HOLD if len(left) == 1 else pause, deadline))
        if patience.clock() - began < pause:
            patience.wait(pause, deadline, left)
