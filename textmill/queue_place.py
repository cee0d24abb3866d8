"""The place of a request in its namespace's queue: how many start before it, in the order of `Request.rank`.

It is computed when somebody asks and is written nowhere: a number in the status would soon be wrong, and each start
would cost a write for all that wait. Whoever asks brings the picture: the HTTP interface that of its watch, the
command line a list. Namespaces take turns (`queue`), so the place says nothing of how many start elsewhere before.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any, NamedTuple

from textmill.errors import BadObject
from textmill.request import SUSPENDED, Rank, Request


class Place(NamedTuple):
    """A request's place, from 1, among so many that wait."""

    place: int
    waiting: int

    def to_dict(self) -> dict[str, int]:
        """Return what is shown."""
        return {"place": self.place, "waiting": self.waiting}


def waiting_rank(body: Mapping[str, Any]) -> Rank | None:
    """Return by what a request is ordered that waits to be started, None for one that does not wait for that."""
    try:
        one = Request.parse(body)
        status = one.status
        if one.deleting or one.spec.suspend or status.ended or status.phase == SUSPENDED or status.live_job:
            return None
        return one.rank
    except (BadObject, ValueError, TypeError, KeyError, AttributeError):  # the operator says what is wrong with it
        return None


class WaitingList:
    """The ranks of the requests of one namespace that wait; each change and each question costs a binary search."""

    def __init__(self) -> None:
        self._ranks: list[Rank] = []
        self._by_name: dict[str, Rank] = {}

    def __len__(self) -> int:
        return len(self._ranks)

    def put(self, name: str, rank: Rank | None) -> None:
        """Take in the rank of a request, or that it does not wait (any more)."""
        before = self._by_name.pop(name, None)
        if before is not None:
            del self._ranks[bisect_left(self._ranks, before)]
        if rank is not None:
            self._by_name[name] = rank
            insort(self._ranks, rank)

    def place(self, name: str, rank: Rank) -> Place:
        """Return the place of a request that waits with this rank, be it in the list already or not."""
        held = self._by_name.get(name)
        before = bisect_left(self._ranks, rank) - (held is not None and held < rank)
        return Place(before + 1, len(self._ranks) + (held is None))
