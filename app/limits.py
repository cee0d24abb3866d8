"""How long a connection may wait in each state, how many there may be, and which are the slowest.

All numbers that keep slow clients from holding up others stand here; what the settings say of them comes in by `of`.
"""

from __future__ import annotations

import resource
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from app.connections import Connection, State
from app.settings import Settings

CONNECTIONS = 5000
SPARE_DESCRIPTORS = 256


@dataclass(frozen=True)
class Limits:
    """Times in seconds, sizes in bytes."""

    head_seconds: float = 20.0
    first_seconds: float = 0.1
    look_seconds: float = 0.1
    linger_seconds: float = 2.0
    stop_seconds: float = 2.0
    stall_seconds: float = 60.0
    write_seconds: float = 30.0
    queue_seconds: float = 0.5
    """So long the first of those that wait for a place lets the slow ones keep theirs."""
    place_seconds: float = 30.0
    """So long an upload waits for a place, however fast those are that have one."""
    settle_seconds: float = 2.0
    """A connection is not judged by its speed before."""
    min_rate: int = 256
    slow_rate: int = 64 << 10
    """Bytes a second beneath which an upload may be ended while another waits for its place."""
    head_bytes: int = 128 << 10
    linger_bytes: int = 1 << 20
    connections: int = CONNECTIONS
    uploads: int = 24
    queue: int = 256

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings ask for."""
        return cls(
            head_seconds=settings.head_seconds,
            stall_seconds=settings.stall_seconds,
            write_seconds=settings.drop_seconds,
            min_rate=settings.min_rate,
            uploads=upload_places(settings.threads, settings.streams),
            connections=_connections(),
        )

    def seconds(self, state: State) -> float:
        """Return how long a connection may wait for something to happen."""
        return self.write_seconds if state is State.WRITE else self.stall_seconds

    def lateness(self, conn: Connection, now: float) -> str:
        """Return why the rest of a body is no longer waited for, empty while it is."""
        if now - max(conn.moved, conn.began) >= self.stall_seconds:
            return "stalled"
        lasted = now - conn.began
        return "slow" if lasted >= self.stall_seconds and conn.came < self.min_rate * lasted else ""

    def slowest(self, uploads: Iterable[Connection], now: float) -> list[Connection]:
        """Return the uploads that may be ended for others, the slowest first."""
        judged = [one for one in uploads if not one.late and now - one.began >= self.settle_seconds]
        return sorted(
            (one for one in judged if one.recent_rate(now) < self.slow_rate), key=lambda one: one.recent_rate(now)
        )

    def overdue(self, queued: deque[Connection], now: float) -> list[Connection]:
        """Take those out of the queue that have waited too long for a place; the first has waited longest."""
        found = []
        while queued and now - queued[0].began >= self.place_seconds:
            found.append(queued.popleft())
        return found

    def least_moving(self, waiting: Iterable[Connection], now: float) -> list[Connection]:
        """Return some of the connections that move least; those that have only just come are the last to go."""
        ranked = sorted(waiting, key=lambda one: (now - one.began < self.settle_seconds, one.rate(now)))
        return ranked[: max(1, len(ranked) // 64)]


def upload_places(threads: int, streams: int) -> int:
    """Return how many threads long uploads may have, so that some are left beside them and the streams."""
    return max(1, threads - streams - max(1, threads // 8))


def _connections() -> int:
    """Return how many connections there may be, a file for each of them included."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + SPARE_DESCRIPTORS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(64, min(CONNECTIONS, (soft - SPARE_DESCRIPTORS) // 2))
