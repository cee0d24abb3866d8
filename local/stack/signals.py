"""How a stack is told to stop: Ctrl-C, SIGTERM or the end of its terminal stop it in order, a second one at once.

Python's own handling raises KeyboardInterrupt wherever the second Ctrl-C finds the program, so that it would end
before its processes have, and SIGTERM would leave them and the demo's folder without a word.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_told(work: Coroutine[Any, Any, None], hurry: Callable[[], None]) -> int:
    """Do the work until it is done or a signal comes; return 0, or the number of the signal that ended it.

    The first signal cancels the work, which then tidies up; each later one calls `hurry`. Errors are the work's own.
    """
    task = asyncio.ensure_future(work)
    heard: list[int] = []

    def take(number: int) -> None:
        heard.append(number)
        if len(heard) == 1:
            task.cancel()
        else:
            hurry()

    loop = asyncio.get_running_loop()
    for number in STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup: it is to outlive that
            loop.add_signal_handler(number, take, number)
    with contextlib.suppress(asyncio.CancelledError):
        await task  # the handlers stay until the loop is closed, so that no later signal cuts its end short
        return 0
    return heard[0] if heard else int(signal.SIGINT)
