"""Standard error that never fails: a message that cannot be written must not change how a command ends.

Where it was closed before the start (`2>&-`) Python has no stream, so that a write raises AttributeError; and the next
file that is opened gets its number, so that what a library reports would land in that file. Where it is full, or its
reader is gone, each write raises OSError. So what is closed becomes the null device, and what cannot be written is
dropped. Packages that may not import each other hold a copy of this module each; a test keeps the copies alike.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STREAMS = 3


class _Unfailing(io.FileIO):
    """A file that takes everything, whether it can be written or not."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written, and say that all was."""
        size = memoryview(data).nbytes
        try:
            return super().write(data) or size  # None where the reader is slow and the file does not block
        except OSError:
            return size


def never_fails() -> None:
    """Make this process's standard error one that never fails; done twice it does no harm."""
    for number in range(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
    if sys.stderr is not sys.__stderr__:
        return  # replaced already, or captured by who calls us
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    file = io.BufferedWriter(_Unfailing(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(file, encoding, errors="backslashreplace", line_buffering=True)
