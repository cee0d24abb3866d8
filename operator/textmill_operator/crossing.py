"""The way from kopf's thread into the operator's loop: in order, and with one wake-up for all that wait.

`call_soon_threadsafe` wakes the other loop by a system call and a fight for the interpreter's lock, each time: a tenth
of the operator's CPU where a long queue is drained. So what comes lies in a queue, only the first of it wakes the loop,
and the loop takes what lies there then, a bounded number before it lets others have a turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

AT_ONCE = 100

Post = Callable[..., None]
"""Calls a function with arguments later, in the operator's own loop. Meant for one thread."""


def into(loop: asyncio.AbstractEventLoop) -> Post:
    """Return the way into this loop."""
    waiting: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()

    def carry() -> None:
        try:
            for _ in range(AT_ONCE):
                if not waiting:
                    return
                function, arguments = waiting.popleft()
                function(*arguments)
        finally:
            # Whoever adds to what lies here already wakes nobody, so the rest is this function's own care.
            if waiting:
                loop.call_soon(carry)

    def post(function: Callable[..., object], *arguments: object) -> None:
        if loop.is_closed():
            return
        waiting.append((function, arguments))
        if len(waiting) == 1:
            loop.call_soon_threadsafe(carry)

    return post
