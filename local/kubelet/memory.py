"""Memory limits, held by looking: a container whose processes hold more memory than it may is killed, as OOMKilled.

An address space limit would be wrong (Arrow maps far more than it uses), and cgroups need root. So the
memory that belongs to the processes alone, anonymous and shared, is added up ten times a second, more
often near the limit; mapped files do not count, since the kernel can drop them. What is missed is a peak
shorter than the gap between two looks.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from local.kubelet.processes import Process, session_members

CALM, NEAR = 0.1, 0.02
_KINDS = (b"RssAnon:", b"RssShmem:")


async def enforce(process: Process, limit: int, on_exceeded: asyncio.Event) -> None:
    """Look until the process ends; kill it when it passes the limit."""
    while not process.ended.done():
        used = used_by(process.pid)
        if used > limit:
            on_exceeded.set()
            process.signal(signal.SIGKILL)
            return
        await asyncio.sleep(NEAR if used > limit // 2 else CALM)


def used_by(leader: int) -> int:
    """The memory of a process and all that it started, in bytes."""
    return sum(_resident(pid) for pid in _family(leader))


def _family(leader: int) -> list[int]:
    """The leader and its descendants; all of its session where the kernel does not list children."""
    found, queue = [], [leader]
    while queue:
        pid = queue.pop()
        found.append(pid)
        try:
            threads = os.listdir(f"/proc/{pid}/task")
            for thread in threads:
                queue.extend(int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except FileNotFoundError:
            if pid == leader and Path(f"/proc/{pid}").exists():
                return session_members(leader)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def _resident(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as stream:
        for line in stream:
            if line.startswith(_KINDS):
                total += int(line.split()[1]) * 1024
    return total
