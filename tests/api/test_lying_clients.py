"""Clients whose heads can be read in two ways, that ask before they send, or that trickle where probes are answered."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest

from app.connections import Connection, Reader, how_much
from app.health_listener import PROBES, Served, serve_health
from tests.api import live
from tests.api.conftest import Real
from tests.contract.server import PATIENCE

HEAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
ASKS = b"Host: localhost\r\nExpect: 100-continue\r\n"
ZEROS = b"0" * 20


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run a gunicorn with two threads and all the time in the world."""
    settings = {"STALL_SECONDS": "600", "HEAD_SECONDS": "600", "DROP_SECONDS": "600", "THREADS": "2", "STREAMS": "0"}
    named = {f"TEXTMILL_{name}": value for name, value in settings.items()}
    folder = tmp_path_factory.mktemp("lying")
    with live.serve(folder, real[0], application="tests.api.breaking:application()", **named) as running:
        yield running


def _connected(port: int, stack: contextlib.ExitStack, sent: bytes) -> socket.socket:
    one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
    one.sendall(sent)
    return one


def _read_to_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: " + ZEROS + b"1000\r\n\r\nx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + ZEROS + b"100\r\nx",
    ],
    ids=["length", "chunk"],
)
def test_long_numbers_of_slow_clients_hold_no_thread(api: live.Api, sent: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            _connected(api.port, stack, sent)

        assert api.call("GET", "/healthz").status == 200
        assert api.call("POST", "/upload", b"quick", Content_Type="text/plain").status == 202


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"Content-Length: " + ZEROS + b"7", 7),
        (b"Content-Length: " + b"9" * 5000, 10**18),
        (b"Content-Length: 0", 0),
        (b"Content-Length: " + ZEROS + b" ", 0),
        (b"Content-Length: " + ZEROS + b"x", 0),
    ],
    ids=["zeros", "digits", "none", "only zeros", "no number"],
)
def test_length_is_known_however_it_is_written(head: bytes, wanted: int) -> None:
    assert how_much(b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n", b"") == wanted


def test_only_who_has_a_place_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(None, ours, None, None)
        ours.settimeout(0.01)
        assert Reader(connection).chunk() == b"", "nothing is here, and nothing is waited for"

        connection.has_place = True
        with pytest.raises(TimeoutError):
            Reader(connection).chunk()
        theirs.sendall(b"here")
        connection.has_place = False
        assert Reader(connection).chunk() == b"here"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /nowhere HTTP/1.1\r\n" + ASKS + b"Content-Length: 5\r\n\r\n", b"404"),
        (b"POST /upload HTTP/1.1\r\n" + ASKS + b"Content-Length: 99999999999999\r\n\r\n", b"413"),
    ],
    ids=["no address", "too large"],
)
def test_client_that_asks_first_is_refused_before_it_sends(api: live.Api, sent: bytes, status: bytes) -> None:
    with contextlib.ExitStack() as stack:
        assert _connected(api.port, stack, sent).recv(65536).startswith(b"HTTP/1.1 " + status)


def test_answer_that_breaks_off_does_not_look_whole_to_a_client_of_http_1_0(api: live.Api) -> None:
    with contextlib.ExitStack() as stack:
        one = _connected(api.port, stack, b"GET /breaks HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            _read_to_end(one)


def test_clients_that_trickle_leave_places_for_probes() -> None:
    server = serve_health("127.0.0.1:0", None, Served())
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(2 * PROBES):
                _connected(server.server_port, stack, b"GET /healthz HTTP/1.1\r\nX: ")
            probe = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=PATIENCE)
            stack.callback(probe.close)
            probe.request("GET", "/healthz")

            assert probe.getresponse().status == 200
    finally:
        server.shutdown()
        server.server_close()
