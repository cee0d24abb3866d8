"""Events on the requests, for `kubectl describe`: best effort, and never at the cost of the work itself.

A queue of bounded length and a budget of events a second keep events a small part of the load on the API: an API
server of two cores ends some twenty requests a second, so as many events would be a fifth of all its work. What does
not fit is dropped and counted; the request's conditions say the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from typing import Any

from textmill.actions import Note
from textmill.names import API_VERSION, KIND
from textmill.request import Request, to_time
from textmill_operator.api import Api, in_namespace
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError
from textmill_operator.metrics import Metrics

COMPONENT = "textmill-operator"
QUEUE = 500
RATE = 2.0
BURST = 50.0
MESSAGE = 1000

log = logging.getLogger(__name__)


class Recorder:
    """Posts notes as events; `note` never waits."""

    def __init__(self, api: Api, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._metrics, self._clock = api, metrics, clock
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE)
        self._budget, self._filled_at = BURST, clock()

    @property
    def waiting(self) -> int:
        """Return how many events wait to be posted."""
        return self._queue.qsize()

    def note(self, request: Request, note: Note, now: float) -> None:
        """Post a note on a request soon; dropped when too many are under way. Warnings do not count on the budget."""
        moment = self._clock()
        self._budget = min(BURST, self._budget + (moment - self._filled_at) * RATE)
        self._filled_at = moment
        costs = note.type == "Normal"
        if (costs and self._budget < 1) or self._queue.full():
            self._metrics.events_dropped.inc()
            return
        self._budget -= costs
        self._queue.put_nowait(event(request, note, now))

    async def run(self) -> None:
        """Post what is queued, until cancelled."""
        while True:
            body = await self._queue.get()
            with bulkhead(self._metrics, "recorder", body["metadata"]["name"]):
                await self._post(body)

    async def _post(self, body: dict[str, Any]) -> None:
        try:
            await self._api.create(in_namespace(body["metadata"]["namespace"], "events"), body)
        except ApiError as error:
            self._metrics.events_dropped.inc()
            log.info("an event was not posted: %s", error)


def event(request: Request, note: Note, now: float) -> dict[str, Any]:
    """Return the core/v1 Event for a note; its name is fixed by what it says and when."""
    time_text = to_time(now)
    digest = hashlib.sha256(f"{request.uid} {note.reason} {note.message} {time_text}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{request.name[:200]}.{digest}", "namespace": request.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": request.name,
            "namespace": request.namespace,
            "uid": request.uid,
        },
        "reason": note.reason,
        "message": note.message[:MESSAGE],
        "type": note.type,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
        "firstTimestamp": time_text,
        "lastTimestamp": time_text,
        "count": 1,
    }
