"""`python -m worker`: see `worker/commands.py`."""

from __future__ import annotations

import sys

from worker.commands import main

if __name__ == "__main__":
    sys.exit(main())
