"""The API as it runs for people: gunicorn as a process, in front of a real API server that knows the resource."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local import kubeconfig
from tests.contract.client import Client
from tests.contract.server import PATIENCE, ROOT, serving, until

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
REQUESTS = "/apis/textmill.dev/v1/namespaces/default/processingrequests"
_LISTENING = re.compile(r"Listening at: http://(?:127\.0\.0\.1|\[::\]):(\d+)")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Api:
    """A running gunicorn, its volume, and its log."""

    process: subprocess.Popen[bytes]
    port: int
    root: Path
    log: Path

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request and return the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def incoming(self) -> list[Path]:
        """Return the uploads that are on their way."""
        return list(self.root.glob("uploads/incoming/*"))


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Path, Client]]:
    """Run an API server that knows the resource; its kubeconfig and a client of it."""
    with serving(folder) as server:
        api = Client(kubeconfig.load(server.kubeconfig))
        api.create(DEFINITIONS, yaml.safe_load((ROOT / "k8s" / "crd.yaml").read_text(encoding="utf-8")))
        until(lambda: api.get(REQUESTS).status == 200)
        yield server.kubeconfig, api


@contextmanager
def serve(folder: Path, config: Path, *, application: str = "app:create_app()", **settings: str) -> Iterator[Api]:
    """Run gunicorn on a free port with a volume beneath a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    root, log = folder / "volume", folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(config)}
    environment |= {"TEXTMILL_VOLUME": str(root), "TEXTMILL_LISTEN": "127.0.0.1:0", **settings}
    command = [sys.executable, "-m", "gunicorn", "-c", "app/gunicorn.conf.py", application]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            until(lambda: process.poll() is not None or _LISTENING.search(log.read_text()))
            found = _LISTENING.search(log.read_text())
            assert found, log.read_text()
            yield Api(process, int(found[1]), root, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)


def exchange(port: int, sent: bytes, *, finish: bool = False) -> tuple[bytes, dict[str, Any]]:
    """Send bytes as they are; return the head of the answer and its JSON."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        if finish:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while block := connection.recv(65536):
            got += block
    head, _, body = got.partition(b"\r\n\r\n")
    return head, json.loads(body)
