"""Health and a small upload beside slow clients, four and sixteen times as many as there are threads.

Of each kind in turn, on loopback, with the default settings: readers that read nothing, uploads of 300 bytes a second,
refused POSTs whose body never comes, heads that trickle in. The figure is the middle latency beside them, held against
the same on the idle service in the same run.
"""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.api import live

THREADS = 64
TIMES = (4, 16)
CALLS = 15
SETTLE_SECONDS = 2.0
_UPLOAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
_REFUSED = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
_GET = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
KINDS = {
    "readers": (_GET, b""),
    "uploads": (_UPLOAD, b"x" * 150),
    "refused": (_REFUSED, b""),
    "heads": (_HEAD, b"x"),
}
"""What each client sends at first, and every half second."""


def run() -> dict[str, float]:
    """Measure the worst ratio over all kinds and numbers, and what it was made of."""
    figures: dict[str, float] = {}
    _allow_files(3 * THREADS * max(TIMES))
    with (
        tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder,
        live.cluster(Path(folder)) as (config, _),
        live.serve(Path(folder) / "api", config, application="tests.bench.empty:application()") as api,
    ):
        _latencies(api, None)
        idle = _latencies(api, None)
        ratios = []
        for kind, times in itertools.product(KINDS, TIMES):
            with _clients(api.port, kind, THREADS * times) as clients:
                health, upload = _latencies(api, clients)
            ratios.append((health / idle[0], upload / idle[1]))
            figures[f"{kind}_{times}_health_ms"] = 1000 * health
            figures[f"{kind}_{times}_upload_ms"] = 1000 * upload
    figures |= {"idle_health_ms": 1000 * idle[0], "idle_upload_ms": 1000 * idle[1]}
    figures["health_against_idle_ratio"] = max(one for one, _ in ratios)
    figures["upload_against_idle_ratio"] = max(one for _, one in ratios)
    return figures


class _Clients:
    def __init__(self, port: int, kind: str, count: int) -> None:
        first, self._more = KINDS[kind]
        self._open: list[socket.socket] = []
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.setblocking(False)
            self._open.append(one)
            self._send(one, first)
        self._next = time.monotonic() + 0.5

    def drip(self) -> None:
        """Send each client's next bytes, when it is time."""
        if self._more and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.5
            for one in self._open:
                self._send(one, self._more)

    def close(self) -> None:
        """Hang up."""
        for one in self._open:
            one.close()

    def _send(self, one: socket.socket, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it was dropped, or takes no more now
            one.send(data)


@contextlib.contextmanager
def _clients(port: int, kind: str, count: int) -> Iterator[_Clients]:
    with contextlib.closing(_Clients(port, kind, count)) as clients:
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            clients.drip()
            time.sleep(0.05)
        yield clients


def _latencies(api: live.Api, clients: _Clients | None) -> tuple[float, float]:
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS):
        for kind, (method, path, body) in enumerate(
            (("GET", "/healthz", None), ("POST", "/upload", b"word %d %f" % (number, time.time())))
        ):
            if clients is not None:
                clients.drip()
            began = time.perf_counter()
            status = api.call(method, path, body, Content_Type="text/plain").status
            took[kind].append(time.perf_counter() - began)
            if status not in (200, 202):
                raise RuntimeError(f"{method} {path} answered {status}")
    return statistics.median(took[0]), statistics.median(took[1])


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
