"""`python -m worker`: the way in, and nothing else.

A Job's command line, its exit code and its signals are in `worker/commands.py`, which a test calls in
its own process.
"""

from __future__ import annotations

import os
import sys

from worker.commands import main


def leave(code: int) -> None:
    """End at once: what Python would tidy, for a tenth of a short Job's time, the system takes back anyway."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # which tells of it
    os._exit(code)


if __name__ == "__main__":
    leave(main())
