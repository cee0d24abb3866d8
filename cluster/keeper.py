"""Starts parts stage by stage, sees them ready, and starts again what ends by itself.

A part that must stay down for a while (a test of bad days) is held by a file with its name. Each part leads a
session of its own and logs to a file of its own; its process id is written down, and only such are ever ended.
"""

import http.client
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from cluster.errors import PartFailed
from cluster.parts import ENVIRON, Part
from cluster.places import Places

READY_SECONDS = 180.0
STOP_SECONDS = 10.0
PAUSE_SECONDS = 1.0
LOOK_SECONDS = 0.1
DEATHS = 5
TAIL = 2000


class Keeper:
    """The parts of one cluster as processes."""

    def __init__(self, places: Places) -> None:
        """Nothing is started yet."""
        self._places = places
        self._parts: dict[str, Part] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._again: dict[str, float] = {}
        self._deaths: dict[str, int] = {}
        for folder in (places.logs, places.pids, places.held):
            folder.mkdir(parents=True, exist_ok=True)

    def start(self, stages: Iterable[list[Part]]) -> None:
        """Start each stage when the one before it is ready."""
        for stage in stages:
            for part in stage:
                self._parts[part.name] = part
                self._launch(part)
            end = time.monotonic() + READY_SECONDS
            waiting = list(stage)
            while waiting := [part for part in waiting if not ready(part)]:
                self.tick()
                failing = [part for part in waiting if self._deaths.get(part.name, 0) >= DEATHS]
                if failing or time.monotonic() > end:
                    raise self._failed((failing or waiting)[0])
                time.sleep(LOOK_SECONDS)

    def tick(self) -> None:
        """Start again what has ended."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[name]
                self._deaths[name] = self._deaths.get(name, 0) + 1
                self._again[name] = time.monotonic() + PAUSE_SECONDS
        for name, when in list(self._again.items()):
            if time.monotonic() >= when and not (self._places.held / name).exists():
                del self._again[name]
                self._launch(self._parts[name])

    def stop(self) -> None:
        """End all parts, the last started first."""
        for name in reversed(list(self._parts)):
            process = self._running.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def pids(self) -> set[int]:
        """Return the processes that are this keeper's to wait for."""
        return {process.pid for process in self._running.values()}

    def _launch(self, part: Part) -> None:
        with (self._places.logs / f"{part.name}.log").open("ab") as sink:
            process = subprocess.Popen(
                part.command,
                env={**os.environ, **ENVIRON},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self._running[part.name] = process
        (self._places.pids / part.name).write_text(str(process.pid))

    def _failed(self, part: Part) -> PartFailed:
        log = self._places.logs / f"{part.name}.log"
        return PartFailed(f"{part.name} does not run; the end of its log:\n{tail(log)}", f"the whole log is {log}")


def tail(path: Path) -> str:
    """Return the end of a file, as far as it can be read."""
    try:
        return path.read_bytes()[-TAIL:].decode(errors="replace").strip()
    except OSError:
        return "(there is none)"


def ready(part: Part) -> bool:
    """Tell whether a part answers."""
    if part.file is not None and not part.file.exists():
        return False
    return not part.url or answers(part.url)


def answers(url: str) -> bool:
    """Tell whether a local URL answers 200; who answers is not asked, since nothing is believed from it."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - only "ready" is asked, of a key made by the part itself
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(parts.netloc, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
