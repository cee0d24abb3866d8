"""gunicorn in front of a real API server: what only a process, a socket and a schema can show."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import live
from tests.api.asserting import ANSWER_FIELDS, files
from tests.api.conftest import Real
from tests.contract.server import PATIENCE, until
from tests.resource.definition import SCHEMA

TEXT = b"to be or not to be\n"
BEGUN = b"x" * (64 << 10)
"""So much of a body that a thread takes it, and a file of it is on the volume."""
DIGEST = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run one gunicorn for this module, which gives up on a client that stands still for two seconds."""
    with live.serve(tmp_path_factory.mktemp("api"), real[0], TEXTMILL_STALL_SECONDS="2") as running:
        yield running


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _head(*lines: str, path: str = "/upload") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def test_upload_becomes_a_resource_with_the_defaults_of_its_definition(api: live.Api, real: Real) -> None:
    answer = api.call("POST", "/upload?name=hamlet&topWords=3", TEXT, Content_Type="text/plain", X_Filename="h.txt")

    assert (answer.status, answer.headers["Location"]) == (202, "/requests/hamlet")
    assert list(answer.json()) == ANSWER_FIELDS
    assert answer.json()["phase"] == "Pending"
    body = real[1].get(f"{live.REQUESTS}/hamlet").body
    assert body["spec"] == {
        "input": {"upload": DIGEST, "name": "h.txt", "bytes": len(TEXT)},
        "topWords": 3,
        "encoding": "utf-8",
        "errors": "replace",
        "priority": 0,
        "suspend": False,
        "timeoutSeconds": 3600,
        "retries": 2,
        "fresh": False,
    }
    assert body["status"] == SCHEMA["properties"]["status"]["default"]
    shown = api.call("GET", "/requests/hamlet").json()
    shown.pop("queue", None)  # once the watch has seen it
    assert shown == answer.json()


def test_names_keys_lists_and_deletes_hold_on_a_real_server(api: live.Api) -> None:
    first = api.call("POST", "/upload", TEXT, Idempotency_Key="k")
    again = api.call("POST", "/upload", TEXT, Idempotency_Key="k")
    other = api.call("POST", "/upload", b"other", Idempotency_Key="k")
    name = first.json()["name"]
    taken = api.call("POST", f"/upload?name={name}", TEXT)

    assert (first.status, again.status, again.json()) == (202, 202, first.json())
    assert (other.status, other.json()["reason"]) == (422, "KeyReused")
    assert (taken.status, taken.json()["reason"]) == (409, "NameTaken")
    page = api.call("GET", "/requests?limit=1&phase=Pending").json()
    assert len(page["items"]) == 1
    assert api.call("GET", "/requests?phase=Failed").json() == {"items": [], "continue": None}
    assert api.call("DELETE", f"/requests/{name}").status == 204
    assert api.call("GET", f"/requests/{name}").json()["reason"] == "RequestMissing"
    assert api.call("DELETE", f"/requests/{name}").status == 404


def test_list_is_paged_by_the_server(api: live.Api) -> None:
    for number in range(3):
        api.call("POST", f"/upload?name=page-{number}", TEXT)
    names: list[str] = []
    token: str | None = ""
    while token is not None:
        page = api.call("GET", "/requests?limit=2" + (f"&continue={token}" if token else "")).json()
        names += [item["name"] for item in page["items"]]
        token = page["continue"]

    assert [name for name in names if name.startswith("page-")] == ["page-0", "page-1", "page-2"]
    assert len(names) == len(set(names))


def test_ready_says_ready(api: live.Api) -> None:
    assert api.call("GET", "/readyz").status == 200


def test_client_that_asks_first_is_told_to_go_on(api: live.Api) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection:
        connection.sendall(_head("Content-Length: 3", "Content-Type: text/plain", "Expect: 100-continue"))
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"abc")
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")


def test_chunked_body_is_taken_whole(api: live.Api) -> None:
    sent = _head("Transfer-Encoding: chunked", "Content-Type: text/plain", "Connection: close")

    head, body = live.exchange(api.port, sent + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 202 ")
    assert body["input"]["sha256"] == hashlib.sha256(b"abcde").hexdigest()


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_client_that_goes_away_leaves_nothing(api: live.Api, real: Real, framing: str, content_type: str) -> None:
    before, requests = files(api.root), len(real[1].get(live.REQUESTS).body["items"])
    start = b"3\r\nabc\r\n" if "chunked" in framing else b"abc"

    head, body = live.exchange(api.port, _head(framing, f"Content-Type: {content_type}") + start, finish=True)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert body["reason"] == "BodyCut"
    assert files(api.root) == before
    assert len(real[1].get(live.REQUESTS).body["items"]) == requests


def test_client_that_resets_its_connection_leaves_nothing(api: live.Api) -> None:
    before = files(api.root)
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection:
        connection.sendall(_head("Content-Length: 1000000", "Content-Type: text/plain") + BEGUN)
        until(api.incoming)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    until(lambda: files(api.root) == before)


def test_client_that_stands_still_is_given_up(api: live.Api) -> None:
    before = files(api.root)

    head, body = live.exchange(api.port, _head("Content-Length: 1000", "Content-Type: text/plain") + b"abc")

    assert head.startswith(b"HTTP/1.1 408 ")
    assert body["reason"] == "BodyStalled"
    assert files(api.root) == before


def test_log_is_json_lines_only(api: live.Api) -> None:
    api.call("GET", "/requests")

    lines = [json.loads(line) for line in api.log.read_text().splitlines()]

    assert all({"level", "logger", "message", "timestamp"} <= line.keys() for line in lines)
    assert any(line.get("route") == "/requests" for line in lines)


def test_polite_stop_lets_a_running_upload_end(real: Real, tmp_path: Path) -> None:
    with (
        live.serve(tmp_path, real[0]) as api,
        socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection,
    ):
        connection.sendall(
            _head(f"Content-Length: {len(BEGUN) + 3}", "Content-Type: text/plain", path="/upload?name=late") + BEGUN
        )
        until(api.incoming)
        api.process.send_signal(signal.SIGTERM)
        until(lambda: "Handling signal: term" in api.log.read_text())
        connection.sendall(b"def")
        answer = connection.recv(65536)
        assert api.process.wait(PATIENCE) == 0

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert real[1].get(f"{live.REQUESTS}/late").status == 200


def test_kill_amid_an_upload_leaves_only_what_the_sweep_takes(real: Real, tmp_path: Path) -> None:
    with (
        live.serve(tmp_path, real[0]) as api,
        socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection,
    ):
        connection.sendall(
            _head(f"Content-Length: {len(BEGUN) + 3}", "Content-Type: text/plain", path="/upload?name=dead") + BEGUN
        )
        until(api.incoming)
        children = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
        for one in (api.process.pid, *map(int, children)):
            os.kill(one, signal.SIGKILL)
        api.process.wait(PATIENCE)
        until(lambda: not any(map(_runs, children)))

    (left,) = files(api.root)
    assert left.startswith("uploads/incoming/")
    assert real[1].get(f"{live.REQUESTS}/dead").status == 404
