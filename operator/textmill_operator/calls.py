"""The operator's calls that matter: fenced, and never more than some at once.

Everything that acts or reads on the planner's word goes through here, so that a leader whose Lease has run out
writes nothing more, and a plan of ten thousand actions does not open as many connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textmill_operator.api import Api

AT_ONCE = 16
AHEAD = 4
"""Calls beside those for which others wait."""

Answer = TypeVar("Answer")


class Calls:
    """Calls of the API; `fence` raises NotLeading when nothing may be written any more."""

    def __init__(self, api: Api, fence: Callable[[], None]) -> None:
        self.api, self._fence = api, fence
        self._slots, self._ahead = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AHEAD)

    async def __call__(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make one call when its turn has come, if the Lease still holds then."""
        async with self._slots:
            self._fence()
            return await call()

    async def ahead(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call without waiting for those that stand in line: one call for which a whole batch waits."""
        async with self._ahead:
            self._fence()
            return await call()
