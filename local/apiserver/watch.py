"""One client's watch: which committed changes it sees, in which words, and when it hears a bookmark.

A watcher turns each change into what its selection makes of it: an object that leaves the selection is DELETED for
this client, with its former content and the version of the change. A client that reads too slowly loses its stream,
never an event: it watches again from its last version. Bookmarks tell the newest version that holds no further event
for this client; without them a quiet watch would fall out of the history (and kopf would think it dead).
"""

import asyncio
import collections
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from .codec import Body, encode
from .errors import ApiError
from .records import Record
from .selectors import Predicate
from .store import ADDED, DELETED, MODIFIED, Event, Store

BACKLOG = 20_000
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
SHORTEST_DEFAULT = 1_800

Change = tuple[str, Record]
Render = Callable[[str, Record], bytes]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a client asked of its watch; `since` is None for "from now, with what is there first"."""

    since: int | None
    bookmarks: bool = False
    mark_initial_end: bool = False
    timeout: float | None = None


class Watcher:
    """The changes of one resource type that one client has still to hear of."""

    def __init__(self, store: Store, resource: str, accepts: Predicate | None) -> None:
        self._store = store
        self._resource = resource
        self._accepts = accepts
        self._waiting: collections.deque[Change] = collections.deque()
        self._wake = asyncio.Event()
        self._end: Callable[[], None] | None = None
        self.ended = False

    def open(self, since: int | None) -> ApiError | None:
        """Take the past since a version (or all that is there now), then every change; or say why not."""
        if since is None:
            found = sorted(self._store.records(self._resource), key=lambda record: record.key)
            self._waiting.extend((ADDED, record) for record in found if self._passes(record))
        else:
            try:
                past = self._store.since(self._resource, since)
            except ApiError as refusal:
                return refusal
            for event in past:
                self._take(event)
        self._end = self._store.subscribe(self._resource, self._take)
        return None

    def close(self) -> None:
        """Hear no more, and end the stream if it is still read."""
        if self._end is not None:
            self._end()
        self.ended = True
        self._wake.set()

    def drain(self) -> list[Change]:
        """All that is waiting."""
        found = list(self._waiting)
        self._waiting.clear()
        self._wake.clear()
        return found

    async def wait(self, seconds: float) -> None:
        """Until something is waiting, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _passes(self, record: Record) -> bool:
        return self._accepts is None or self._accepts(record)

    def _take(self, event: Event) -> None:
        change = self._change(event)
        if change is None:
            return
        self._waiting.append(change)
        self.ended = self.ended or len(self._waiting) > BACKLOG
        self._wake.set()

    def _change(self, event: Event) -> Change | None:
        before = event.previous is not None and self._passes(event.previous)
        if event.type == DELETED:
            return (DELETED, event.record) if before else None
        if self._passes(event.record):
            return (MODIFIED if before else ADDED, event.record)
        if before and event.previous is not None:
            return (DELETED, _at_version(event.previous, event.record.version))
        return None


def _at_version(record: Record, version: int) -> Record:
    body = record.body()
    body["metadata"]["resourceVersion"] = str(version)
    return replace(record, version=version, raw=encode(body))


def frame(kind: str, raw: bytes) -> bytes:
    """One line of the stream."""
    return b'{"type":"' + kind.encode() + b'","object":' + raw + b"}\n"


def bookmark(api_version: str, kind: str, version: int, *, initial_end: bool = False) -> Body:
    """An object that says only how far the client has come."""
    meta: Body = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        meta["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"kind": kind, "apiVersion": api_version, "metadata": meta}


async def stream(
    watcher: Watcher,
    options: WatchOptions,
    render: Render,
    mark: Callable[[bool], bytes],
    interval: float,
) -> AsyncIterator[bytes]:
    """Chunks for the client until its time is over or it is ended."""
    clock = asyncio.get_running_loop().time
    span = options.timeout if options.timeout is not None else SHORTEST_DEFAULT + secrets.randbelow(SHORTEST_DEFAULT)
    end = clock() + span
    marked = clock()
    initial = options.mark_initial_end
    while not watcher.ended:
        chunks = [render(kind, record) for kind, record in watcher.drain()]
        if initial or (options.bookmarks and clock() - marked >= interval):
            chunks.append(mark(initial))
            initial, marked = False, clock()
        if chunks:
            yield b"".join(chunks)
        left = end - clock()
        if left <= 0:
            return
        due = marked + interval - clock() if options.bookmarks else left
        await watcher.wait(max(0.0, min(left, due)))
