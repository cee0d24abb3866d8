"""One collection of the API, kept in memory by a list and a watch.

A cache is only as good as its worst day, so this is when it does what:
- It lists at the start, and again when the server says that a version is too old (410); a watch that ends
  or breaks goes on from the last version seen. A list drops what it does not hold.
- A watch that is silent for SILENCE seconds is taken for dead: the server sends bookmarks at least once a
  minute.
- It waits between attempts, from 50 ms doubling to 5 s, and begins anew after the first success; a watch
  that ends without a word counts as a failure. It never gives up: `failures` counts the calls in a row
  that got no answer.
- Own writes are put in by `observe`, so that a decision never rests on a picture older than one's own
  last act. An event that is no newer than what the cache holds, or than the deletion it has seen, changes
  nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from local import objects
from local.errors import ApiRefused, ApiUnreachable
from local.objects import Json, Key

log = logging.getLogger(__name__)

SILENCE = 90.0
FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
PAGE = "500"
TOMBSTONES = 10_000

Changed = Callable[[Json | None, Json | None], None]
Sleep = Callable[[float], Awaitable[None]]


class Source(Protocol):
    """What a reflector needs of a client."""

    async def get(self, address: str, query: Mapping[str, str] | None = None) -> Json:
        """Read a page of a list."""
        ...

    def watch(self, address: str, query: Mapping[str, str], silence: float) -> AsyncIterator[Json]:
        """Follow the changes."""
        ...


class Reflector:
    """A collection in memory; `changed(old, new)` is called on every change, None standing for absent."""

    def __init__(
        self,
        source: Source,
        address: str,
        changed: Changed,
        selectors: Mapping[str, str] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Say what to keep and whom to tell; `run` does the rest."""
        self._source = source
        self._address = address
        self._changed = changed
        self._selectors = dict(selectors or {})
        self._sleep = sleep
        self._objects: dict[Key, Json] = {}
        self._gone: dict[Key, int] = {}
        self.synced = asyncio.Event()
        self.failures = 0

    def get(self, key: Key) -> Json | None:
        """The object as it was last seen."""
        return self._objects.get(key)

    def __iter__(self) -> Iterator[Json]:
        """All objects, as they were last seen."""
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        """How many objects are held."""
        return len(self._objects)

    def observe(self, obj: Json) -> None:
        """Take in an object that the server has just answered with."""
        key, version = objects.key(obj), objects.version(obj)
        old = self._objects.get(key)
        if version <= self._gone.get(key, 0) or (old is not None and version <= objects.version(old)):
            return
        self._objects[key] = obj
        self._changed(old, obj)

    def forget(self, obj: Json) -> None:
        """Take in that an object is gone, as of the version it carries."""
        key, version = objects.key(obj), objects.version(obj)
        old = self._objects.get(key)
        if old is not None and version < objects.version(old):
            return
        self._bury(key, version)
        if old is not None:
            del self._objects[key]
            self._changed(old, None)

    async def run(self) -> None:
        """List and watch for ever."""
        version, wait = "", FIRST_WAIT
        while True:
            try:
                if not version:
                    version, wait = await self._list(), FIRST_WAIT
                    self.synced.set()
                heard = False
                async for moved_to in self._follow(version):
                    version, wait, heard, self.failures = moved_to, FIRST_WAIT, True, 0
                if heard:
                    continue
            except ApiRefused as error:
                if error.gone:
                    version = ""
                log.warning("list or watch of %s: %s", self._address, error)
            except ApiUnreachable as error:
                self.failures += 1
                log.info("list or watch of %s: %s", self._address, error)
            await self._sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _list(self) -> str:
        found: dict[Key, Json] = {}
        query = {**self._selectors, "limit": PAGE}
        while True:
            page = await self._source.get(self._address, query)
            for obj in page.get("items") or []:
                found[objects.key(obj)] = obj
            going_on = str(objects.meta(page).get("continue") or "")
            if not going_on:
                break
            query = {**self._selectors, "limit": PAGE, "continue": going_on}
        version = str(objects.meta(page).get("resourceVersion") or "")
        self._replace(found, objects.version(page))
        return version

    def _replace(self, found: dict[Key, Json], version: int) -> None:
        """Make the cache what the list says, but for own writes that are newer than the list."""
        for key, old in list(self._objects.items()):
            if key not in found and objects.version(old) <= version:
                self._bury(key, version)
                del self._objects[key]
                self._changed(old, None)
        for obj in found.values():
            self.observe(obj)

    async def _follow(self, version: str) -> AsyncIterator[str]:
        """One watch: yields the version reached after each event."""
        query = {
            **self._selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": "300",
        }
        async for event in self._source.watch(self._address, query, SILENCE):
            obj: Json = event.get("object") or {}
            kind = event.get("type")
            if kind == "ERROR":
                raise ApiRefused(int(obj.get("code") or 500), obj)
            if kind in ("ADDED", "MODIFIED"):
                self.observe(obj)
            elif kind == "DELETED":
                self.forget(obj)
            yield str(objects.meta(obj).get("resourceVersion") or version)

    def _bury(self, key: Key, version: int) -> None:
        self._gone.pop(key, None)
        self._gone[key] = version
        while len(self._gone) > TOMBSTONES:
            del self._gone[next(iter(self._gone))]
