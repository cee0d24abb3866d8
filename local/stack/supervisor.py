"""Keeps the stack's processes running, and stops them in order.

A part that ends by itself is started again, after a pause that grows while it keeps dying, and for as long as it takes
once it has been ready: whatever it met may pass. One that dies often before it was ever ready stops the whole stack,
with the last words of its log in the message. Each part leads a session of its own, so that Ctrl-C reaches the
supervisor alone, and dies with it (PR_SET_PDEATHSIG) where the system knows that.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from local.errors import ChildFailed
from local.stack import last_words
from local.stack.parts import Part
from local.stack.showing import say

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LONGEST_PAUSE = 60.0
STEADY_SECONDS = 10.0
READY_SECONDS = 60.0
TELL_SECONDS = 10.0
LOOK_SECONDS = 0.05
KILLED_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

log = logging.getLogger(__name__)


class Supervisor:
    """Runs parts in a folder, each with a log file of its own in `logs`. `run_in` is their working folder.

    hurried: once it is set, a stop, also one that has begun, kills what has not ended yet instead of waiting for it.
    """

    def __init__(
        self, run_in: Path, logs: Path, environment: Mapping[str, str], hurried: asyncio.Event | None = None
    ) -> None:
        """Nothing is started yet."""
        self._run_in, self._logs, self._environment = run_in, logs, dict(environment)
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[tuple[Part, asyncio.Task[None]]] = []
        self._once_ready: set[str] = set()
        self._hurried = hurried or asyncio.Event()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pid(self, name: str) -> int | None:
        """The process of a part, None while it is not running."""
        process = self._running.get(name)
        return process.pid if process and process.returncode is None else None

    async def start(self, parts: Sequence[Part]) -> None:
        """Start parts side by side, and wait until each is ready."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for part in parts:
            if part.ready_file:
                part.ready_file.unlink(missing_ok=True)
            self._keepers.append((part, asyncio.create_task(self._keep(part), name=part.name)))
        waits = asyncio.ensure_future(asyncio.gather(*(self._await_ready(part) for part in parts)))
        await self.until_failed(waits)
        await waits

    def repeat(self, part: Part, first: float, pause: float) -> None:
        """Run a part that ends by itself again and again, from `first` seconds on; how it ends stands in its log."""
        self._keepers.append((part, asyncio.create_task(self._repeat(part, first, pause), name=part.name)))

    async def until_failed(self, other: asyncio.Future[Any] | None = None) -> None:
        """Wait for something else to happen; ChildFailed where a part proves hopeless before that."""
        try:
            await asyncio.wait([self._failed, *([other] if other else [])], return_when=asyncio.FIRST_COMPLETED)
        finally:  # a failure or Ctrl-C leaves nothing behind that waits
            if other:
                other.cancel()
                await asyncio.gather(other, return_exceptions=True)
        if self._failed.done():
            self._failed.result()

    async def stop(self) -> None:
        """Stop all parts, the last started first; returns when no process is left."""
        for part, keeper in reversed(self._keepers):
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            process = self._running.pop(part.name, None)
            if process:
                await self._end(process, part.stop_seconds)
        self._keepers.clear()
        if self._failed.done():
            self._failed.exception()

    async def _keep(self, part: Part) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            ending = await self._run(part)
            if time.monotonic() - began > STEADY_SECONDS:
                self._once_ready.add(part.name)
                deaths = 0
            deaths += 1
            log.warning("%s ended (%s); it is started again; its log is %s", part.name, ending, self._log(part))
            if deaths >= len(PAUSES) and part.name not in self._once_ready:
                if not self._failed.done():
                    self._failed.set_exception(self._hopeless(part))
                return
            await asyncio.sleep(pause(deaths))

    async def _repeat(self, part: Part, first: float, pause: float) -> None:
        await asyncio.sleep(first)
        while True:
            await self._run(part)
            await asyncio.sleep(pause)

    async def _run(self, part: Part) -> str:
        """Run a part to its end and tell how it ended; what keeps it from being started counts as an end."""
        try:
            with self._log(part).open("ab") as sink:
                process = await asyncio.create_subprocess_exec(
                    *part.command,
                    cwd=self._run_in,
                    env=self._environment | dict(part.environment),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
        except OSError as error:
            return f"not started: {error}"
        self._running[part.name] = process
        return _ending(await process.wait())

    async def _await_ready(self, part: Part) -> None:
        began = told = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while not await _is_ready(part, session):
                now = time.monotonic()
                if now > began + READY_SECONDS:
                    raise self._hopeless(part)
                if now > told + TELL_SECONDS:
                    say(f"{part.name} is not ready after {now - began:.0f} s; its log is {self._log(part)}")
                    told = now
                await asyncio.sleep(LOOK_SECONDS)
        if part.ready_file or part.ready_url:
            self._once_ready.add(part.name)

    def _log(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"

    def _hopeless(self, part: Part) -> ChildFailed:
        if words := last_words.of_file(self._log(part)):
            return ChildFailed(f"{part.name} does not run: {words}", f"the whole log is {self._log(part)}")
        return ChildFailed(f"{part.name} does not run, and left no log", f"try it by itself: {' '.join(part.command)}")

    async def _end(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        ended, hurried = (asyncio.ensure_future(one) for one in (process.wait(), self._hurried.wait()))
        await asyncio.wait([ended, hurried], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            if not self._hurried.is_set():
                log.warning("process %d did not stop within %.0f s and was killed", process.pid, seconds)
            await _kill(process.pid)
        await ended


async def _is_ready(part: Part, session: aiohttp.ClientSession) -> bool:
    if part.ready_file and not part.ready_file.exists():
        return False
    if part.ready_url:
        try:
            async with session.get(part.ready_url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
    return True


async def _kill(group: int) -> None:
    """Kill a process with all that it has started in its group, and wait until they are gone, a while at most."""
    with contextlib.suppress(ProcessLookupError, TimeoutError):
        os.killpg(group, signal.SIGKILL)
        async with asyncio.timeout(KILLED_SECONDS):
            while True:  # until nobody is left to take the signal; children of the killed are init's to bury
                await asyncio.sleep(LOOK_SECONDS)
                os.killpg(group, 0)


def pause(deaths: int) -> float:
    """Return the pause after so many deaths in a row."""
    more = min(deaths - len(PAUSES), 10)
    return PAUSES[deaths - 1] if more <= 0 else min(PAUSES[-1] * 2.0**more, LONGEST_PAUSE)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
