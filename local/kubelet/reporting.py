"""Telling the API server how a pod is, at once and with as few writes as can be.

One writer a pod: whatever has changed while a PATCH was under way goes into the next one, so a burst
costs two writes. A write that gets no answer is repeated, since a status that is lost would leave a Job
waiting for ever. A pod that is gone, or whose name belongs to another one by now, ends the reporting.
"""

import asyncio
import logging
from collections.abc import Callable

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.objects import Json

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0


class Reporter:
    """Writes one pod's status."""

    def __init__(self, api: client.Client, pod: Json, build: Callable[[], Json]) -> None:
        """Take the pod, and what makes its status when one is to be sent."""
        self._api = api
        self._pod = pod
        self._build = build
        self._wake = asyncio.Event()
        self._sent: Json | None = None
        self.idle = asyncio.Event()
        self.idle.set()
        self.gone = asyncio.Event()

    def changed(self) -> None:
        """Something is new."""
        self.idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Send what is new, until the pod is gone."""
        wait = FIRST_WAIT
        while not self.gone.is_set():
            await self._wake.wait()
            self._wake.clear()
            status = self._build()
            if status == self._sent or await self._send(status):
                wait = FIRST_WAIT
            else:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
                self._wake.set()
            if not self._wake.is_set():
                self.idle.set()

    async def _send(self, status: Json) -> bool:
        place = client.path(client.CORE, "pods", *objects.key(self._pod), sub="status")
        try:
            await self._api.patch(place, {"metadata": {"uid": objects.uid(self._pod)}, "status": status})
        except ApiUnreachable as error:
            log.info("status of pod %s: %s", "/".join(objects.key(self._pod)), error)
            return False
        except ApiRefused as error:
            if error.missing or error.conflict:
                self.gone.set()
                return True
            log.warning("status of pod %s: %s", "/".join(objects.key(self._pod)), error)
            return error.code < 500
        self._sent = status
        return True
