"""How a client follows requests: the newest states of one, or the changes of all, as server-sent events.

A stream holds a thread, so there are only so many places; past them a client gets 503 and comes again. Events carry
whole states and ids that are resourceVersions: a client may go on at another replica, and one that missed something
needs no replay, only the newest. Slow readers cost no memory here: what waits for them is bounded (`app/view.py`), and
a client that reads nothing for a while is dropped by the worker, as any other.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import Gauge

from app.cluster import Away, Body
from app.errors import TooManyStreams
from app.view import Change, Subscription, change, newer
from app.watch import Watch
from textmill.request import ENDS

RETRY_MILLISECONDS = 2000
SEND_BUFFER = 64 << 10


class Places:
    """The places for streams and long polls, counted."""

    def __init__(self, limit: int, gauge: Gauge) -> None:
        self._limit, self._gauge = limit, gauge
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> None:
        """Take a place; TooManyStreams where there is none."""
        with self._lock:
            if self._taken >= self._limit:
                raise TooManyStreams(f"All {self._limit} places for event streams are taken.")
            self._taken += 1
        self._gauge.inc()

    def give_back(self) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= 1
        self._gauge.dec()


def ended(body: Body) -> bool:
    """Tell whether a request has its end."""
    return (body.get("status") or {}).get("phase") in ENDS


def states(watch: Watch, heard: Subscription, first: Change, tick: Callable[[], float]) -> Iterator[Change | None]:
    """Return a request's state, then each newer one; None after `tick()` seconds without. Ends with its end."""
    shown = first
    yield shown
    while shown.body is not None and not ended(shown.body):
        taken = heard.take(tick())
        if heard.ended or not watch.fresh:
            return
        news = [one for one in taken if one.body is None or newer(one.version, shown.version)]
        if news:
            shown = news[-1]
            yield shown
        elif not taken:
            yield None


def one_events(watch: Watch, heard: Subscription, body: Body, seen: str, tick: float) -> Iterator[str]:
    """Return the text of a stream of one request; `seen` is the version that the client has already."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    for one in states(watch, heard, change(body), lambda: tick):
        if one is None:
            yield ": still here\n\n"
        elif one.version != seen:
            yield event(one)
    # Without this a browser would connect again: it takes the end of a stream for an accident.
    if not heard.ended and watch.fresh:
        yield "event: end\ndata: {}\n\n"


def all_events(watch: Watch, heard: Subscription, seen: str, tick: float) -> Iterator[str]:
    """Return the text of a stream of all requests, from after `seen` on where that is known."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    missed = watch.view.resume(heard, seen) if seen else None
    if missed is None:
        yield from _anew(watch, heard, lost=bool(seen))
    for one in missed or ():
        yield event(one)
    while True:
        taken = heard.take(tick)
        if heard.ended or not watch.fresh:
            return
        if heard.lost:
            yield from _anew(watch, heard, lost=True)
        elif not taken:
            yield ": still here\n\n"
        for one in taken:
            yield event(one)


def event(one: Change, *, numbered: bool = True) -> str:
    """Return a change as an event."""
    number = f"id: {one.version}\n" if numbered else ""
    return f"{number}event: {'deleted' if one.body is None else 'request'}\ndata: {one.text}\n\n"


def _anew(watch: Watch, heard: Subscription, *, lost: bool) -> Iterator[str]:
    """Return the whole picture. Only its last event has an id: who is cut off before must not go on from within."""
    if lost:
        yield "event: reset\ndata: {}\n\n"
    live, version = watch.view.begin(heard)
    for one in live:
        yield event(one, numbered=False)
    yield f"id: {version}\nevent: synced\ndata: {{}}\n\n"


def begin(watch: Watch, seconds: float) -> None:
    """Have the watch run; Away where it has no picture within so many seconds."""
    watch.start()
    if not watch.synced(seconds) or not watch.fresh:
        raise Away("The watch on the Kubernetes API has no picture yet.")


def keep_little(environ: Mapping[str, Any]) -> None:
    """Have little wait in the system for a client that does not read."""
    connection = environ.get("gunicorn.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
