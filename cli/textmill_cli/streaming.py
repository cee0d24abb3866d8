"""A file on its way out: read piece by piece, counted, and held to the length that was announced.

A file that shrinks while it is sent would leave the service waiting for the rest, so that ends the upload; one that
grows is cut where it ended at the start, as every tool that sends a log does.
"""

from __future__ import annotations

from typing import IO

from textmill_cli.errors import FileUnusable
from textmill_cli.service import Progress


class Streamed:
    """What an HTTP client reads a body from: so many bytes of a file, from a place on."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress, start: int = 0) -> None:
        file.seek(start)
        self._file = file
        self._left = self._size = size
        self._progress = progress

    def read(self, amount: int = -1) -> bytes:
        """Return the next piece; nothing at the end."""
        wanted = self._left if amount < 0 else min(amount, self._left)
        try:
            piece = self._file.read(wanted)
        except OSError as error:
            raise FileUnusable(f"The file cannot be read any further: {error.strerror}.") from error
        if wanted and not piece:
            raise FileUnusable("The file became shorter while it was sent.", hint="Send it once nobody writes to it.")
        self._left -= len(piece)
        self._progress(len(piece))
        return piece

    def take_back(self) -> None:
        """Tell the progress that nothing of this counts: it will be sent again, or not at all."""
        self._progress(self._left - self._size)
