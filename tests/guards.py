"""A pytest plugin: every test leaves the house as it found it, and none is skipped.

A leaked task, thread, process or descriptor makes some later test fail in a way that nobody can read, and a
skip hides a promise that is no longer checked. So both fail where they happen. What a fixture of a wider
scope holds is there before the test begins and counts as found. The guards look at `/proc`; where there is
none, they watch tasks, threads and files only. They must not end or close anything of a test by themselves.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 2.0
"""Seconds that a thread or process gets to end after a test asked it to."""

CACHES = (
    ".coverage",
    ".hypothesis",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    "__pycache__",
)
"""How the names begin of what tools write to the root folder while tests run."""

Things = dict[str, str]
"""What identifies each thing, and how to describe it; a description may change, as a process's command does."""


def threads() -> Things:
    """Name the threads of this process."""
    return {f"{one.name} {one.ident}": f"thread {one.name}" for one in threading.enumerate()}


def children() -> Things:
    """Name the direct children of this process, those included that ended and were never waited for."""
    pids: set[str] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            pids.update(path.read_text().split())
        except OSError:  # the thread ended meanwhile
            continue
    return {pid: f"process {pid} ({command(pid)})" for pid in pids}


def command(pid: str) -> str:
    """Return a process's command line as far as it can be read."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    except OSError:
        return "gone"


def descriptors() -> Things:
    """Name the open descriptors of this process by number and target."""
    found: Things = {}
    for path in Path("/proc/self/fd").glob("*"):
        try:
            target = str(path.readlink())
        except OSError:  # the descriptor of this very listing
            continue
        if target != "/dev/urandom":
            found[f"{path.name} {target}"] = f"descriptor {path.name} ({target})"
    return found


def files(root: Path) -> Callable[[], Things]:
    """Make a look at the names in the repository's root folder."""
    return lambda: {name: f"file {name}" for name in os.listdir(root) if not name.startswith(CACHES)}


def left_behind(look: Callable[[], Things], before: Things) -> list[str]:
    """Return what a look shows that was not there before, after giving it some time to go."""
    deadline = time.monotonic() + PATIENCE
    collected = False
    while True:
        extra = sorted(description for identity, description in look().items() if identity not in before)
        if not extra or time.monotonic() > deadline:
            return extra
        if collected:
            time.sleep(0.01)
        else:
            gc.collect()
            collected = True


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaves a thread, a child process, a descriptor or a file in the root folder."""
    looks = [threads, children, descriptors, files(request.config.rootpath)]
    found = [look() for look in looks]
    yield
    extra = [name for look, before in zip(looks, found, strict=True) for name in left_behind(look, before)]
    if extra:
        pytest.fail("the test left behind: " + "; ".join(extra), pytrace=False)


@pytest.fixture(autouse=True)
def tasks_watched(request: pytest.FixtureRequest, nothing_left: None) -> None:
    """Ask for `no_task_left` where a test has a loop; the loop is closed before `nothing_left` looks again."""
    function = getattr(request, "function", None)
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    if inspect.iscoroutinefunction(inner):
        request.getfixturevalue("no_task_left")


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail the asynchronous test that leaves a task running."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        pytest.fail("the test left tasks: " + "; ".join(sorted(map(repr, left))), pytrace=False)


def refuse(report: Any) -> None:
    """Turn a report of a skip, or of an expected failure, into one of a failure that says so."""
    report.outcome = "failed"
    report.longrepr = f"nothing may be skipped or expected to fail here: {report.longrepr}"
    if hasattr(report, "wasxfail"):
        del report.wasxfail


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test be skipped."""
    report = yield
    if report.skipped:
        refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let no module be skipped."""
    report = yield
    if report.skipped:
        refuse(report)
    return report
