"""Processes of the cluster as its node sees them: workers that are held midway, parts that are ended and kept down.

The tests run in the cluster's own process namespace, so what they end is never anything else of this machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from cluster.places import Places, state
from tests.e2e.kube import Json, until

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
SPARE_BYTES = 1 << 20
SHORT_SECONDS = 0.01
"""A worker's life is a tenth of a second and more."""


def of_pod(pod: Json) -> list[int]:
    """Return the processes of a pod's containers, without the one that holds its namespaces."""
    uid = pod["metadata"]["uid"]
    return [pid for pid in _all() if uid in _read(pid, "cgroup") and "python" in _read(pid, "cmdline")]


def freeze(pod: Json) -> list[int]:
    """Stop a pod's processes as soon as there are any, and return them."""
    found = until(lambda: of_pod(pod), look=SHORT_SECONDS)
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    return found


def thaw(pids: list[int]) -> None:
    """Let stopped processes go on."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def kill(pod: Json) -> None:
    """End a pod's processes, of which there must be some, as a power cut would."""
    found = of_pod(pod)
    assert found, f"no process belongs to {pod['metadata']['name']}"
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def starve(pids: list[int]) -> None:
    """Leave the containers of stopped processes hardly more memory than they have, as a limit that is too low does."""
    for pid in pids:
        groups = dict(line.split(":", 2)[1:] for line in _read(pid, "cgroup").splitlines())
        if "memory" in groups:
            folder, name = CGROUPS / "memory" / groups["memory"].lstrip("/"), "memory.limit_in_bytes"
            used = int((folder / "memory.usage_in_bytes").read_text())
        else:
            folder, name = CGROUPS / groups[""].lstrip("/"), "memory.max"
            used = int((folder / "memory.current").read_text())
        (folder / name).write_text(str(used + SPARE_BYTES))


def restart(part: str) -> None:
    """End a part of the cluster, which its keeper starts again."""
    recorded = Places(state(os.environ)).pids / part
    before = recorded.read_text()
    os.kill(int(before), signal.SIGKILL)
    until(lambda: recorded.read_text() not in ("", before))


@contextlib.contextmanager
def without(part: str) -> Iterator[None]:
    """Keep a part of the cluster down for as long as the context lasts."""
    places = Places(state(os.environ))
    held, recorded = places.held / part, places.pids / part
    held.touch()
    before = recorded.read_text()
    os.kill(int(before), signal.SIGKILL)
    try:
        yield
    finally:
        held.unlink()
        until(lambda: recorded.read_text() not in ("", before))


def _all() -> list[int]:
    return [int(one.name) for one in PROC.iterdir() if one.name.isdigit()]


def _read(pid: int, name: str) -> str:
    try:
        return (PROC / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""
