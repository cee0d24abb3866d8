"""Finds known results for requests that are about to start, at a cost that does not grow with the history.

Thirty thousand copies of one content are one result. So a key is looked for until it has one fit: many keys in one
page; a key whose copies fill pages without fitting is asked for alone, and given up after PAGES pages. Where a result
was found is remembered, so the next copy costs one read of that request. Reuse only saves work: a look-up that is slow
goes on beside the rounds, one that fails is tried again a few times, and then the request starts as if nothing were
known. Meanwhile its requests are left alone (`Store.hold`), so they take no pod from others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from textmill import reuse
from textmill.actions import LookUp
from textmill.errors import BadObject
from textmill.names import REUSE_LABEL
from textmill.picture import Hold, Key
from textmill.request import Body, Request
from textmill_operator import paths
from textmill_operator.api import Api
from textmill_operator.errors import ApiError, NotFound
from textmill_operator.store import Store

KEYS = 40
"""Keys in one selector: an address has room for a few kilobytes."""
SPARE = 10
"""Items of a page beyond one for each key."""
PAGES = 3
"""Pages for one key whose copies do not fit."""
TRIES = 3
PAUSE_SECONDS = 1.0
"""After the first failure; four times as long after each of the others."""
ROUND_SECONDS = 0.5
"""How long a round waits for a look-up."""
HELD_SECONDS = 30.0
"""How long requests are left alone whose look-up goes on."""
KEPT = 10_000

log = logging.getLogger(__name__)


class Lookups:
    """Looks for known results; what is found goes into the store."""

    def __init__(self, api: Api, store: Store, clock: Callable[[], float]) -> None:
        self._api, self._store, self._clock = api, store, clock
        self._known: OrderedDict[Key, str] = OrderedDict()
        self._tries: OrderedDict[Key, int] = OrderedDict()
        self._slow: set[asyncio.Task[None]] = set()

    async def look_up(self, action: LookUp) -> None:
        """Look for known results for a while; past that the look-up goes on beside the rounds."""
        wanted: dict[str, list[Request]] = {}
        for request in action.requests:
            if key := reuse.key(request.spec):
                wanted.setdefault(key, []).append(request)
        task = asyncio.create_task(self._answer(action.namespace, wanted), name="look-up")
        try:
            done, _ = await asyncio.wait({task}, timeout=ROUND_SECONDS)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        if done:
            return task.result()
        self._slow.add(task)
        task.add_done_callback(self._over)
        for asking in wanted.values():
            self._hold(asking, HELD_SECONDS)
        return None

    async def close(self) -> None:
        """End the look-ups that go on beside the rounds."""
        slow = list(self._slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._slow.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a look-up of known results has ended: %s", error)

    async def _answer(self, namespace: str, wanted: dict[str, list[Request]]) -> None:
        keys = sorted(wanted)
        for start in range(0, len(keys), KEYS):
            part = {key: wanted[key] for key in keys[start : start + KEYS]}
            try:
                found = await self._find(namespace, {key: asking[0] for key, asking in part.items()})
            except ApiError as error:
                log.warning("known results could not be looked up: %s", error)
                self._failed(namespace, part)
                continue
            for key, asking in part.items():
                self._tries.pop((namespace, key), None)
                lent = reuse.lend(found[key]) if key in found else None
                self._store.lend({request.uid: lent for request in asking})

    def _failed(self, namespace: str, wanted: dict[str, list[Request]]) -> None:
        for key, asking in wanted.items():
            tries = self._tries.pop((namespace, key), 0) + 1
            if tries >= TRIES:
                self._store.lend({request.uid: None for request in asking})
                continue
            self._tries[namespace, key] = tries
            _bound(self._tries)
            self._hold(asking, PAUSE_SECONDS * 4.0 ** (tries - 1))

    def _hold(self, asking: Iterable[Request], seconds: float) -> None:
        for request in asking:
            self._store.hold(request.uid, Hold(self._clock() + seconds))

    async def _find(self, namespace: str, wanted: dict[str, Request]) -> dict[str, Request]:
        """Return for each key one request that fits, where there is one."""
        found = dict(await self._remembered(namespace, wanted))
        together, alone = [key for key in wanted if key not in found], []
        while together:
            page, more = await self._page(namespace, together, "")
            seen = _pick(page, wanted, found)
            if not more:
                break
            # The page is full. Keys whose copies took part in that, and do not fit, would fill the next one, too.
            left = [key for key in together if key not in found]
            stuck = len(left) == len(together) and not seen & set(left)
            alone += [key for key in left if stuck or key in seen]
            together = [key for key in left if not stuck and key not in seen]
        for key in alone:
            await self._alone(namespace, key, wanted, found)
        for key, fit in found.items():
            self._known[namespace, key] = fit.name
        _bound(self._known)
        return found

    async def _alone(self, namespace: str, key: str, wanted: dict[str, Request], found: dict[str, Request]) -> None:
        follow = ""
        for _ in range(PAGES - 1):
            page, follow = await self._page(namespace, [key], follow)
            _pick(page, wanted, found)
            if key in found or not follow:
                return

    async def _page(self, namespace: str, keys: list[str], follow: str) -> tuple[list[Body], str]:
        query = {
            "labelSelector": f"{REUSE_LABEL} in ({','.join(keys)})",
            "fieldSelector": "status.phase=Succeeded",
            "limit": str(len(keys) + SPARE),
            **({"continue": follow} if follow else {}),
        }
        page = await self._api.get(paths.requests(namespace), **query)
        return page.get("items") or [], str(page.get("metadata", {}).get("continue") or "")

    async def _remembered(self, namespace: str, wanted: dict[str, Request]) -> dict[str, Request]:
        """Return the results that were found before and are still there."""
        found: dict[str, Request] = {}
        for key in wanted:
            if name := self._known.pop((namespace, key), None):
                _pick(await self._one(namespace, name), wanted, found)
        return found

    async def _one(self, namespace: str, name: str) -> list[Body]:
        try:
            return [await self._api.get(paths.request(namespace, name))]
        except NotFound:
            return []


def _pick(bodies: list[Body], wanted: dict[str, Request], found: dict[str, Request]) -> set[str]:
    """Keep the first that fits each key; return the keys that these requests bear."""
    seen = set()
    for body in bodies:
        seen.add((body["metadata"].get("labels") or {}).get(REUSE_LABEL, ""))
        try:
            candidate = Request.parse(body)
        except BadObject as error:
            log.info("no known result is taken from it: %s", error)
            continue
        key = reuse.key(candidate.spec)
        if key in wanted and key not in found and reuse.fits(wanted[key].spec, candidate):
            found[key] = candidate
    return seen


def _bound(memory: OrderedDict[Key, Any]) -> None:
    while len(memory) > KEPT:
        memory.popitem(last=False)
