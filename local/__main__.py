"""`python -m local`: one sentence for Ctrl-C from the first moment on; the commands are in `local/commands.py`.

Before the first part starts most of the time goes into imports, and one that is broken off prints where it was. So
nothing is imported up here that takes time.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType


def _leave(_number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, b"textmill: interrupted before anything was started\n")
    os._exit(130)


if __name__ == "__main__":
    before = signal.signal(signal.SIGINT, _leave)
    from local.commands import main

    signal.signal(signal.SIGINT, before)
    sys.exit(main())
