"""What the one watch of this process has seen, in memory, and who wants to hear of it.

A stream for each client must not mean a watch for each client, nor a queue that a slow client can fill. So there is
one picture: the requests that are not settled (a settled one is dropped as soon as its last change was handed out, so
memory follows live work and not history; nor are inline texts kept) and a short history of changes by which a client
that was cut off goes on. Out of the same picture a request's place in the queue is computed when somebody asks.
A subscription to one request holds at most its newest state; one to all holds a bounded backlog and is `lost` when it
overflows. Nothing here waits for a client, and nothing here asks the cluster: `app/watch.py` does.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.answers import answer
from app.cluster import Body
from textmill.queue_place import Place, WaitingList, waiting_rank
from textmill.request import Rank

HISTORY = 2000
BACKLOG = 1000


@dataclass(frozen=True)
class Change:
    """A request's new state, or that it is deleted (`body` is None)."""

    name: str
    version: str
    body: Body | None

    @cached_property
    def text(self) -> str:
        """The public form as one line of JSON, made once however many clients get it."""
        shown: dict[str, Any] = {"name": self.name} if self.body is None else answer(self.body)
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def change(body: Body) -> Change:
    """Return an object's state as a change."""
    meta = body["metadata"]
    return Change(meta["name"], str(meta.get("resourceVersion") or ""), body)


def slim(body: Body) -> Body:
    """Return an object without what nobody is shown: an inline text (of up to 64 KiB), and who set which field."""
    meta, spec = body["metadata"], body.get("spec") or {}
    given = spec.get("input") or {}
    if "managedFields" in meta:
        body = {**body, "metadata": {name: value for name, value in meta.items() if name != "managedFields"}}
    if given.get("inline"):
        body = {**body, "spec": {**spec, "input": {**given, "inline": ""}}}
    return body


def newer(version: str, than: str) -> bool:
    """Tell whether one resourceVersion is newer than another; they are numbers that rise, within one kind."""
    if version.isdigit() and than.isdigit():
        return int(version) > int(than)
    return version != than


class Subscription:
    """One client's share of the changes; made by `View.subscribe`, to be closed by whoever asked for it."""

    def __init__(self, view: View, name: str | None) -> None:
        self._view, self.name = view, name
        self._pending: deque[Change] = deque()
        self._signal = threading.Event()
        self.lost = self.ended = False

    def take(self, seconds: float) -> list[Change]:
        """Return what has changed, waiting so long for it; nothing where nothing has, or where all is over."""
        self._signal.wait(seconds)
        with self._view.lock:
            taken = list(self._pending)
            self._pending.clear()
            if not self.ended:
                self._signal.clear()
        return taken

    def offer(self, one: Change) -> None:
        """Take in a change; the view calls it under its lock."""
        if self.name is not None:
            self._pending.clear()
        elif len(self._pending) >= BACKLOG:
            self.lost = True
            self._pending.clear()
        self._pending.append(one)
        self._signal.set()

    def take_over(self) -> None:
        """Forget what is pending, since the caller has it by another way; the view calls it under its lock."""
        self._pending.clear()
        if not self.ended:
            self._signal.clear()

    def lose(self) -> None:
        """Say that changes were missed; the view calls it under its lock."""
        self.lost = True
        self._pending.clear()
        self._signal.set()

    def end(self) -> None:
        """Say that no change will come any more."""
        self.ended = True
        self._signal.set()

    def close(self) -> None:
        """Want nothing any more."""
        self._view.leave(self)


class View:
    """The requests that are not settled, the latest changes, and the subscriptions."""

    def __init__(self, history: int = HISTORY) -> None:
        self.lock = threading.Lock()
        self._live: dict[str, Change] = {}
        self._queue = WaitingList()
        self._history: deque[Change] = deque(maxlen=history)
        self._base = ""
        self._named: dict[str, set[Subscription]] = {}
        self._all: set[Subscription] = set()
        self._ended = False

    def subscribe(self, name: str | None = None) -> Subscription:
        """Hear of one request, or of all."""
        made = Subscription(self, name)
        with self.lock:
            (self._all if name is None else self._named.setdefault(name, set())).add(made)
            if self._ended:
                made.end()
        return made

    def leave(self, one: Subscription) -> None:
        """Take a subscription out."""
        with self.lock:
            if one.name is None:
                self._all.discard(one)
            elif one.name in self._named:
                self._named[one.name].discard(one)
                if not self._named[one.name]:
                    del self._named[one.name]

    def resume(self, one: Subscription, after: str) -> list[Change] | None:
        """Return the changes after a version, None where it is not known (any more); what is pending is part of it."""
        with self.lock:
            one.lost = False
            known = list(self._history)
            found = [number for number, each in enumerate(known) if each.version == after]
            if not found and after != self._base:
                return None
            one.take_over()
            return known[found[0] + 1 :] if found else known

    def begin(self, one: Subscription) -> tuple[list[Change], str]:
        """Return the live requests and the version that this picture stands for; what is pending is part of it."""
        with self.lock:
            one.lost = False
            one.take_over()
            return list(self._live.values()), self._history[-1].version if self._history else self._base

    def apply(self, body: Body) -> None:
        """Take in a request's state, unless it is old news."""
        one, rank = change(slim(body)), waiting_rank(body)
        with self.lock:
            held = self._live.get(one.name)
            if held is None or newer(one.version, held.version):
                self._put(one, rank, settled=bool((body.get("status") or {}).get("settled")))

    def remove(self, name: str, version: str) -> None:
        """Take in that a request is deleted."""
        with self.lock:
            self._drop(name)
            self._tell(Change(name, version, None))

    def replace(self, bodies: Iterable[Body], version: str) -> set[str]:
        """Take in a whole list of the live ones; return the names whose state must be asked for one by one.

        These are those that were live or are subscribed to, and are not in the list: each is settled, or deleted.
        """
        listed = {one.name: one for one in map(change, map(slim, bodies))}
        with self.lock:
            known = {name: one.version for name, one in self._live.items()}
        # What takes longer is done while nobody waits for the lock: of a hundred thousand it is some seconds.
        ranks = {
            name: waiting_rank(one.body) for name, one in listed.items() if one.body and known.get(name) != one.version
        }
        with self.lock:
            missing = {*self._live, *self._named} - listed.keys()
            for one in listed.values():
                held = self._live.get(one.name)
                if held is None or newer(one.version, held.version):
                    self._put(one, ranks.get(one.name), settled=False)
            for name in missing:
                self._drop(name)
            self._history.clear()
            self._base = version
            for subscription in self._all:
                subscription.lose()
            return missing

    def place(self, name: str, rank: Rank) -> Place:
        """Return the place in the queue of a request that waits with this rank."""
        with self.lock:
            return self._queue.place(name, rank)

    def waiting(self) -> int:
        """Return how many requests wait to be started."""
        with self.lock:
            return len(self._queue)

    def end(self) -> None:
        """End every subscription, now and from now on."""
        self._ended = True
        with self.lock:
            for one in (*self._all, *(each for some in self._named.values() for each in some)):
                one.end()

    def _put(self, one: Change, rank: Rank | None, *, settled: bool) -> None:
        if settled:
            self._drop(one.name)
        else:
            self._live[one.name] = one
            self._queue.put(one.name, rank)
        self._tell(one)

    def _drop(self, name: str) -> None:
        self._live.pop(name, None)
        self._queue.put(name, None)

    def _tell(self, one: Change) -> None:
        if len(self._history) == self._history.maxlen:
            self._base = self._history[0].version
        self._history.append(one)
        for subscription in (*self._all, *self._named.get(one.name, ())):
            subscription.offer(one)
