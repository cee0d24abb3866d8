"""Background work of the API server itself: owners that are gone, cascading deletion, namespaces, definitions.

Level-based: each key in the queue is examined against what is committed now, so a lost or doubled wake-up does no
harm, and after a restart everything is examined once. It writes through `operations` like any client, always with the
uid of what it looked at, so it never deletes a successor of the same name.
"""

import asyncio
import logging
from collections.abc import Callable

from . import crds
from .codec import Body
from .deletion import FOREGROUND, ORPHAN, DeleteOptions
from .errors import ApiError, Conflict, NotFound
from .operations import Operations, WriteOptions
from .owners import Owners
from .ownership import Manager
from .records import Key, Record
from .resources import Registry
from .routing import Target
from .store import DELETED, Event, Store

LOG = logging.getLogger("apiserver.collector")
BATCH = 128
RETRY_SECONDS = 1.0
NAMESPACES = "namespaces"
OPTIONS = WriteOptions(manager=Manager("garbage-collector"))


class Collector:
    """Examines what committed changes point at."""

    def __init__(self, store: Store, registry: Registry, operations: Operations) -> None:
        self._store = store
        self._registry = registry
        self._operations = operations
        self._owners = Owners(store, registry)
        self._queue: dict[Key, None] = {}
        self._wake = asyncio.Event()
        for resource in store.resource_ids():
            for record in store.records(resource):
                self._owners.add(record)
                if record.owners or record.deleting:
                    self._push(record.key)
        store.subscribe("", self._follow)

    def _push(self, key: Key | None) -> None:
        if key is not None:
            self._queue[key] = None
            self._wake.set()

    def _follow(self, event: Event) -> None:
        record, previous = event.record, event.previous
        dependents = self._owners.dependents(record.uid) if event.type == DELETED else []
        self._owners.follow(event)
        if event.type != DELETED:
            if record.deleting or (record.owners and (previous is None or previous.owners != record.owners)):
                self._push(record.key)
            return
        for key in dependents:
            self._push(key)
        for uid in record.owners:
            self._push(self._owners.place(uid))
        for holder in (Key(NAMESPACES, "", record.key.namespace), Key(crds.ID, "", record.key.resource)):
            found = self._store.get(holder)
            if found is not None and found.deleting:
                self._push(holder)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            batch = list(self._queue)[:BATCH]
            for key in batch:
                del self._queue[key]
            if not self._queue:
                self._wake.clear()
            for key, result in zip(batch, await self._examine_all(batch), strict=True):
                if isinstance(result, ApiError):
                    LOG.debug("%s is examined again: %s", key, result.message)
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, self._push, key)

    async def _examine_all(self, batch: list[Key]) -> list[ApiError | None]:
        return await asyncio.gather(*(self._safely(key) for key in batch))

    async def _safely(self, key: Key) -> ApiError | None:
        try:
            await self._examine(key)
        except (NotFound, Conflict):
            self._push(key if self._store.get(key) is not None else None)
        except ApiError as refusal:
            return refusal
        return None

    async def _examine(self, key: Key) -> None:
        record = self._store.get(key)
        if record is None:
            return
        if not record.deleting:
            await self._examine_owners(record)
        elif key.resource == NAMESPACES:
            await self._empty_namespace(record)
        elif key.resource == crds.ID:
            await self._empty_definition(record)
        else:
            await self._cascade(record)

    async def _examine_owners(self, record: Record) -> None:
        body = record.body()
        verdict = self._owners.judge(record.key, body)
        gone = [*verdict.dangling, *verdict.waiting]
        if not gone:
            return
        if verdict.solid:
            await self._drop_owners(record, {reference.get("uid", "") for reference in gone})
            return
        cascade = "Foreground" if verdict.waiting and self._owners.dependents(record.uid) else ""
        await self._delete(record, cascade or "Background")

    async def _cascade(self, record: Record) -> None:
        finalizers = record.body()["metadata"].get("finalizers") or ()
        dependents = [self._store.get(key) for key in self._owners.dependents(record.uid)]
        present = [found for found in dependents if found is not None]
        if ORPHAN in finalizers:
            await asyncio.gather(*(self._drop_owners(found, {record.uid}) for found in present))
            await self._drop_finalizer(record, ORPHAN)
        elif FOREGROUND in finalizers:
            blocking = [found for found in present if _blocks(found, record.uid)]
            for found in blocking:
                if not found.deleting:
                    self._push(found.key)
            if not blocking:
                await self._drop_finalizer(record, FOREGROUND)

    async def _empty_namespace(self, record: Record) -> None:
        left = [
            found
            for resource in self._store.resource_ids()
            for found in self._store.records(resource)
            if found.key.namespace == record.key.name
        ]
        await asyncio.gather(*(self._delete(found, "Background") for found in left if not found.deleting))
        if not left:
            row = self._registry.storage(NAMESPACES)
            if row is not None:
                target = Target(row, name=record.key.name, subresource="finalize")
                await self._operations.change(target, _finalized, OPTIONS)

    async def _empty_definition(self, record: Record) -> None:
        left = list(self._store.records(record.key.name))
        await asyncio.gather(*(self._delete(found, "Background") for found in left if not found.deleting))
        if not left:
            await self._drop_finalizer(record, crds.CLEANUP)

    async def _delete(self, record: Record, policy: str) -> None:
        target = self._target(record.key)
        if target is not None:
            await self._operations.delete(target, DeleteOptions(policy=policy, uid=record.uid))

    async def _drop_owners(self, record: Record, gone: set[str]) -> None:
        def change(body: Body) -> Body:
            meta = body["metadata"]
            kept = [owner for owner in meta.get("ownerReferences") or () if owner.get("uid") not in gone]
            meta["ownerReferences"] = kept
            if not kept:
                del meta["ownerReferences"]
            return body

        await self._change(record, change)

    async def _drop_finalizer(self, record: Record, name: str) -> None:
        def change(body: Body) -> Body:
            meta = body["metadata"]
            meta["finalizers"] = [found for found in meta.get("finalizers") or () if found != name]
            if not meta["finalizers"]:
                del meta["finalizers"]
            return body

        await self._change(record, change)

    async def _change(self, record: Record, change: Callable[[Body], Body]) -> None:
        target = self._target(record.key)
        if target is not None:
            await self._operations.change(target, change, OPTIONS)

    def _target(self, key: Key) -> Target | None:
        row = self._registry.storage(key.resource)
        return Target(row, key.namespace, key.name) if row is not None else None


def _blocks(record: Record, uid: str) -> bool:
    references = record.body()["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == uid and owner.get("blockOwnerDeletion") for owner in references)


def _finalized(body: Body) -> Body:
    body["spec"] = {"finalizers": []}
    return body
