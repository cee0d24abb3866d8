"""An answer that is under way: sent as far as the client takes it, and gone on with when it takes more.

No thread waits for a client that reads slowly: what it has not taken is kept here, one piece of what the application
says, and the next one is asked for when that is sent. A volume that fails meanwhile is told apart from a client that
has gone: the first is for the log, the second is no news.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any


class SourceFailed(Exception):
    """An answer cannot go on, since the volume that it is read from fails."""


class Outgoing:
    """The socket that gunicorn writes an answer to: it keeps what the client has not taken yet."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._rest = memoryview(b"")
        self.sent = 0

    def sendall(self, data: bytes) -> None:
        """Take what is to be sent."""
        self._rest = memoryview(bytes(self._rest) + data) if self._rest else memoryview(data)

    def flush(self) -> bool:
        """Send what the kernel takes now; tell whether that was all."""
        while self._rest:
            try:
                count = self._socket.send(self._rest)
            except (BlockingIOError, InterruptedError):
                return False
            self._rest = self._rest[count:]
            self.sent += count
        return True


class Answer:
    """An answer that is under way: gunicorn's response, and what the application still has to say."""

    def __init__(self, response: Any, items: Any, out: Outgoing, path: str = "") -> None:
        self.response, self.out, self.path = response, out, path
        self._source = items
        self._items: Iterator[bytes] = iter(items)
        self._told = False

    def go_on(self) -> bool:
        """Send until the end or until the client takes no more; tell whether it is the end."""
        while self.out.flush():
            if self._told:
                return True
            item = self._next() if self._has_body() else None
            if item is None:
                self.response.close()
                self._told = True
            else:
                self.response.write(item)
        return False

    def _next(self) -> bytes | None:
        try:
            return next(self._items, None)
        except OSError as error:  # told apart from a client that has gone, which is no news
            raise SourceFailed(f"what the answer is made of cannot be read: {error.strerror}") from error

    def _has_body(self) -> bool:
        return not self.response._omits_body  # noqa: SLF001 - else the whole file is read for HEAD

    def close(self) -> None:
        """Give back what the application holds for this answer."""
        if hasattr(self._source, "close"):
            self._source.close()
