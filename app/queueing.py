"""Tells of the queue: a request's place in it, and how many wait.

Both are computed when somebody asks and kept nowhere, out of the picture of this process' one watch, which has every
request that is not settled: a binary search, and no call to the cluster. Until the watch has a picture nothing is said.
"""

from __future__ import annotations

from app.cluster import Body
from app.room import Room
from textmill.queue_place import Place, waiting_rank


def place(parts: Room, body: Body) -> Place | None:
    """Return a request's place in the queue; None where it does not wait, or where nobody knows."""
    rank = waiting_rank(body)
    if rank is None or not _has_picture(parts):
        return None
    return parts.watch.view.place(body["metadata"]["name"], rank)


def waiting(parts: Room) -> int | None:
    """Return how many requests of our namespace wait to be started, None where nobody knows."""
    return parts.watch.view.waiting() if _has_picture(parts) else None


def _has_picture(parts: Room) -> bool:
    parts.watch.start()
    return parts.watch.synced(0) and parts.watch.fresh
