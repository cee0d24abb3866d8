"""A whole stack for one workload: on a free port, its state in a temporary folder, stopped at the end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCAL = ("local", "run", "--sweep-every", "0")
START_SECONDS = 60.0
PAUSE = 0.005


@dataclass(frozen=True)
class Stack:
    """A running stack: its port on loopback, its state folder, and the process that supervises it."""

    port: int
    state: Path
    process: subprocess.Popen[bytes]

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Call the API on a new connection; return the status and the JSON answer."""
        with closing(self.connect()) as connection:
            return call(connection, method, path, body, headers)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of one's own, to be closed."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def wait(self, name: str, seconds: float = 60.0) -> dict[str, Any]:
        """Ask for a request until it has ended."""
        end = time.monotonic() + seconds
        with closing(self.connect()) as connection:
            while time.monotonic() < end:
                status, answer = call(connection, "GET", f"/requests/{name}")
                if status == 200 and answer["phase"] in ("Succeeded", "Failed"):
                    return dict(answer)
                time.sleep(PAUSE)
        raise TimeoutError(f"request {name} has not ended in {seconds} s")


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Send one call over a connection that may be used again; return the status and the JSON answer."""
    connection.request(method, path, body, dict(headers or {}))
    answer = connection.getresponse()
    content = answer.read()
    return answer.status, json.loads(content) if content else None


@contextmanager
def stack(program: tuple[str, ...] = LOCAL, /, **settings: str) -> Iterator[Stack]:
    """Run a stack with these TEXTMILL_ settings; `program` is the module that runs it, and words for it."""
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder:
        port = _free_port()
        environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'operator'}"}
        environment |= {f"TEXTMILL_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", *program, "--state", folder, "--port", str(port)]
        with open(Path(folder) / "bench.log", "wb") as log:
            process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
        try:
            running = Stack(port, Path(folder), process)
            _await_ready(running)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(running: Stack) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if running.process.poll() is not None:
            raise RuntimeError((running.state / "bench.log").read_text()[-2000:])
        try:
            if running.call("GET", "/readyz")[0] == 200:
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    raise TimeoutError("the stack is not ready")
