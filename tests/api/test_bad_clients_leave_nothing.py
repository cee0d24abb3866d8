"""What bad clients take from the API comes back: its resident memory, its threads, its open files and its volume."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api import live
from tests.api.asserting import files
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until

MIB = 1 << 20
BLOCK = b"word " * (MIB // 5)
THREADS = 4
WARM, MORE = 120, 120  # clients of a kind: until caches and arenas have their size, and then again


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    with live.serve(
        tmp_path_factory.mktemp("api"), real[0], TEXTMILL_THREADS=str(THREADS), TEXTMILL_STREAMS="2"
    ) as running:
        yield running


@dataclass(frozen=True)
class Held:
    """What gunicorn's processes hold: resident bytes, threads, open files."""

    memory: int
    threads: int
    descriptors: int


def _held(api: live.Api) -> Held:
    master = api.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
    pages = threads = descriptors = 0
    for process in children:
        place = Path("/proc", process)
        pages += int((place / "statm").read_text(encoding="ascii").split()[1])
        threads += len(list((place / "task").iterdir()))
        descriptors += len(list((place / "fd").iterdir()))
    return Held(pages * os.sysconf("SC_PAGESIZE"), threads, descriptors)


def _send(port: int, *parts: bytes, answered: bool) -> None:
    """Send all that the server lets us; wait for the first bytes of an answer where one comes, and go."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection, contextlib.suppress(OSError):
        for part in parts:
            connection.sendall(part)
        if answered:
            connection.recv(1024)


def _cut_upload(port: int) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 99000000\r\n\r\n"
    _send(port, head, BLOCK, BLOCK, answered=False)


def _too_many_headers(port: int) -> None:
    lines = b"".join(b"X-%d: a\r\n" % number for number in range(10_000))
    _send(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n", lines, b"\r\n", answered=True)


def _endless_field(port: int) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    field = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
    _send(port, head, b"Content-Length: 99000000\r\n\r\n", field, BLOCK, BLOCK, answered=True)


def _left_stream(port: int) -> None:
    _send(port, b"GET /requests/events HTTP/1.1\r\nHost: localhost\r\n\r\n", answered=True)


KINDS = {kind.__name__.strip("_"): kind for kind in (_cut_upload, _too_many_headers, _endless_field, _left_stream)}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_threads_and_files_return(api: live.Api, kind: str) -> None:
    bad: Callable[[int], None] = KINDS[kind]
    for _ in range(WARM):
        bad(api.port)
    _settle(api)
    before = _held(api)

    for _ in range(MORE):
        bad(api.port)

    # The last connections may still wait for a thread when the last client has gone, so each thing is waited for.
    until(lambda: files(api.root) == [])
    # The pool makes its threads as it needs them, and each may have a connection open: so many, whoever comes.
    until(lambda: _held(api).threads <= before.threads + THREADS)
    until(lambda: _held(api).descriptors <= before.descriptors + THREADS)
    until(lambda: _held(api).memory - before.memory <= 8 * MIB)
    assert api.call("GET", "/healthz").status == 200


def _settle(api: live.Api) -> None:
    """Wait until the last bad client is forgotten: it holds no upload, and a good one is answered."""
    until(lambda: not api.incoming() and api.call("GET", "/healthz").status == 200)
