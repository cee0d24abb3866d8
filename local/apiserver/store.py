"""The state in memory: what is committed, what is on its way to disk, and the recent past.

Readers and watchers see only what is committed, so nothing that anybody has seen is lost by kill -9. Writers compute
from `latest`, which includes what is on its way: between reading it and `commit` there is no await, so no two writers
work from the same version. A write's future resolves once it is both safe and visible.
The past is kept per resource type, a bounded number of events; it serves watches from an older resourceVersion, exact
lists, and `continue` tokens (a past snapshot is the present with the events since then undone). Older is 410.
resourceVersions count microseconds of the clock at start, so that neither a restart nor a lost state goes back.
"""

import asyncio
import collections
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .errors import Expired, FutureVersion, InternalError
from .journal import Entry, Journal
from .records import Key, Record, reindexed, restored
from .resources import Registry

HISTORY = 5_000
ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change; for DELETED, `record` is the object's last state with the version of its end."""

    type: str
    record: Record
    previous: Record | None


@dataclass(slots=True)
class Shelf:
    """All of one resource type."""

    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    events: collections.deque[Event] = field(default_factory=collections.deque)
    floor: int = 0


Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class _Write:
    event: Event
    future: "asyncio.Future[Record]"


class Store:
    """All objects; one for each server, used from its event loop alone."""

    def __init__(self, journal: Journal, registry: Registry, *, history: int = HISTORY) -> None:
        self._journal = journal
        self._registry = registry
        self._history = history
        self._shelves: dict[str, Shelf] = {}
        self._listeners: dict[str, set[Listener]] = collections.defaultdict(set)
        self._pending: dict[Key, tuple[int, Record | None]] = {}
        self._writes: collections.deque[_Write] = collections.deque()
        self._epoch = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.floor = journal.version() or time.time_ns() // 1000
        self.version = max(self.floor, time.time_ns() // 1000)
        self._allocated = self.version

    def load(self, prepare: Callable[[Iterable[tuple[Key, bytes]]], None]) -> None:
        """Read all from disk; `prepare` sees the rows first (custom types are made known from them)."""
        rows = list(self._journal.load())
        prepare(rows)
        for key, raw in rows:
            found = restored(key, self._registry.storage(key.resource), raw)
            self._shelf(key.resource).records[key.namespace, key.name] = found

    def start(self) -> None:
        """Begin to take writes, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._journal.start(self._report)

    def close(self) -> None:
        """Make all queued writes safe."""
        self._journal.close()

    def _shelf(self, resource: str) -> Shelf:
        shelf = self._shelves.get(resource)
        if shelf is None:
            shelf = self._shelves[resource] = Shelf(floor=self.floor)
        return shelf

    # reading

    def get(self, key: Key) -> Record | None:
        """The committed version."""
        return self._shelf(key.resource).records.get((key.namespace, key.name))

    def latest(self, key: Key) -> Record | None:
        """The newest version, which may still be on its way to disk: only for computing the next one."""
        pending = self._pending.get(key)
        return pending[1] if pending is not None else self.get(key)

    def records(self, resource: str) -> Iterable[Record]:
        """All committed ones of a type, in no order."""
        return self._shelf(resource).records.values()

    def resource_ids(self) -> list[str]:
        """The types that have objects."""
        return [name for name, shelf in self._shelves.items() if shelf.records]

    def snapshot(self, resource: str, version: int) -> Iterable[Record]:
        """All of a type as they were at a resourceVersion."""
        shelf = self._shelf(resource)
        self.check_version(resource, version)
        if not shelf.events or shelf.events[-1].record.version <= version:
            return shelf.records.values()
        past = dict(shelf.records)
        for event in reversed(shelf.events):
            if event.record.version <= version:
                break
            place = event.record.key[1:]
            if event.previous is None:
                past.pop(place, None)
            else:
                past[place] = event.previous
        return past.values()

    def since(self, resource: str, version: int) -> list[Event]:
        """The events after a resourceVersion."""
        self.check_version(resource, version)
        found: list[Event] = []
        for event in reversed(self._shelf(resource).events):
            if event.record.version <= version:
                break
            found.append(event)
        return found[::-1]

    def check_version(self, resource: str, version: int) -> None:
        """Refuse a version that is forgotten or has not happened."""
        if version > self.version:
            raise FutureVersion(version, self.version)
        floor = self._shelf(resource).floor
        if version < floor:
            raise Expired(f"too old resource version: {version} ({floor})")

    # watching

    def subscribe(self, resource: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each committed change of a type (or of all: ""); returns what ends that."""
        self._listeners[resource].add(listener)
        return lambda: self._listeners[resource].discard(listener)

    # writing

    def allocate(self) -> int:
        """The resourceVersion of the change that is about to be committed."""
        self._allocated += 1
        return self._allocated

    def commit(self, new: Record, *, removed: bool = False) -> "asyncio.Future[Record]":
        """Queue one change of what `latest` showed; `removed` makes `new` the last state of a deleted object."""
        if self._loop is None:
            raise InternalError("the store takes no writes before its start")
        previous = self.latest(new.key)
        kind = DELETED if removed else ADDED if previous is None else MODIFIED
        future: asyncio.Future[Record] = self._loop.create_future()
        self._pending[new.key] = (new.version, None if removed else new)
        self._writes.append(_Write(Event(kind, new, previous), future))
        self._journal.append(Entry(new.key, new.version, None if removed else new.raw, self._epoch))
        return future

    def _report(self, count: int, error: BaseException | None) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._settle, count, error)

    def _settle(self, count: int, error: BaseException | None) -> None:
        if error is not None and self._pending:
            self._pending.clear()
            self._epoch += 1
        for _ in range(count):
            write = self._writes.popleft()
            record = write.event.record
            if error is None:
                if self._pending.get(record.key, (0, None))[0] == record.version:
                    del self._pending[record.key]
                self._publish(write.event)
            if write.future.done():
                continue
            if error is None:
                write.future.set_result(record)
            else:
                write.future.set_exception(InternalError(f"the change could not be written to disk: {error}"))

    def _publish(self, event: Event) -> None:
        record = event.record
        shelf = self._shelf(record.key.resource)
        place = record.key[1:]
        if event.type == DELETED:
            shelf.records.pop(place, None)
        else:
            shelf.records[place] = record
        shelf.events.append(event)
        if len(shelf.events) > self._history:
            shelf.floor = shelf.events.popleft().record.version
        self.version = record.version
        for listener in (*self._listeners[record.key.resource], *self._listeners[""]):
            listener(event)

    def reindex(self, resource: str) -> None:
        """Extract the facts of a type's objects again, after its type changed."""
        shelf = self._shelf(resource)
        row = self._registry.storage(resource)
        shelf.records = {place: reindexed(record, row) for place, record in shelf.records.items()}
