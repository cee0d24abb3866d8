"""A small HTTP server that a test puts in the place of somebody else: it serves in a thread while a context lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

LOOK_SECONDS = 0.01
"""How often the server looks whether it is to end."""


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Let a server answer; it is closed with its connections at the end."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
