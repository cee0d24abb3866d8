"""A listener of its own for probes: it answers when all threads of the service are taken, and tells if it is dead.

It has its own socket and threads. `/healthz` tells how long ago the last request was served, and is red when a request
has waited too long for a thread or the loop that hands them out stands still: a new start would help then. `/readyz`
and `/metrics` are the application's own, called here without its queue.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from app.listening import addresses

DEAD_SECONDS = 30.0
PROBES = 16
"""Probes at the same time; for one more the one goes whose head has been coming the longest."""
_log = logging.getLogger("textmill.server")
_FORWARDED = ("/readyz", "/metrics")


class Served:
    """When requests were asked for a thread, got one, and were served."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._turned = self._last = clock()
        self._asked: dict[object, float] = {}

    def turned(self) -> None:
        """The loop that hands out threads has come round."""
        self._turned = self._clock()

    def asked(self, conn: object) -> None:
        """A connection waits for a thread."""
        with self._lock:
            self._asked[conn] = self._clock()

    def begun(self, conn: object) -> None:
        """A connection has got its thread."""
        with self._lock:
            self._asked.pop(conn, None)

    def done(self, conn: object) -> None:
        """A thread has done with a connection."""
        self.begun(conn)
        self._last = self._clock()

    def report(self) -> dict[str, Any]:
        """Return what `/healthz` says."""
        now = self._clock()
        with self._lock:
            waited = now - next(iter(self._asked.values()), now)
            waiting = len(self._asked)
        dead = max(waited, now - self._turned) > DEAD_SECONDS
        return {
            "status": "dead" if dead else "ok",
            "lastServedSeconds": round(now - self._last, 1),
            "waitingRequests": waiting,
            "waitingSeconds": round(waited, 1),
        }


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        self._reading: dict[Any, None] = {}
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if full := len(self._open) >= PROBES:
                oldest = next(iter(self._reading), None)
                if oldest is not None:
                    self._forget(oldest)
                    with contextlib.suppress(OSError):
                        oldest.shutdown(socket.SHUT_RDWR)  # its thread ends upon that
                    full = False
            if not full:
                self._open.add(request)
                self._reading[request] = None
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def head_is_here(self, request: Any) -> None:
        """A probe can be answered now; it is no longer one that may go for others."""
        with self._lock:
            self._reading.pop(request, None)

    def _forget(self, request: Any) -> None:
        self._open.discard(request)
        self._reading.pop(request, None)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._forget(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the library calls it so
        _log.debug("a probe broke off", exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        """Take IPv4 as well, whatever the system's default is."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class _Handler(WSGIRequestHandler):
    timeout = 5
    server: _Server

    def get_environ(self) -> dict[str, Any]:
        """Return what the head says, which is here now."""
        self.server.head_is_here(self.request)
        return super().get_environ()

    def log_message(self, *_: Any) -> None:
        """Say nothing: the log is of JSON lines."""


def serve_health(address: str, application: Any, served: Served) -> _Server:
    """Begin to answer probes at HOST:PORT, or everywhere at :PORT."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in _FORWARDED:
            found: Iterable[bytes] = application(environ, start_response)
            return found
        report = served.report()
        status = {"/healthz": "200 OK" if report["status"] == "ok" else "503 Service Unavailable"}.get(
            path, "404 Not Found"
        )
        start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [json.dumps(report if path == "/healthz" else {"status": "not found"}).encode() + b"\n"]

    host, _, port = addresses(address)[0].rpartition(":")
    kind = _Server6 if ":" in host else _Server
    server = kind((host.strip("[]"), int(port)), _Handler)
    server.set_app(answer)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    _log.info("health listener", extra={"address": f"{server.server_name}:{server.server_port}"})
    return server
