"""Removes finished requests whose time to live is over.

Settled requests are not in the watch, so those that have a time to live are listed page by page, now and then, and
again when the next one that was seen is due; the server leaves out the others, however many they are. A delete names
uid and resourceVersion: a request whose TTL was changed a moment ago is left for the next look. So is one whose delete
fails, whatever the failure: a webhook may fail for one object alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from textmill.bodies import called
from textmill.errors import BadObject
from textmill.request import Body, Request, from_time
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError, NotLeading
from textmill_operator.lease import Election
from textmill_operator.metrics import Metrics

SOONEST = 1.0

log = logging.getLogger(__name__)


def expires_at(request: Request) -> float | None:
    """Return when a finished request may go (seconds since the epoch), None for never or not yet known."""
    finished = from_time(request.status.raw.get("completionTime"))
    if request.spec.ttl is None or finished is None or not request.status.settled:
        return None
    return finished + request.spec.ttl


class Expiry:
    """Looks for expired requests every `every` seconds while leading."""

    def __init__(
        self,
        api: Api,
        election: Election,
        metrics: Metrics,
        namespaces: tuple[str, ...],
        *,
        every: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api, self._election, self._metrics = api, election, metrics
        self._namespaces, self._every, self._clock = namespaces or ("",), every, clock

    async def run(self) -> None:
        """Remove what is due, for ever, until cancelled."""
        while True:
            await self._election.won.wait()
            pause = self._every
            with bulkhead(self._metrics, "expiry", "one look"):
                try:
                    due = await self.once()
                    if due is not None:
                        pause = min(pause, max(SOONEST, due - self._clock()))
                except (ApiError, NotLeading) as error:
                    log.warning("expired requests could not be removed: %s", error)
            await asyncio.sleep(pause)

    async def once(self) -> float | None:
        """Remove what is due now; return when the next one will be, None where none has a time to live."""
        upcoming: float | None = None
        for namespace in self._namespaces:
            async for page in self._api.pages(paths.requests(namespace), fieldSelector=paths.EXPIRING):
                for body in page.get("items") or ():
                    with bulkhead(self._metrics, "expiry", f"request {called(body)}"):
                        at = await self._due(body)
                        if at is not None:
                            upcoming = at if upcoming is None else min(upcoming, at)
        return upcoming

    async def _due(self, body: Body) -> float | None:
        """Remove a request if it is due; return when it will be, None where it never will or is gone."""
        try:
            request = Request.parse(body)
        except BadObject as error:
            log.warning("left alone: %s", error)
            return None
        at = None if request.deleting else expires_at(request)
        if at is None or at > self._clock():
            return at
        await self._remove(request)
        return None

    async def _remove(self, request: Request) -> None:
        self._election.check()
        body = {"preconditions": {"uid": request.uid, "resourceVersion": request.version}}
        try:
            await self._api.delete(paths.request(request.namespace, request.name), body)
        except ApiError as error:
            log.info("left for the next look: %s", error)
            return
        self._metrics.expired.inc()
        log.info("removed after its time to live", extra={"request": f"{request.namespace}/{request.name}"})
