"""One container of a pod: its attempts, each a process with a log, a termination message and a record.

It is told when to stop and by when; it tells of every change at once, through `changed`. It decides alone
whether it starts again (the pod's restartPolicy) and how long it waits before that, as CrashLoopBackOff.
It knows nothing of the API.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local import objects, quantity
from local.kubelet import environment, logfile, memory, processes
from local.kubelet.errors import StartFailed
from local.kubelet.records import PodFolder
from local.kubelet.states import ContainerState
from local.objects import Json

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 300.0
_POD_MESSAGES = 12 * 1024
_ONE_MESSAGE = 4096


@dataclass(frozen=True)
class Surroundings:
    """What containers of one pod have in common."""

    folder: PodFolder
    policy: str
    crash_backoff: float
    containers: int
    now: Callable[[], datetime]
    changed: Callable[[], None]
    started: Callable[[str], None]
    backing_off: Callable[[str], None]


class Container:
    """Runs one container to its end."""

    def __init__(self, spec: Json, state: ContainerState, around: Surroundings, attempt: int) -> None:
        """Take the container's part of the pod's spec, and where earlier attempts have left off."""
        self.spec = spec
        self.state = state
        self._around = around
        self.attempt = attempt
        self._process: processes.Process | None = None
        self._stopping = asyncio.Event()
        self.writer: logfile.LogWriter | None = None

    async def run(self, image: Path, variables: Callable[[], Mapping[str, str]]) -> None:
        """Start it, and again as long as the policy says so."""
        failures = 0
        if self.state.terminated is not None:
            if not self.again:
                return
            self.state.wait("ContainerCreating")
        while not self._stopping.is_set():
            await self._once(image, variables())
            if not self.again or self._stopping.is_set():
                return
            failures += 1
            if await self._back_off(failures):
                return
            self.attempt += 1
            self.state.restarts += 1

    @property
    def again(self) -> bool:
        """Whether the way it ended calls for another attempt."""
        if self.state.init:
            return self.state.failed and self._around.policy != "Never"
        return self._around.policy == "Always" or (self._around.policy == "OnFailure" and self.state.failed)

    async def _back_off(self, failures: int) -> bool:
        """Wait before the next attempt; True if it is not to come."""
        wait = min(self._around.crash_backoff * 2 ** (failures - 1), LONGEST_BACKOFF)
        name = self.state.name
        self.state.wait("CrashLoopBackOff", f"back-off {wait:g}s restarting failed container={name}")
        self._around.backing_off(name)
        self._around.changed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._stopping.wait()
        return self._stopping.is_set()

    async def _once(self, image: Path, variables: Mapping[str, str]) -> None:
        """One attempt, from its record to its end."""
        around, name = self._around, self.state.name
        message = around.folder.message(name, self.attempt)
        around.folder.note(name, self.attempt, {"startedAt": objects.format_time(around.now())})
        message.touch()
        values = {key: environment.own_message(self.spec, value, str(message)) for key, value in variables.items()}
        command = environment.command(self.spec, values, str(message))
        self.writer = logfile.LogWriter(around.folder.log(name, self.attempt), around.now)
        began = around.now()
        try:
            folder = Path(self.spec.get("workingDir") or image)
            self._process = processes.start(command, folder, values, self.writer.write)
        except StartFailed as error:
            self.writer.close()
            self._finish(128, "StartError", error.message, began)
            return
        started = processes.start_time(self._process.pid)
        record = {"pid": self._process.pid, "ticks": started, "startedAt": objects.format_time(began)}
        around.folder.note(name, self.attempt, record)
        self.state.run(began, f"process://{self._process.pid}.{started}")
        around.started(name)
        around.changed()
        exceeded = asyncio.Event()
        watch = self._watch_memory(self._process, exceeded)
        if self._stopping.is_set():
            self._process.signal(signal.SIGTERM)
        try:
            code = await self._process.ended
        finally:
            if watch is not None:
                watch.cancel()
            self.writer.close()
        reason = "OOMKilled" if exceeded.is_set() else "Error" if code else "Completed"
        self._finish(code, reason, self._last_words(message, code), began)

    def _watch_memory(self, process: processes.Process, exceeded: asyncio.Event) -> "asyncio.Task[None] | None":
        limit = ((self.spec.get("resources") or {}).get("limits") or {}).get("memory")
        if limit is None:
            return None
        return asyncio.create_task(memory.enforce(process, quantity.whole(limit), exceeded))

    def _finish(self, code: int, reason: str, message: str, began: datetime) -> None:
        """Write the end down, then tell of it."""
        terminated: Json = {"exitCode": code, "reason": reason}
        if message:
            terminated["message"] = message
        terminated["startedAt"] = objects.format_time(began)
        terminated["finishedAt"] = objects.format_time(self._around.now())
        if self.state.container_id:
            terminated["containerID"] = self.state.container_id
        self._process = None
        self._around.folder.note(self.state.name, self.attempt, {"terminated": terminated})
        self.state.end(terminated)
        self._around.changed()

    def _last_words(self, path: Path, code: int) -> str:
        """The termination message: the file's, or the end of the log where that is asked for."""
        most = min(_ONE_MESSAGE, _POD_MESSAGES // max(1, self._around.containers))
        try:
            with path.open("rb") as stream:
                words = stream.read(most).decode(errors="replace")
        except OSError:
            words = ""
        if not words and code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            words = logfile.last_output(self._around.folder.log(self.state.name, self.attempt), min(2048, most))
        return words

    async def stop(self, grace: float) -> None:
        """Ask it to end, and end it when the time is up; no attempt follows."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        process.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, grace)):
                await asyncio.shield(process.ended)
        process.signal(signal.SIGKILL)
        await process.ended
