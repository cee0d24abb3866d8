"""Compares what the watch has shown with full lists, now and then: the answer to a watch that goes silent.

kopf re-lists after a gap but cannot tell which objects vanished in it, and a watch can stall while its
connection lives. So every AUDIT_SECONDS the live objects are listed, what was missed is put into the store,
what is not there any more is dropped. Where that happens several times in a row, and the watch has not said a
word in between, the watch is silent and /healthz turns red, so that the pod is started again. A new leader
begins with an audit: its first plan sees the truth.
"""

from __future__ import annotations

import asyncio
import logging
import time

from textmill.errors import BadObject
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError
from textmill_operator.metrics import Metrics
from textmill_operator.store import KINDS, Kind, Store, identity

SILENT_AFTER = 3
"""Audits in a row that found news of a kind of which the watch had not said a word since the audit before."""
YIELD_EVERY = 50
"""Objects that are read in one go: a few milliseconds of the thread that renews the Lease."""

MISSING_AFTER = 2
"""Audits in a row, but for the first, that found objects of a kind of which the watch has never said a word."""

log = logging.getLogger(__name__)


class Audit:
    """Lists and compares; `namespaces` empty means all of them."""

    def __init__(self, api: Api, store: Store, metrics: Metrics, namespaces: tuple[str, ...], every: float) -> None:
        self._api, self._store, self._metrics = api, store, metrics
        self._namespaces, self._every = namespaces or ("",), every
        self._misses = dict.fromkeys(KINDS, 0)
        self._heard = dict(store.heard)
        self.done_at: float | None = None
        self.listed = asyncio.Event()
        self._unheard = dict.fromkeys(KINDS, 0)
        self._began: float | None = None

    @property
    def trouble(self) -> str | None:
        """Return why the picture cannot be trusted, None where it can."""
        silent = [kind for kind in KINDS if self._misses[kind] >= SILENT_AFTER]
        if silent:
            return f"the watch is silent: several audits in a row found news of {silent} that it had not shown"
        missing = [kind for kind in KINDS if self._unheard[kind] >= MISSING_AFTER]
        if missing:
            return f"the watch of {missing} is missing: there are some, and it has not shown a single one"
        last = self.done_at or self._began
        since = 0.0 if last is None else time.monotonic() - last
        if since > self._every * 4 + 60:
            return f"no audit has succeeded for {since:.0f} s"
        return None

    async def run(self) -> None:
        """Audit for ever, until cancelled."""
        self._began = time.monotonic()
        while True:
            await asyncio.sleep(self._every)
            with bulkhead(self._metrics, "audit", "one audit"):
                try:
                    await self.once()
                except ApiError as error:
                    log.warning("the audit could not list: %s", error)

    async def once(self) -> None:
        """List everything once and set the store right."""
        for kind in KINDS:
            corrections = 0
            for namespace in self._namespaces:
                corrections += await self._compare(kind, namespace)
            silent = corrections > 0 and self._store.heard[kind] == self._heard[kind]
            self._misses[kind] = self._misses[kind] + 1 if silent else 0
            self._heard[kind] = self._store.heard[kind]
            unheard = self.listed.is_set() and not self._store.heard[kind] and self._store.counts()[kind] > 0
            self._unheard[kind] = self._unheard[kind] + 1 if unheard else 0
        self.done_at = time.monotonic()
        self.listed.set()

    async def _compare(self, kind: Kind, namespace: str) -> int:
        path, query = paths.live(kind, namespace)
        uids: set[str] = set()
        news, up_to = 0, 0
        async for page in self._api.pages(path, **query):
            up_to = up_to or int(page["metadata"].get("resourceVersion") or 0)
            for place, body in enumerate(page.get("items") or ()):
                news += self._store.put(kind, body)
                uids |= _uid(kind, body)
                if place % YIELD_EVERY == 0:
                    await asyncio.sleep(0)  # else nothing else is answered while a long page is read
        lost = self._store.keep_only(kind, uids, up_to, namespace)
        if (news or lost) and self.done_at is not None:
            self._metrics.audit_corrections.inc(news + len(lost))
            log.info("the audit found %d %ss anew and %d gone", news, kind, len(lost))
        return news + len(lost)


def _uid(kind: Kind, body: object) -> set[str]:
    try:
        return {identity(kind, body)[0]}
    except BadObject:
        return set()
