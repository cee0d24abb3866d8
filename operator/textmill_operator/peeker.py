"""Looks at the ends of running pods' logs for how far they are: best effort, beside the rounds and never in them.

A node that does not answer may hold a look for seconds, and nobody waits for that: the plan only asks, and what is
found is part of a later picture. A look that fails is no news, and the next one comes at its own time. Few at
once, each a few kilobytes, so that even a thousand long pods are no load.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from textmill import glimpses, manifests
from textmill.picture import Pod
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError
from textmill_operator.metrics import Metrics
from textmill_operator.store import Store

AT_ONCE = 4
QUEUE = 200
TAIL_LINES = 10
TAIL_BYTES = 32 << 10

log = logging.getLogger(__name__)


class Peeker:
    """Keeps the pods that are to be looked at; `ask` never waits."""

    def __init__(self, api: Api, store: Store, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._api, self._store, self._metrics, self._clock = api, store, metrics, clock
        self._queue: asyncio.Queue[Pod] = asyncio.Queue(QUEUE)
        self._asked: set[str] = set()

    def ask(self, pod: Pod) -> None:
        """Look at a pod's log soon, unless that is under way; left out where too many are, and asked for again."""
        if pod.uid not in self._asked and not self._queue.full():
            self._asked.add(pod.uid)
            self._queue.put_nowait(pod)

    async def run(self) -> None:
        """Look at what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            pod = await self._queue.get()
            found = None
            with bulkhead(self._metrics, "peeker", f"pod {pod.namespace}/{pod.name}"):
                found = await self._look(pod)
            self._asked.discard(pod.uid)
            self._store.glimpse(pod, self._clock(), found)

    async def _look(self, pod: Pod) -> glimpses.Glimpse | None:
        query = {"container": manifests.CONTAINER, "tailLines": str(TAIL_LINES), "limitBytes": str(TAIL_BYTES)}
        try:
            text = await self._api.text(paths.pods(pod.namespace, pod.name, "log"), **query)
        except ApiError as error:
            log.info("the log of pod %s shows no progress: %s", pod.name, error)
            return None
        return glimpses.latest(text, self._clock())
