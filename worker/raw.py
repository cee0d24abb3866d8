"""An input's own bytes, hashed in the one pass in which they are read.

The digest is that of the file as it lies there, whatever is unpacked or decoded from it further on, since that is
what an upload is stored by and what a request can pin. Nothing here knows what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

BLOCK = 262_144


class Raw:
    """Reads ranges of a file; `sha256` is the digest of all that was read, if it was made to hash."""

    def __init__(self, file: IO[bytes], *, hashing: bool = True) -> None:
        self._file = file
        self._sha: Any = None
        if hashing:
            import hashlib

            self._sha = hashlib.sha256()
        self.bytes = 0
        """How many were read."""

    @property
    def sha256(self) -> str:
        """The digest of all that was read, the whole input if it was read from its beginning."""
        return self._sha.hexdigest() if self._sha else ""

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end`; fewer where the file has become shorter."""
        self._file.seek(start)
        while start < end:
            block = self._file.read(min(BLOCK, end - start))
            if not block:
                return
            if self._sha:
                self._sha.update(block)
            start += len(block)
            self.bytes += len(block)
            yield block

    def read_on(self, end: int) -> None:
        """Read up to `end` for the digest alone."""
        for _ in self.blocks(self._file.tell(), end):
            pass
