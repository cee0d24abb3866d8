"""`python -m worker`: the way in, and nothing else.

A Job's command line, its exit code and its signals are in `worker/commands.py`, which a test calls in
its own process.
"""

from __future__ import annotations

import sys

from worker.commands import main

if __name__ == "__main__":
    sys.exit(main())
