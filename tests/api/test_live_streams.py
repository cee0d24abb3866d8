"""Streams as they run for people: gunicorn, a real watch, many clients, one that reads nothing, and a stop."""

from __future__ import annotations

import json
import selectors
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.api import live
from tests.api.conftest import Real
from tests.contract.client import Client as Kubernetes
from tests.contract.server import PATIENCE, until

STREAMS = 60
SETTINGS = {"TEXTMILL_THREADS": "70", "TEXTMILL_STREAMS": str(STREAMS), "TEXTMILL_DROP_SECONDS": "0.5"}


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run one gunicorn for this module, with places for many streams."""
    with live.serve(tmp_path_factory.mktemp("streams"), real[0], **SETTINGS) as running:
        yield running


@contextmanager
def stream(api: live.Api, path: str, buffer: int = 0) -> Iterator[socket.socket]:
    """Open a stream, reading nothing of it yet; `buffer` is how much the system may keep for a client that sleeps."""
    with socket.socket() as connection:
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", api.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    """Read until something was said, or to the end."""
    came = b""
    while wanted not in came and (data := connection.recv(65536)):
        came += data
    return came


def upload(api: live.Api, name: str, data: bytes = b"to be or not to be\n") -> None:
    """Make a request."""
    assert api.call("POST", f"/upload?name={name}", data, Content_Type="text/plain").status == 202


def write_status(kubernetes: Kubernetes, name: str, phase: str, message: str = "-") -> None:
    """Write a status, as the operator would."""
    condition = {"type": "Succeeded", "status": "Unknown", "reason": "Test", "message": message}
    condition["lastTransitionTime"] = "2026-11-24T00:00:00Z"
    status = {"phase": phase, "settled": phase == "Succeeded", "conditions": [condition]}
    answer = kubernetes.patch(f"{live.REQUESTS}/{name}/status", {"status": status})
    assert answer.status == 200, answer.body


def open_streams(api: live.Api) -> int:
    """Return how many streams the process counts."""
    text = api.call("GET", "/metrics").body.decode()
    (line,) = [one for one in text.splitlines() if one.startswith("textmill_streams_open_count ")]
    return int(float(line.split()[1]))


def test_many_streams_hear_of_the_end_while_uploads_go_on(api: live.Api, real: Real) -> None:
    upload(api, "many")
    with ExitStack() as stack:
        connections = [stack.enter_context(stream(api, "/requests/many/events")) for _ in range(STREAMS)]
        for connection in connections:
            assert b"event: request" in read_until(connection, b'"phase":"Pending"')
        refused = api.call("GET", "/requests/many/events")
        assert (refused.status, refused.json()["reason"]) == (503, "TooManyStreams")
        upload(api, "meanwhile", b"word " * 200_000)

        write_status(real[1], "many", "Succeeded")

        told = [read_until(connection, b"event: end") for connection in connections]
    assert all(b'"phase":"Succeeded"' in one for one in told)
    until(lambda: open_streams(api) == 0)


def test_real_watch_tells_all_changes_and_goes_on_by_id(api: live.Api, real: Real) -> None:
    upload(api, "watched")
    with stream(api, "/requests/events") as connection:
        read_until(connection, b'"name":"watched"')  # before or after `synced`: the watch may be a moment behind
        write_status(real[1], "watched", "Counting")
        told = read_until(connection, b'"phase":"Counting"')
        number = told.split(b"id: ")[-1].split(b"\n")[0].decode()
    write_status(real[1], "watched", "Succeeded")

    request = f"GET /requests/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {number}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection:
        connection.sendall(request.encode())
        told = read_until(connection, b'"phase":"Succeeded"')
    assert b"event: reset" not in told
    assert told.count(b"event: request") == 1


def test_long_poll_answers_at_the_end(api: live.Api, real: Real) -> None:
    upload(api, "polled")
    until(lambda: open_streams(api) == 0)
    with stream(api, "/requests/polled?wait=60s") as connection:
        until(lambda: open_streams(api) == 1)
        write_status(real[1], "polled", "Succeeded")
        head, _, body = read_until(connection, b'"page":"/view/polled"').partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["phase"] == "Succeeded"


def test_client_that_reads_nothing_is_dropped_and_its_thread_freed(api: live.Api, real: Real) -> None:
    upload(api, "loud")
    until(lambda: open_streams(api) == 0)
    with stream(api, "/requests/events", buffer=4096) as connection:
        until(lambda: open_streams(api) == 1)
        deadline = time.monotonic() + PATIENCE
        number = 0
        while open_streams(api):
            assert time.monotonic() < deadline, "the client was not dropped"
            write_status(real[1], "loud", "Counting", f"{number} {'x' * 4_000}")
            number += 1
        selector = selectors.DefaultSelector()
        selector.register(connection, selectors.EVENT_READ)
        assert selector.select(PATIENCE)
        selector.close()
    until(lambda: "client dropped" in api.log.read_text())
    assert "Traceback" not in api.log.read_text()


def test_polite_stop_ends_open_streams_at_once(real: Real, tmp_path: Path) -> None:
    with live.serve(tmp_path, real[0], TEXTMILL_STOP_SECONDS="3600") as api:
        upload(api, "stopped")
        with stream(api, "/requests/events") as every, stream(api, "/requests/stopped/events") as one:
            read_until(every, b"event: synced")
            read_until(one, b"event: request")
            api.process.send_signal(signal.SIGTERM)
            assert b"event: end" not in read_until(one, b"event: end"), "it has not ended, the stream only stops"
            assert read_until(every, b"event: end").endswith(b"0\r\n\r\n")
        assert api.process.wait(PATIENCE) == 0
