"""A connection that breaks: passes bytes on to a service, and cuts or stops after as many as a test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_BLOCK = 1 << 16


@dataclass
class Line:
    """Connections to one service.

    cuts: after how many bytes of a client its connection is cut, in turn. hold: after how many it is left to wait.
    """

    port: int
    cuts: list[int]
    address: str = ""
    passed: int = 0
    hold: int | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            try:
                service = socket.create_connection(("127.0.0.1", self.port))
            except OSError:  # the service is away, and its client is to notice
                client.close()
                continue
            self._open += [client, service]
            for ends in ((client, service, True), (service, client, False)):
                thread = threading.Thread(target=self._pass, args=ends)
                thread.start()
                self._threads.append(thread)

    def _pass(self, source: socket.socket, target: socket.socket, sent: bool) -> None:
        count = 0
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                target.sendall(block)
                if sent:
                    count += len(block)
                    self.passed += len(block)
                    if self.cuts and count >= self.cuts[0]:
                        self.cuts.pop(0)
                        break
                    if self.hold is not None and count >= self.hold:
                        self.reached.set()
                        return
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Cut everything that is open."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut everything, and wait for the ends."""
        self.cut()
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()


@contextmanager
def line(port: int, cuts: Sequence[int] = ()) -> Iterator[Line]:
    """Open a line to a service on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Line(port, list(cuts))
        made.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=made.serve, args=(listener,))
        thread.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            made.close()
