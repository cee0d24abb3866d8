"""A connection between a client and whichever server is there now, which breaks after so many bytes.

It knows nothing of HTTP: it passes bytes on, and what breaks, breaks in the midst of anything.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

BLOCK = 16384
RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Accepts connections; `target` names the port for each, `allowance` how many bytes a client may send over it."""

    def __init__(self, target: Callable[[], int], allowance: Callable[[], int]) -> None:
        self._target, self._allowance = target, allowance
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.broken = 0
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Break all connections and take no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target()))
            except OSError:  # nobody is there now
                client.close()
                continue
            self._open |= {client, server}
            both = threading.Barrier(2, action=partial(self._end, client, server))
            for source, goal, most in ((client, server, self._allowance()), (server, client, 1 << 60)):
                self._threads.append(threading.Thread(target=self._pass, args=(source, goal, most, both)))
                self._threads[-1].start()

    def _pass(self, source: socket.socket, goal: socket.socket, most: int, both: threading.Barrier) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(min(BLOCK, most)):
                goal.sendall(data)
                most -= len(data)
                if not most:
                    self.broken += 1
                    for one in (source, goal):
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    break
        for one in (source, goal):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        both.wait()

    def _end(self, *ends: socket.socket) -> None:
        for one in ends:
            self._open.discard(one)
            one.close()


@contextmanager
def proxy(target: Callable[[], int], allowance: Callable[[], int] = lambda: 1 << 60) -> Iterator[Proxy]:
    """Run a proxy for as long as the context lasts."""
    made = Proxy(target, allowance)
    try:
        yield made
    finally:
        made.close()
