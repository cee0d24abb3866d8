"""The one watch of this process: keeps the view by a list and a watch, in one thread, from its start on.

- It lists what is not settled (`status.settled!=true`), then watches everything from the list's version: so the start
  costs live work and not history, and a request's last change still arrives with its body. With the selector on the
  watch it would come as a deletion with the old body.
- It lists again when the server says that a version is too old (410), and after an error that nobody foresaw. A watch
  that ends or breaks goes on from the last version seen, bookmarks included. After a list, each request that was live
  or is listened to and is not in it is read once: it is settled or gone. Whoever listens to all is told to look anew.
- A watch that is silent for SILENCE seconds is taken for dead; the server sends bookmarks at least once a minute.
- Between attempts it waits 50 ms, doubling to 5 s; the first success begins anew. It never gives up. `fresh` turns
  False when nothing was heard for STALE seconds: streams then end instead of showing an old picture as if it were new.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from app.cluster import Body, Cluster, ClusterError, Expired, NotFound, Watching
from app.view import View, slim
from textmill import names

SILENCE = 90.0
STALE = 2 * SILENCE
PAGE = 200
"""Requests of a page: with an inline text each, some 13 MB."""
FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
_log = logging.getLogger("textmill.watch")


class Watch:
    """The thread that keeps a view; `pause` waits for some seconds and tells whether to stop."""

    def __init__(
        self,
        cluster: Cluster,
        view: View,
        *,
        pause: Callable[[float], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._cluster, self.view, self._clock, self._failed = cluster, view, clock, failed
        self.stopping = threading.Event()
        self._pause = pause or self.stopping.wait
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._watching: Watching | None = None
        self._synced = threading.Event()
        self._version = ""
        self._heard = clock()

    @property
    def fresh(self) -> bool:
        """Tell whether the picture can be believed."""
        return self._clock() - self._heard < STALE

    def synced(self, seconds: float) -> bool:
        """Wait so long for the first picture to be whole; False where it is not."""
        return self._synced.wait(seconds)

    def start(self) -> None:
        """Begin to watch, where that was not done before."""
        with self._lock:
            if self._thread is None and not self.stopping.is_set():
                self._heard = self._clock()
                self._thread = threading.Thread(target=self.run, name="watch", daemon=True)
                self._thread.start()

    def begin_to_stop(self) -> None:
        """End all streams and let the thread end; a signal handler may call it, so it waits for nothing."""
        self.stopping.set()
        self.view.end()
        watching = self._watching
        if watching is not None:
            watching.interrupt()

    def stop(self) -> None:
        """End all streams and the thread, and wait for it."""
        self.begin_to_stop()
        thread = self._thread
        if thread is not None:
            thread.join()

    def run(self) -> None:
        """List and watch until stopped."""
        wait = FIRST_WAIT
        while not self.stopping.is_set():
            before = self._heard
            try:
                if not self._version:
                    self._list()
                self._follow()
            except Expired as error:
                self._version = ""
                _log.info("watching anew", extra={"detail": error.detail})
            except ClusterError as error:
                if self.stopping.is_set():
                    return
                self._failed()
                _log.warning("the watch failed", extra={"reason": error.reason, "detail": error.detail})
            except Exception:  # noqa: BLE001 - whatever it is, a watch that ends in silence would be worse
                self._failed()
                self._version = ""
                _log.exception("the watch met an unforeseen error")
            wait = FIRST_WAIT if self._heard != before else wait
            if self._pause(wait):
                return
            wait = min(2 * wait, LONGEST_WAIT)

    def _list(self) -> None:
        bodies: list[Body] = []
        page = self._cluster.page(fields=names.LIVE, limit=PAGE)
        bodies += map(slim, page.items)
        while page.token:
            page = self._cluster.page(fields=names.LIVE, limit=PAGE, token=page.token)
            bodies += map(slim, page.items)
        self._heard = self._clock()
        for name in sorted(self.view.replace(bodies, page.version)):
            try:
                self.view.apply(self._cluster.get(name))
            except NotFound:
                self.view.remove(name, page.version)
        self._version = page.version
        self._synced.set()

    def _follow(self) -> None:
        """Watch from the version reached until the watch ends."""
        watching = self._cluster.watch(self._version, SILENCE)
        try:
            self._watching = watching
            if self.stopping.is_set():  # it was told so before there was anything to interrupt
                return
            for kind, body in watching:
                version = str(body["metadata"].get("resourceVersion") or self._version)
                if kind in ("ADDED", "MODIFIED"):
                    self.view.apply(body)
                elif kind == "DELETED":
                    self.view.remove(body["metadata"]["name"], version)
                self._version = version
                self._heard = self._clock()
        finally:
            self._watching = None
            watching.close()
