"""A stand-in for the HTTP interface, which the image's own checks ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from image import check
from tests.serving import serving


class Installation(ThreadingHTTPServer):
    """A stand-in for the HTTP interface: answers to GET are taken from `answers`, the last one again and again."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        self.tokens: set[str | None] = set()
        self.body = b""
        self.answers: list[dict[str, Any]] = []
        self.upload_code = 202

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def counted(self, **changes: Any) -> dict[str, Any]:
        word = self.body.decode().split()[2].rstrip("!")
        return {"phase": "Succeeded", "result": check.expected(word) | {"table": {}} | changes}


class Handler(BaseHTTPRequestHandler):
    server: Installation

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, code: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        self.server.seen.append("POST")
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.server.upload_code, {"name": "check-txt-1"})

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        answers = self.server.answers or [self.server.counted()]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        self.answer(int(found.get("code", 200)), found)

    def do_DELETE(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        self.server.seen.append(f"DELETE {self.path}")
        self.answer(200, {})


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setattr(check, "PAUSE_SECONDS", 0.0)
    server = Installation()
    with serving(server):
        yield server
