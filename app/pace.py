"""Ends what a client drags out: the head of a request, or a piece of its body, that takes longer than it may.

A socket's own time-out starts anew with every byte, so a client that sends one byte a minute would hold a thread for
days. Here each read has a deadline as a whole. When that is over, the reading half of the connection is shut, so the
read ends at once and the answer can still be sent. The same is done where somebody else waits for what the reader holds
(`asked`). One thread looks after all reads; it ends when there is nothing to
look after.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOOK_SECONDS = 0.25
IDLE_SECONDS = 5.0


@dataclass(eq=False)
class Read:
    """One read that is under way; `dropped` once it was ended for taking too long, or because `asked` said so."""

    connection: socket.socket
    deadline: float
    asked: Callable[[], bool] | None = None
    dropped: bool = False


class Pace:
    """All reads under way in this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reads: set[Read] = set()
        self._thread: threading.Thread | None = None

    def begin(self, connection: socket.socket, seconds: float, asked: Callable[[], bool] | None = None) -> Read:
        """Give what is read from a connection this much time from now; call `end` when it is there."""
        read = Read(connection, time.monotonic() + seconds, asked)
        with self._changed:
            self._reads.add(read)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="pace", daemon=True)
                self._thread.start()
        return read

    def end(self, read: Read) -> None:
        """Look after this read no longer."""
        with self._changed:
            self._reads.discard(read)

    @contextlib.contextmanager
    def within(
        self, connection: socket.socket | None, seconds: float, asked: Callable[[], bool] | None = None
    ) -> Iterator[Read | None]:
        """Look after a read for as long as the context lasts; without a connection there is nothing to end."""
        if connection is None:
            yield None
            return
        read = self.begin(connection, seconds, asked)
        try:
            yield read
        finally:
            self.end(read)

    def _look(self) -> None:
        idle_since = time.monotonic()
        while True:
            with self._changed:
                asking = [read for read in self._reads if read.asked is not None]
            wanted = {read for read in asking if _is_asked(read)}  # may be slow: no lock is held
            with self._changed:
                now = time.monotonic()
                if self._reads:
                    idle_since = now
                elif now - idle_since > IDLE_SECONDS:
                    self._thread = None
                    return
                late = [read for read in self._reads if read.deadline <= now or read in wanted]
                for read in late:
                    read.dropped = True
                    self._reads.discard(read)
                    with contextlib.suppress(OSError):
                        read.connection.shutdown(socket.SHUT_RD)
                self._changed.wait(LOOK_SECONDS)


def _is_asked(read: Read) -> bool:
    try:
        return read.asked is not None and read.asked()
    except OSError:  # a volume that cannot be asked must not end the one thread that keeps all deadlines
        return False


pace = Pace()
"""Sockets belong to the process, not to an application, so this does, too."""
