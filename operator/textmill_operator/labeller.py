"""Writes the labels by which known results are found again: after the work itself, never at its cost.

Requests that come over HTTP bear their label from the start; one that was applied with kubectl gets it at its end, and
that is a whole write more. Nobody waits for it: it saves work when the same content comes again. So these writes wait
in a queue of bounded length, and as long as anything is live only few of them are made a second. One that finds no API
is tried again; one that is dropped, refused or lost with the operator means that the content is counted once more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from textmill.names import REUSE_LABEL
from textmill.request import Request
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError, Away
from textmill_operator.metrics import Metrics
from textmill_operator.store import Store

QUEUE = 10_000
PAUSE = 0.5
"""Seconds after each label while requests are live."""
AWAY = 5.0
"""Seconds after a call that the API did not answer."""

log = logging.getLogger(__name__)


class Labeller:
    """Labels requests; `ask` never waits."""

    def __init__(
        self,
        api: Api,
        store: Store,
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._api, self._store, self._metrics, self._sleep = api, store, metrics, sleep
        self._queue: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue(QUEUE)

    def ask(self, request: Request, key: str) -> None:
        """Label a request that has succeeded, in its turn; dropped where too many wait."""
        if not self._queue.full():
            self._queue.put_nowait((paths.request(request.namespace, request.name), request.uid, key))

    async def run(self) -> None:
        """Write what is asked for, until cancelled."""
        while True:
            path, uid, key = await self._queue.get()
            with bulkhead(self._metrics, "labeller", path):
                await self._label(path, uid, key)
            if self._store.counts()["request"]:
                await self._sleep(PAUSE)

    async def _label(self, path: str, uid: str, key: str) -> None:
        try:
            await self._api.patch(path, {"metadata": {"uid": uid, "labels": {REUSE_LABEL: key}}})
        except Away as error:
            log.info("a result gets its reuse label later: %s", error)
            if not self._queue.full():
                self._queue.put_nowait((path, uid, key))
            await self._sleep(AWAY)
        except ApiError as error:
            log.info("a result stays without its reuse label: %s", error)
