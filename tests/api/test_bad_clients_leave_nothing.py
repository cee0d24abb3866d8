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
CLIENTS = 120  # of a kind in a round
ROUNDS = 6  # caches and each thread's arena take their size in the first ones, in how many depends on who meets whom


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
    before = _round(api, KINDS[kind])
    sizes = [before.memory]
    for _ in range(ROUNDS):
        after = _round(api, KINDS[kind])
        # The pool makes its threads as it needs them, and each may have a connection open: so many, whoever comes.
        assert after.threads <= before.threads + THREADS
        sizes.append(after.memory)
        if sizes[-1] - sizes[-2] <= 8 * MIB:
            break
    else:
        pytest.fail(f"memory grows in each round: {sizes}")
    until(lambda: _held(api).descriptors <= before.descriptors + THREADS)
    assert api.call("GET", "/healthz").status == 200


def _round(api: live.Api, bad: Callable[[int], None]) -> Held:
    """Let bad clients come and go, wait until the last is forgotten, and return what is held then."""
    for _ in range(CLIENTS):
        bad(api.port)
    until(lambda: files(api.root) == [] and not api.incoming() and api.call("GET", "/healthz").status == 200)
    return _held(api)
