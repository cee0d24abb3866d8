"""`python -m worker`: the way in, and nothing else.

A Job's command line, its exit code and its signals are in `worker/commands.py`, which a test calls in
its own process.
"""

from __future__ import annotations

import gc
import os
import sys

from worker import standard_error

_OBJECTS_BEFORE_COLLECTION = 100_000
"""A Job makes few objects and hardly a cycle; what its modules are made of need not be looked through many times."""


def run() -> int:
    """Run the command line's one command and return the exit code."""
    standard_error.never_fails()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    from worker.commands import main

    return main()


def leave(code: int) -> None:
    """End at once: what Python would tidy, for a tenth of a short Job's time, the system takes back anyway."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # standard output is None if closed before the start
            stream.flush()
    except OSError:
        sys.exit(code)  # which tells of it
    os._exit(code)


if __name__ == "__main__":
    leave(run())
