"""Takes a new connection from a listener: what may go wrong with one is no reason to end all the others.

Linux reports with a new connection what has gone wrong with the network on its way, and that the system is short of
descriptors or memory. Only a listener that is none any more is an error. Where the system is short, no connection is
taken for a moment: asking again at once would change nothing, and the loop would spin.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # gunicorn has no types

_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
_NO_LISTENER = (errno.EBADF, errno.ENOTSOCK, errno.EINVAL)


PAUSE_SECONDS = 0.1


class AcceptingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded worker as far as it takes connections; all of it runs in the main thread."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    _accept_at = 0.0

    @property
    def paused(self) -> bool:
        """Tell whether no connections are taken for a moment."""
        return self.clock() < self._accept_at

    def take(self, sock: socket.socket, address: Any, listener: Any) -> None:
        """Begin with a new connection."""
        raise NotImplementedError

    def make_room(self) -> None:
        """Give back something of what the system is short of."""
        raise NotImplementedError

    def accept(self, listener: Any) -> None:
        """Take a new connection."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_LISTENER:
                raise
            if error.errno in _SHORT:
                self.make_room()
                self._accept_at = self.clock() + PAUSE_SECONDS
                self.set_accept_enabled(False)
            return
        self.take(sock, address, listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not."""
        super().set_accept_enabled(enabled and not self.paused)
