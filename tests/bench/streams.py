"""500 event streams on one API while uploads go on: memory a stream, and how long a status takes to reach them all.

A stream waits for its request's changes; a status is written to the API server and each stream's arrival is timed from
right after that write was answered, so the figure is what this service adds. Memory is the growth of the server's
resident set from before the first stream to after the last, divided by their number. The reader is one thread with a
selector, so that its own work stays small beside what it measures.
"""

from __future__ import annotations

import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.api import live
from tests.contract.client import Client

STREAMS, WRITES = 500, 10
UPLOAD = b"word " * 200_000
PATIENCE = 60.0


def run(streams: int = STREAMS, writes: int = WRITES) -> dict[str, float]:
    """Measure memory a stream and the delays of their events."""
    settings = {"TEXTMILL_STREAMS": str(streams + 8), "TEXTMILL_THREADS": str(streams + 40)}
    with (
        tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder,
        live.cluster(Path(folder)) as (config, kubernetes),
        live.serve(Path(folder) / "api", config, **settings) as api,
        ExitStack() as stack,
    ):
        _upload(api, "followed")
        for number in range(64):  # what the first requests of a process cost is no stream's cost
            _upload(api, f"warm-{number}")
        selector = stack.enter_context(selectors.DefaultSelector())
        first = _open(stack, selector, api)
        _hear(selector, b'"phase"', 1)
        before = _memory(api)
        for _ in range(streams - 1):
            _open(stack, selector, api)
        _hear(selector, b'"phase"', streams - 1)
        grown = _memory(api) - before
        with _uploads(api):
            delays = [delay for number in range(writes) for delay in _told(selector, kubernetes, number, streams)]
        first.getpeername()  # the first is still connected, so none was dropped to make room
    delays.sort()
    return {
        "memory_kb": grown / 1000 / (streams - 1),
        "delivery_p50_ms": 1000 * delays[len(delays) // 2],
        "delivery_p99_ms": 1000 * delays[int(0.99 * (len(delays) - 1))],
    }


def _open(stack: ExitStack, selector: selectors.BaseSelector, api: live.Api) -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE))
    connection.sendall(b"GET /requests/followed/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    selector.register(connection, selectors.EVENT_READ, bytearray())
    return connection


def _told(selector: selectors.BaseSelector, kubernetes: Client, number: int, streams: int) -> list[float]:
    """Write a status and return after how many seconds each stream told it."""
    status = {"phase": "Counting", "settled": False, "progress": {"percent": number}}
    answer = kubernetes.patch(f"{live.REQUESTS}/followed/status", {"status": status})
    began = time.perf_counter()
    if answer.status != 200:
        raise RuntimeError(f"the status was not written: {answer.body}")
    return [one - began for one in _hear(selector, f'"percent":{number}}}'.encode(), streams)]


def _hear(selector: selectors.BaseSelector, wanted: bytes, count: int) -> list[float]:
    """Read until so many streams have said something; return when each did."""
    heard: list[float] = []
    until = time.perf_counter() + PATIENCE
    while len(heard) < count:
        if time.perf_counter() > until:
            raise TimeoutError(f"{count - len(heard)} of {count} streams have not said {wanted!r}")
        for key, _ in selector.select(1):
            connection: socket.socket = key.fileobj  # type: ignore[assignment]  # only sockets are registered
            data = connection.recv(65536)
            if not data:
                raise RuntimeError("the service ended a stream")
            key.data.extend(data)
            if wanted in key.data:
                heard.append(time.perf_counter())
                key.data.clear()
    return heard


@contextmanager
def _uploads(api: live.Api) -> Iterator[None]:
    over = threading.Event()

    def send() -> None:
        number = 0
        while not over.is_set():
            _upload(api, f"meanwhile-{number}", UPLOAD)
            number += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _upload(api: live.Api, name: str, data: bytes = b"word") -> None:
    answer = api.call("POST", f"/upload?name={name}", data, Content_Type="text/plain")
    if answer.status != 202:
        raise RuntimeError(f"the upload was answered with {answer.status}: {answer.body[:300]!r}")


def _memory(api: live.Api) -> int:
    """Return the bytes that the server's processes hold."""
    parent = api.process.pid
    pids = [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:"))
