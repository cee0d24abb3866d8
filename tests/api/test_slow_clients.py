"""Clients that drag a request out, or send far too much of a head: each is let go, and its thread serves others."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import select
import socket
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.connections import Connection, Parked, how_much
from app.health_listener import Served
from tests.api import live
from tests.api.asserting import assert_problem, files
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until

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


@pytest.fixture(scope="module")
def patient(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run a gunicorn with two threads and all the time in the world, and a listener for probes."""
    settings = {"STALL_SECONDS": "600", "HEAD_SECONDS": "600", "DROP_SECONDS": "600", "THREADS": "2", "STREAMS": "0"}
    named = {f"TEXTMILL_{name}": value for name, value in settings.items()} | {"TEXTMILL_HEALTH_LISTEN": "127.0.0.1:0"}
    folder = tmp_path_factory.mktemp("patient")
    with live.serve(folder, real[0], application="tests.bench.empty:application()", **named) as running:
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


def _connected(api: live.Api, stack: contextlib.ExitStack, count: int, sent: bytes) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE))
        one.sendall(sent)
        opened.append(one)
    return opened


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 1000000\r\n\r\nx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["upload", "chunked upload", "refused", "head", "reader"],
)
def test_slow_clients_hold_no_thread(patient: live.Api, sent: bytes) -> None:
    with contextlib.ExitStack() as stack:
        clients = _connected(patient, stack, 40, sent)

        assert patient.call("GET", "/healthz").status == 200
        assert patient.call("POST", "/upload", b"quick", Content_Type="text/plain").status == 202
        assert len(clients) == 40


def test_slowest_upload_makes_room_for_another(patient: live.Api) -> None:
    with contextlib.ExitStack() as stack:
        (slow,) = _connected(patient, stack, 1, HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 100_000)
        until(lambda: bool(patient.incoming()))
        answer = patient.call("POST", "/upload", b"y" * (1 << 20), Content_Type="text/plain")

        assert answer.status == 202
        assert b'"BodySlow"' in slow.recv(65536)


def test_answer_comes_whole_however_late_it_is_read(patient: live.Api) -> None:
    with contextlib.ExitStack() as stack:
        (late,) = _connected(patient, stack, 1, b"GET /large HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert patient.call("GET", "/healthz").status == 200
        got = bytearray()
        while block := late.recv(1 << 20):
            got += block

    assert bytes(got).partition(b"\r\n\r\n")[2] == b"x" * (64 << 20)


def test_refusal_reaches_a_client_that_goes_on_to_send(patient: live.Api) -> None:
    sent = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        (one,) = _connected(patient, stack, 1, sent)
        until(lambda: bool(select.select([one], [], [], 0)[0]))
        one.sendall(b"x" * 300_000)

        assert one.recv(65536).startswith(b"HTTP/1.1 404 ")


def test_health_has_a_listener_of_its_own(patient: live.Api) -> None:
    lines = [json.loads(line) for line in patient.log.read_text().splitlines()]
    (port,) = [int(one["address"].rpartition(":")[2]) for one in lines if one["message"] == "health listener"]
    probes = dataclasses.replace(patient, port=port)

    told = probes.call("GET", "/healthz")
    assert (told.status, told.json()["status"], told.json()["waitingRequests"]) == (200, "ok", 0)
    assert told.json()["lastServedSeconds"] >= 0
    assert probes.call("GET", "/readyz").status == 200
    assert probes.call("GET", "/requests").status == 404


def test_health_is_red_when_a_request_waits_too_long_for_a_thread() -> None:
    now = [0.0]
    served = Served(clock=lambda: now[0])
    served.asked("first")
    now[0] = 31.0
    served.turned()
    assert served.report()["status"] == "dead"
    served.begun("first")
    assert served.report() == {"status": "ok", "lastServedSeconds": 31.0, "waitingRequests": 0, "waitingSeconds": 0.0}
    now[0] = 62.0
    assert served.report()["status"] == "dead", "the loop stands still"


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", 13),
        (b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", 23),
        (b"3\r\nab", None),
        (b"3\r\nabc\r\n0\r\n", None),
        (b"3\r\nabcdef\r\n", 0),
        (b"-9\r\nabc", 0),
        (b"0x3\r\nabc", 0),
        (b"", None),
    ],
)
def test_end_of_a_chunked_body_is_known(came: bytes, wanted: int | None) -> None:
    assert how_much(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", came) == wanted


@pytest.mark.parametrize("why", ["full", "waited"])
def test_upload_that_gets_no_place_is_refused(client: FlaskClient, why: str) -> None:
    with socket.socket() as unused:
        full = Connection(None, unused, None, None)
        full.late = why

        response = client.post("/upload", data=b"x", environ_base={"textmill.connection": full})

    assert_problem(response, 503, "TooManyUploads")
    assert int(response.headers["Retry-After"]) > 0


def test_body_that_is_not_here_is_waited_for_after_refusals_and_before_all_else(make: Callable[..., Flask]) -> None:
    client = make(TEXTMILL_RATE_LIMIT="1/hour").test_client()
    with socket.socket() as unused:
        coming = {"textmill.connection": Connection(None, unused, None, None)}

        assert_problem(client.post("/nowhere", data=b"x", environ_base=coming), 404, "RouteUnknown")
        for _ in range(3):
            with pytest.raises(Parked):
                client.post("/upload", data=b"x", environ_base=coming)
