"""Our own API server as a process, for the suite's default target and for the tests of its own promises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"""Seconds that a process gets for what it promises to do soon."""


@dataclass(frozen=True)
class Server:
    """A process that answers."""

    process: subprocess.Popen[bytes]
    kubeconfig: Path
    ready: Path
    log: Path

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """End it politely; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """Run a server whose state is in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    server_files = {name: folder / name for name in ("kubeconfig", "ready", "log")}
    command = [sys.executable, "-m", "local.apiserver", "--state", str(folder / "state")]
    command += ["--kubeconfig", str(server_files["kubeconfig"]), "--ready-file", str(server_files["ready"]), *flags]
    server_files["ready"].unlink(missing_ok=True)
    with server_files["log"].open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        found = Server(process=process, **server_files)
        try:
            until(lambda: process.poll() is not None or found.ready.exists())
            assert process.poll() is None, found.log.read_text()
            yield found
        finally:
            if process.poll() is None:
                found.stop()


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for what another process is about to do."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
