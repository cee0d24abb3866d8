"""What every part of the laptop's cluster does as a command.

Logs go to standard error, one line each; SIGTERM and SIGINT stop the part in order; an error of ours ends
it with a sentence and exit code 1, never a traceback.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

from local import standard_error
from local.errors import LocalError


def run(name: str, main: Coroutine[Any, Any, None], level: str = "INFO") -> int:
    """Run a part until it ends or is told to stop; the exit code."""
    standard_error.never_fails()
    logging.basicConfig(stream=sys.stderr, level=level, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    code = 0
    try:
        asyncio.run(_until_told(main))
    except* LocalError as group:
        for error in _leaves(group):
            sys.stderr.write(f"{name}: {error}\n")
            if isinstance(error, LocalError) and error.hint:
                sys.stderr.write(f"{name}: {error.hint}\n")
        code = 1
    return code


def _leaves(group: BaseExceptionGroup[LocalError]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _until_told(main: Coroutine[Any, Any, None]) -> None:
    work = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return
