"""Reads the sealed reports in the logs of pods that ended well: beside the rounds, and never in them.

A log comes from the pod's own node, and a node that does not answer holds a call until its time-out. So the plan only
asks, each node has few calls at once, and a node that failed is asked by one call at a time with a back-off, whoever's
pods it holds: what it costs, it costs itself alone. A read that fails decides nothing: it is tried again, and the
picture says since when it fails. A report is broken only where the pod is gone by the API's own word, or where the log
was read twice and does not fit its seal.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable

from textmill import manifests
from textmill.picture import Pod
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.errors import Away, NotFound
from textmill_operator.patience import Patience
from textmill_operator.store import Store

AT_ONCE = 32
"""Half of the connections that a session has."""
A_NODE = 4
LONGEST_SECONDS = 10.0
LOG_BYTES = 4 << 20

log = logging.getLogger(__name__)


class Reader:
    """Pods whose logs are being read; `ask` never waits. Times are given by two clocks: of the world, and monotonic."""

    def __init__(
        self, api: Api, store: Store, clock: Callable[[], float], ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._api, self._store, self._clock = api, store, clock
        self._pods, self._nodes = Patience(ticks, LONGEST_SECONDS), Patience(ticks, LONGEST_SECONDS)
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[str] = Counter()
        self._turned_away = False

    def ask(self, pod: Pod) -> None:
        """Read a pod's reports soon, unless that is under way, or failed a moment ago; the plan asks again."""
        node = _node(pod)
        if pod.uid in self._asked or self._pods.waits(pod.uid) or self._nodes.waits(node):
            return
        if len(self._asked) >= AT_ONCE or self._busy[node] >= (1 if self._nodes.tries(node) else A_NODE):
            self._turned_away = True
            return
        self._busy[node] += 1
        task = asyncio.get_running_loop().create_task(self._read(pod), name=f"log of {pod.name}")
        self._asked[pod.uid] = task
        task.add_done_callback(lambda _: self._ended(pod))

    def pause(self) -> float | None:
        """Return the seconds until the first of what failed may be read again, None where nothing waits."""
        return min((one for one in (self._pods.pause(), self._nodes.pause()) if one is not None), default=None)

    async def run(self) -> None:
        """Live until cancelled, and end what is under way then."""
        try:
            await asyncio.Event().wait()
        finally:
            tasks = list(self._asked.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, pod: Pod) -> None:
        del self._asked[pod.uid]
        self._busy[_node(pod)] -= 1
        self._busy += Counter()
        if self._turned_away:
            self._turned_away = False
            self._store.changed()  # a place is free, and the plan asks again for those that found none

    async def _read(self, pod: Pod) -> None:
        try:
            text = await self._text(pod)
            found = pod.gone() if text is None else pod.read(text)
        except Exception as error:  # noqa: BLE001 - whatever a log or an answer is like, it concerns this pod alone
            log.info("the log of pod %s cannot be read yet: %s", pod.name, error)
            if isinstance(error, Away):
                self._nodes.failed(_node(pod), refused=True)
            self._failed(pod, f"{error}")
            return
        self._nodes.forget(_node(pod))
        if found.broken is not None and text is not None and not (pod.unreadable and pod.unreadable.unfit):
            # A node may show the end of a log a moment late, so it is read once more.
            self._failed(pod, found.broken, unfit=True)
            return
        self._pods.forget(pod.uid)
        self._store.read(found)

    def _failed(self, pod: Pod, why: str, *, unfit: bool = False) -> None:
        self._pods.failed(pod.uid, refused=True)
        self._store.unreadable(pod, self._clock(), why, unfit=unfit)

    async def _text(self, pod: Pod) -> str | None:
        """Return the log, None where the pod is gone and its log with it."""
        query = {"container": manifests.CONTAINER, "limitBytes": str(LOG_BYTES)}
        try:
            return await self._api.text(paths.pods(pod.namespace, pod.name, "log"), **query)
        except NotFound:
            # The node may not find the log of a pod that is still there; only the API knows whether the pod is.
            found = await self._api.get(paths.pods(pod.namespace), fieldSelector=f"metadata.name={pod.name}")
            if any(body["metadata"]["uid"] == pod.uid for body in found.get("items") or ()):
                raise
            return None


def _node(pod: Pod) -> str:
    """Return what stands for the pod's node; where that is not known, its namespace does."""
    return pod.node or f"in {pod.namespace}"
