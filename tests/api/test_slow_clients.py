"""Clients that drag a request out, or send far too much of a head: each is let go, and its thread serves others."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from collections.abc import Iterator

import pytest

from tests.api import live
from tests.api.asserting import files
from tests.api.conftest import Real
from tests.contract.server import PATIENCE

HEAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
BODIES = {
    "length": (HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run a gunicorn with two threads, which wants a megabyte a second and a head within a second."""
    settings = {"STALL_SECONDS": "1", "MIN_RATE": "1Mi", "HEAD_SECONDS": "1", "THREADS": "2"}
    named = {f"TEXTMILL_{name}": value for name, value in settings.items()}
    with live.serve(tmp_path_factory.mktemp("api"), real[0], **named) as running:
        yield running


def _trickle(port: int, begin: bytes, drop: bytes) -> bytes:
    """Send the beginning, then a drop ten times a second, until the server has something to say; return that."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(begin)
        with contextlib.suppress(ConnectionError):  # it has hung up already; what it said can be read all the same
            while not select.select([connection], [], [], 0.1)[0]:
                connection.sendall(drop)
        got = b""
        try:
            while block := connection.recv(65536):
                got += block
        except ConnectionResetError:  # it has our last drop unread
            pass
        return got


@pytest.mark.parametrize("framing", BODIES)
def test_upload_that_trickles_in_is_dropped_with_its_reason(api: live.Api, framing: str) -> None:
    got = _trickle(api.port, *BODIES[framing])

    assert got.startswith(b"HTTP/1.1 408 ")
    assert json.loads(got.partition(b"\r\n\r\n")[2])["reason"] == "BodySlow"
    assert files(api.root) == []


def test_head_that_trickles_in_is_dropped(api: live.Api) -> None:
    assert _trickle(api.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x") == b""


def test_threads_of_slow_clients_serve_others_afterwards(api: live.Api) -> None:
    for _ in range(3):
        _trickle(api.port, *BODIES["length"])

    assert api.call("POST", "/upload", b"quick", Content_Type="text/plain").status == 202


def test_ten_thousand_headers_are_refused_at_once(api: live.Api) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(10_000))
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection:
        with contextlib.suppress(OSError):  # it has stopped listening to us
            connection.sendall(sent + b"\r\n")
        try:
            got = connection.recv(65536)
        except ConnectionResetError:
            got = b""

    assert got == b"" or got.startswith(b"HTTP/1.1 431 ")
    assert api.call("GET", "/healthz").status == 200
