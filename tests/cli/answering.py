"""A service that answers what a test tells it to, in turn, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.serving import serving

REQUEST: dict[str, Any] = {
    "name": "alice",
    "createdAt": "2026-01-01T00:00:00Z",
    "phase": "Pending",
    "progress": {"percent": 0},
    "conditions": [],
    "input": {"name": "alice.txt", "bytes": 5, "sha256": None},
    "result": None,
}


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Told(NamedTuple):
    """One answer to be given; a body that is no bytes goes as JSON. Without a status the connection is cut."""

    status: int | None
    body: Any = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed, and a tuple's


class Script:
    """The answers that are left, and what was asked so far."""

    def __init__(self, *answers: Told) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.address = ""


@contextmanager
def answering(*answers: Told) -> Iterator[Script]:
    """Serve these answers on loopback, one for each request."""
    script = Script(*answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            told = script.answers.pop(0)
            self.close_connection = True
            if told.status is None:
                return
            content = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(content)), "Connection": "close", **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PATCH = do_HEAD = answer  # noqa: N815 - the names that the base class looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.address = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield script


def problem(status: int, reason: str, **more: Any) -> Told:
    """Return an error as the API shapes it."""
    told = {"detail": f"It is {reason}.", "reason": reason, "hint": f"Mend {reason}.", **more}
    return Told(status, told, {"Content-Type": "application/problem+json"})
