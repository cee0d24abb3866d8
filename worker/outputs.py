"""Files of an artefact on their way out: what goes by is digested, and the disk begins with it at once.

Linux keeps what is written in memory for half a minute, so a worker that makes its files durable would wait for all of
them at the end; network volumes are slower still. What the kernel is asked to begin with it writes meanwhile.

One input may expand to more than the volume holds. What grows past a few megabytes therefore leaves some room free, so
that it fails alone, and uploads and small requests go on beside it.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import IO, TYPE_CHECKING, Generic

from worker.digests import Digest, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

_STEP = 2 << 20
_SYNC_FILE_RANGE_WRITE = 2  # of linux/fs.h


_keep_free = 0


def keep_free(size: int) -> None:
    """Have every file of this process that grows past a few megabytes leave so many bytes of the volume free."""
    global _keep_free  # noqa: PLW0603 - one policy of the process, which has one volume
    _keep_free = size


class Room:
    """Watches, while a file grows, that the volume keeps free what it has to."""

    def __init__(self, file: int) -> None:
        """The file is an open descriptor."""
        self._file = file
        self._unchecked = 0

    def take(self, size: int) -> None:
        """Note that so many bytes are written; OSError (ENOSPC) where less is free by now than has to be."""
        self._unchecked += size
        if self._unchecked < _STEP or not _keep_free:
            return
        self._unchecked = 0
        volume = os.fstatvfs(self._file)
        if volume.f_bavail * volume.f_frsize < _keep_free:
            raise OSError(errno.ENOSPC, f"less than {_keep_free >> 20} MiB are free, which are left to other work")


class Output(Generic[Kind]):
    """Writes a file from front to back."""

    def __init__(self, file: IO[bytes], kind: type[Kind]) -> None:
        """The file is empty, and its owner's to close."""
        self._file = file
        self._digest = Digest(kind)
        self._begun = 0
        self._room = Room(file.fileno())

    def write(self, content: bytes) -> None:
        """Write the next bytes."""
        self._file.write(content)
        self._digest.update(content)
        self._room.take(len(content))
        if self._digest.bytes - self._begun >= _STEP:
            self._begin()

    def end(self) -> Kind:
        """Return the size and the digest of what was written."""
        self._begin()
        return self._digest.file()

    def _begin(self) -> None:
        self._file.flush()
        begin_to_write(self._file.fileno(), self._begun)
        self._begun = self._digest.bytes


def begin_to_write(file: int, start: int = 0) -> None:
    """Have an open file's bytes from `start` on go to the disk, without waiting for them; it may be refused."""
    if begin := _sync_file_range():
        begin(file, start)


@cache
def _sync_file_range() -> Callable[[int, int], int] | None:
    import ctypes

    function = getattr(ctypes.CDLL(None), "sync_file_range", None)  # none outside Linux
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return lambda file, start: int(function(file, start, 0, _SYNC_FILE_RANGE_WRITE))  # 0 bytes: to the end
