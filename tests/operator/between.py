"""A man in the middle, between an operator and its API server: he notes what is asked, and can silence every watch.

A watch that has fallen silent stays connected and brings nothing, which no client can tell from a quiet cluster.
Everything else goes through all the time.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from local import kubeconfig
from tests.serving import serving

PASSED_ON = ("Authorization", "Content-Type", "Accept")


class Between(ThreadingHTTPServer):
    """He himself: what was asked so far (method, path, query), whether watches are silent, and the way to him."""

    def __init__(self, config: Path, own_config: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.silent, self.over = threading.Event(), threading.Event()
        self.config = own_config
        self.access = kubeconfig.load(config)
        self.behind: set[http.client.HTTPSConnection] = set()
        document = yaml.safe_load(config.read_text(encoding="utf-8"))
        document["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self.server_address[1]}"}
        own_config.write_text(yaml.safe_dump(document), encoding="utf-8")

    def server_close(self) -> None:
        """End what is under way, so that the threads of it end, and be waited for."""
        self.over.set()
        for one in list(self.behind):
            with suppress(OSError, AttributeError):
                one.sock.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Call(BaseHTTPRequestHandler):
    server: Between
    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        path, query = self.path.partition("?")[0], parse_qs(urlsplit(self.path).query)
        self.server.asked.append((self.command, path, {name: values[0] for name, values in query.items()}))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        place = urlsplit(self.server.access.server)
        connection = http.client.HTTPSConnection(str(place.hostname), place.port, context=self.server.access.tls)
        self.server.behind.add(connection)
        self.close_connection = True
        with suppress(OSError, http.client.HTTPException):
            connection.request(self.command, self.path, body, headers)
            self._answer(connection.getresponse(), watching="watch" in query)
        self.server.behind.discard(connection)
        connection.close()

    def _answer(self, answer: http.client.HTTPResponse, *, watching: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Connection", "close")
        self.end_headers()
        while (data := answer.read1(65536)) and not self.server.over.is_set():
            if not (watching and self.server.silent.is_set()):
                self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def between(config: Path, folder: Path) -> Iterator[Between]:
    """Stand before the API server of a kubeconfig for as long as the context lasts."""
    server = Between(config, folder / "between")
    with serving(server):
        yield server
