"""Readers of a table who stop reading: they hold no thread, are dropped, and what was open for them is closed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import artefacts, live
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until
from textmill import layout

ROWS = 500_000
CSV = b"word,count\n" + b"".join(b"word%d,1\n" % number for number in range(ROWS))
ASKED = b"GET /requests/fox/words HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
READERS = 4
"""More than there are threads."""


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run a gunicorn with two threads, which drops who reads nothing for a second, and a request with a big table."""
    folder = tmp_path_factory.mktemp("readers")
    settings = {"TEXTMILL_DROP_SECONDS": "1", "TEXTMILL_THREADS": "2", "TEXTMILL_STREAMS": "0"}
    with live.serve(folder, real[0], **settings) as running:
        body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": "fox"}}
        real[1].create(live.REQUESTS, body | {"spec": {"input": {"inline": "x"}}})
        status = artefacts.finished(running.root, csv=CSV)
        answer = real[1].patch(f"{live.REQUESTS}/fox/status", {"status": status})
        assert answer.status == 200, answer
        yield running
        real[1].delete(f"{live.REQUESTS}/fox")


@contextlib.contextmanager
def _reader(api: live.Api) -> Iterator[socket.socket]:
    """Ask for the table, read how it begins, and stop."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)  # before it connects, or it is too late
        one.settimeout(PATIENCE)
        one.connect(("127.0.0.1", api.port))
        one.sendall(ASKED)
        assert one.recv(1024).startswith(b"HTTP/1.1 200 ")
        yield one


def _open(api: live.Api) -> int:
    """Return how often the processes of the API have the table open."""
    found = 0
    pids = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
    for descriptor in (one for pid in pids for one in Path(f"/proc/{pid}/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):  # it was closed a moment ago
            found += os.readlink(descriptor).endswith(f"/{layout.TABLE_CSV}")
    return found


def _whole(api: live.Api) -> int:
    """Read the whole table as JSON, and return how many rows it has."""
    answer = api.call("GET", "/requests/fox/words")
    assert answer.status == 200
    return len(json.loads(answer.body))


def test_readers_that_stop_are_dropped_and_leave_nothing_open(api: live.Api) -> None:
    with contextlib.ExitStack() as stack:
        stopped = [stack.enter_context(_reader(api)) for _ in range(READERS)]

        assert _whole(api) == ROWS, "others go on"
        until(lambda: _open(api) == 0)

        for one in stopped:
            assert len(_rest(one)) < len(CSV), "it was ended before the table was"
    assert api.log.read_text().count("client dropped") == READERS
    assert _whole(api) == ROWS


def test_reader_that_hangs_up_leaves_nothing_open(api: live.Api) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(READERS):
            stack.enter_context(_reader(api))
    until(lambda: _open(api) == 0)

    assert _whole(api) == ROWS


def _rest(one: socket.socket) -> bytes:
    got = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while block := one.recv(1 << 20):
            got += block
    return bytes(got)
