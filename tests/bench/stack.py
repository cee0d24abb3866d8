"""A whole stack for one workload: on a port of its own choice, its state in a temporary folder, stopped at the end."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCAL = ("local", "run", "--sweep-every", "0")
START_SECONDS = 60.0
PAUSE = 0.005
_ADDRESS = re.compile(r"^Textmill +http://127\.0\.0\.1:(\d+)$", re.MULTILINE)


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

    def is_ready(self) -> bool:
        """Tell whether the API says that it is ready."""
        return self.call("GET", "/readyz")[0] == 200

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
        environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'operator'}"}
        environment |= {f"TEXTMILL_{name}": value for name, value in settings.items()}
        state, told = Path(folder) / "state", Path(folder) / "told"
        command = [sys.executable, "-m", *program, "--state", str(state), "--port", "0"]
        with told.open("wb") as log:
            process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
        try:
            yield _ready(state, told, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _ready(state: Path, output: Path, process: subprocess.Popen[bytes]) -> Stack:
    """Wait until a stack has told its address and answers there."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        told = output.read_text()
        if process.poll() is not None:
            raise RuntimeError(told[-2000:])
        with suppress(OSError, ValueError):
            if (found := _ADDRESS.search(told)) and (running := Stack(int(found[1]), state, process)).is_ready():
                return running
        time.sleep(0.05)
    raise TimeoutError("the stack is not ready")
