"""`python -m textmill_cli`: the same as the command `textmill`, where nothing is installed.

The way in, and nothing else: what ends the process, and with which code, is in `textmill_cli/run.py`.
"""

from __future__ import annotations

import sys

from textmill_cli.run import main

if __name__ == "__main__":
    sys.exit(main())
