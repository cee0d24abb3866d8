"""When objects of a cluster came to something, by this process's own clock: a watch that notes the first time.

Times in objects have whole seconds, which is too coarse for a Job that takes three.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from local import objects
from local.client import Client
from local.objects import Json
from local.reflector import Reflector

Reached = Callable[[Json], bool]


class Moments:
    """The first time that each object of a collection was seen to have reached something."""

    def __init__(self, reached: Reached) -> None:
        """Nothing was seen yet."""
        self._reached = reached
        self._news = asyncio.Condition()
        self.at: dict[str, float] = {}

    def changed(self, _: Json | None, new: Json | None) -> None:
        """Take in a change."""
        if new is None:
            return
        name = str(objects.meta(new)["name"])
        if name not in self.at and self._reached(new):
            self.at[name] = time.perf_counter()
            self._tell = asyncio.ensure_future(self._notify())

    async def of(self, names: Iterable[str], seconds: float) -> list[float]:
        """Wait until all of them have reached it, and return when."""
        wanted = list(names)
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: all(name in self.at for name in wanted))
        return [self.at[name] for name in wanted]

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def moments(
    api: Client, collection: str, reached: Reached, selectors: Mapping[str, str] | None = None
) -> AsyncIterator[Moments]:
    """Follow a collection, or what the server selects of it, for as long as the context lasts."""
    found = Moments(reached)
    reflector = Reflector(api, collection, found.changed, selectors)
    following = asyncio.create_task(reflector.run())
    try:
        await reflector.synced.wait()
        yield found
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
