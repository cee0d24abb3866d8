"""Runs the command line as people do: as a process, with pipes or with a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COMMAND = (sys.executable, "-m", "textmill_cli")
PATIENCE = 90.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str = ""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON lines that were printed."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing but these settings points to a service."""
    taken = ("TEXTMILL_", "KUBECONFIG", "COMP_", "_TEXTMILL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
    return kept | dict(settings)


def textmill(*arguments: str, text: str | bytes = b"", settings: Mapping[str, str]) -> Done:
    """Run the command with pipes."""
    content = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(settings),
        input=content,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def on_terminal(*arguments: str, settings: Mapping[str, str]) -> Done:
    """Run the command with a terminal for all three streams; what it drew is in `out`, line ends as in a file."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment({"TERM": "xterm", "COLUMNS": "100", "LINES": "40", **settings}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        drawn, end = b"", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                drawn += os.read(ours, 65536)
            except OSError:  # Linux says EIO once the other side is closed
                break
        return Done(process.wait(PATIENCE), drawn.decode().replace("\r\n", "\n"))
    finally:
        os.close(ours)
