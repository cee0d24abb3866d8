"""Events: short sentences on an object, for the person who runs `kubectl describe`.

They must never slow down or break the work that they tell of: they wait in a bounded queue, are posted
one after the other in the background, and are dropped when the queue is full or the server refuses them.
The same sentence on the same object becomes a higher count, not another event.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.objects import Json

log = logging.getLogger(__name__)

WAITING = 1_000
REMEMBERED = 1_000
_LONGEST = 1_024

_Mark = tuple[str, str, str]


class Recorder:
    """Posts events in the name of one component."""

    def __init__(self, api: client.Client, component: str, now: Callable[[], datetime]) -> None:
        """Take the client to post with; nothing is sent before `run`."""
        self._api = api
        self._component = component
        self._now = now
        self._queue: asyncio.Queue[tuple[Json, str, str, str]] = asyncio.Queue(WAITING)
        self._known: OrderedDict[_Mark, Json] = OrderedDict()

    def record(self, about: Json, kind: str, reason: str, message: str) -> None:
        """Note an event of kind Normal or Warning; never waits."""
        try:
            self._queue.put_nowait((about, kind, reason, message[:_LONGEST]))
        except asyncio.QueueFull:
            log.warning("dropped event %s on %s: %s", reason, "/".join(objects.key(about)), message)

    async def run(self) -> None:
        """Post what is noted, for ever."""
        while True:
            about, kind, reason, message = await self._queue.get()
            try:
                await self._post(about, kind, reason, message)
            except (ApiRefused, ApiUnreachable) as error:
                log.info("event %s on %s was lost: %s", reason, "/".join(objects.key(about)), error)

    async def _post(self, about: Json, kind: str, reason: str, message: str) -> None:
        mark = (objects.uid(about), reason, message)
        stamp = objects.format_time(self._now())
        known = self._known.pop(mark, None)
        if known is not None:
            place = client.path(client.CORE, "events", objects.namespace(known), objects.name(known))
            change = {"count": int(known["count"]) + 1, "lastTimestamp": stamp}
            try:
                self._known[mark] = await self._api.patch(place, change)
            except ApiRefused as error:
                if not error.missing:
                    raise
            else:
                return
        place = client.path(client.CORE, "events", objects.namespace(about) or "default")
        self._known[mark] = await self._api.create(place, self._build(about, kind, reason, message, stamp))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _build(self, about: Json, kind: str, reason: str, message: str, stamp: str) -> Json:
        namespace = objects.namespace(about) or "default"
        name = f"{objects.name(about)}.{secrets.token_hex(8)}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about.get("apiVersion"),
                "kind": about.get("kind"),
                "namespace": namespace,
                "name": objects.name(about),
                "uid": objects.uid(about),
                "resourceVersion": objects.meta(about).get("resourceVersion"),
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": self._component,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
