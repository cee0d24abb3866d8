"""Whole processes and what they cost: seconds of CPU and of wall, and memory at the most."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import corpora

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "LC_ALL": "C.UTF-8",
    "PYTHONPATH": str(ROOT),
    "PYTHONPYCACHEPREFIX": str(corpora.folder() / "bytecode"),  # as an image has it compiled
}

PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h


class Cost(NamedTuple):
    """What a command took, and what it printed."""

    cpu: float
    wall: float
    peak: int
    output: str


def run(*commands: list[str], one_core: bool, memory: int | None = None) -> Cost:
    """Run commands side by side, on one core if asked, with so much memory if asked; SystemExit if one fails."""

    def prepare() -> None:
        """Bound the new process itself: a wrapper's own start would count as the command's."""
        if one_core:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        if memory:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    adopt_orphans()
    started = time.perf_counter()
    processes = [
        subprocess.Popen(one, cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, preexec_fn=prepare)  # noqa: PLW1509 - this process has one thread
        for one in commands
    ]
    outputs, cpu, peak = [], 0.0, 0
    for one, command in zip(processes, commands, strict=True):
        assert one.stdout is not None
        with one.stdout:
            outputs.append(one.stdout.read().decode())
        _, status, usage = os.wait4(one.pid, 0)
        one.returncode = os.waitstatus_to_exitcode(status)
        if one.returncode:
            raise SystemExit(f"{' '.join(command)[:200]} ended with {one.returncode}: {outputs[-1][:500]}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss * 1024)
    wall = time.perf_counter() - started
    return Cost(cpu + orphans(), wall, peak, "".join(outputs))


def adopt_orphans() -> None:
    """Become the parent of what a command leaves running: Spark's JVM outlives the Python that started it."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt orphans")


def orphans() -> float:
    """Wait for all that a command has left running; return the CPU seconds that it took."""
    cpu = 0.0
    with contextlib.suppress(ChildProcessError):
        while True:
            usage = os.wait3(0)[2]
            cpu += usage.ru_utime + usage.ru_stime
    return cpu


def best(command: list[str], times: int, *, one_core: bool) -> Cost:
    """Return the least CPU and the least wall of several runs."""
    return least([run(command, one_core=one_core) for _ in range(times)])


def least(costs: Sequence[Cost]) -> Cost:
    """Return the least CPU and the least wall of these, each by itself."""
    return costs[0]._replace(cpu=min(one.cpu for one in costs), wall=min(one.wall for one in costs))


def memory_limited(command: list[str], limit: int) -> Cost:
    """Run a command that may not have more memory than this, and knows it."""
    return run([*command[:4], "--memory", str(limit), *command[4:]], one_core=True, memory=limit)
