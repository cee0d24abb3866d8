"""Starting a container's process, and hearing of its end at once.

A process leads a session of its own, so that all of it can be signalled; it dies with the kubelet
(PR_SET_PDEATHSIG), so that a kubelet that is killed leaves nothing running that nobody reports. Its end
is read from a pidfd: no polling, no thread. When the leader ends, the rest of its session's group is
killed before its exit code is taken, as a container's end is its first process's. Linux only:
`check_platform` says so.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from local.errors import PlatformUnsupported
from local.kubelet.errors import StartFailed

_PR_SET_PDEATHSIG = 1
_CHUNK = 256 * 1024
_LAST_READS = 64  # far more than a pipe holds, yet an end where a stray process writes for ever
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def check_platform() -> None:
    """Refuse to start where processes cannot be watched in this way."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        hint = "run it on Linux 5.4 or newer, or use a real cluster"
        raise PlatformUnsupported(f"running pods as subprocesses needs Linux with pidfds, not {sys.platform}", hint)


class Process:
    """A running process; `ended` holds its exit code once it has ended and its output is read."""

    def __init__(self, child: "subprocess.Popen[bytes]", output: int, sink: Callable[[bytes], None]) -> None:
        """Begin to read the output and to wait for the end."""
        self.pid = child.pid
        self._child = child
        self._output = output
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(child.pid)
        os.set_blocking(output, False)
        self._loop.add_reader(output, self._read)
        self._loop.add_reader(self._pidfd, self._reap)

    def signal(self, number: int) -> None:
        """Signal the whole of it, unless it has ended."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _read(self) -> bool:
        """Pass on what there is; False at the end of the output."""
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._sink(data)
            return True
        self._loop.remove_reader(self._output)
        return False

    def _reap(self) -> None:
        """The leader has ended: end the rest, read what it left to say, take its exit code."""
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._child.wait()
        for _ in range(_LAST_READS):
            if not self._read():
                break
        self._loop.remove_reader(self._output)
        os.close(self._output)
        self.ended.set_result(code if code >= 0 else 128 - code)


def start(command: list[str], folder: Path, variables: Mapping[str, str], sink: Callable[[bytes], None]) -> Process:
    """Start a command; its output, both streams in their order, goes to the sink."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            start_new_session=True,
            preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - the kubelet has no other thread, and it only calls prctl
        )
    except (OSError, ValueError) as error:
        os.close(reader)
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StartFailed(f'exec: "{command[0]}" in {folder}: {words}') from error
    finally:
        os.close(writer)
    return Process(child, reader, sink)


def _die_with(parent: int) -> None:
    """In the child: ask to be killed when the kubelet goes, and go if it has gone already."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)


def start_time(pid: int) -> int:
    """When a process started, in the kernel's ticks; with the pid it names a process for good. 0 if there is none."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def session_members(session: int) -> list[int]:
    """The processes of a session, the leader or not."""
    found = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    return [pid for pid in found if (fields := _stat(pid)) and int(fields[3]) == session]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def kill_leftovers(leader: int, started: int) -> None:
    """Kill what an earlier kubelet has left of a container: members of its session, none older than its leader."""
    now = start_time(leader)
    if now not in (0, started):
        return
    for pid in session_members(leader):
        if start_time(pid) >= started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
