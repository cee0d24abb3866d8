"""gunicorn's threaded worker, where a slow client has no thread: it waits here, beside all others, in one selector.

A connection gets a thread when a request's head is here, and with it the body or a good piece of one; it loses it when
the client does not take what is sent. Long uploads alone hold a thread while they come; they have places, so that
threads are left for all else, and while one waits for a place the slowest of those that have one is ended. What waits
has its time each, and where there are as many connections as may be, the slowest go.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from types import FrameType
from typing import Any

from gunicorn.http import errors, get_parser, wsgi  # type: ignore[import-untyped]  # gunicorn has no types

from app.accepting import AcceptingWorker
from app.answering import Answer, Outgoing
from app.connections import READ_BYTES, Connection, Parked, Reader, State, send_buffer
from app.finishing import keep_finishing
from app.health_listener import Served, serve_health
from app.limits import Limits
from app.room import of_application
from app.unreadable import refusal

_log = logging.getLogger("textmill.server")
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class ProblemWorker(AcceptingWorker):
    """The worker; gunicorn's own loop calls `accept`, what was registered in the selector, and `murder_pending`."""

    limits = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: set[Connection] = set()
        self.long: set[Connection] = set()
        self.queued: deque[Connection] = deque()
        self.served = Served()
        self._next_look = 0.0

    def run(self) -> None:
        """Serve; uploads that a crash left whole become requests meanwhile."""
        parts = of_application(self.wsgi)
        arguments = (parts, parts.watch.stopping.wait)
        threading.Thread(target=keep_finishing, args=arguments, name="finishing", daemon=True).start()
        parts.watch.start()  # so that places in the queue are known from the start
        if parts.settings.health_listen:
            serve_health(parts.settings.health_listen, self.wsgi, self.served)
        super().run()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop: event streams end now, other requests may still end by themselves."""
        of_application(self.wsgi).watch.begin_to_stop()
        super().handle_exit(sig, frame)

    # What follows runs in the main thread: nothing in it may wait.

    def take(self, sock: socket.socket, address: Any, listener: Any) -> None:
        """Begin with a new connection; where there are too many, the slowest go for it."""
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, address, listener.getsockname())
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer(self.nr_conns))
            self._wait(conn, State.HEAD, self.limits.head_seconds)
        except OSError:  # the client has gone, or the system is short of memory
            self._drop(conn)
            return
        if self.nr_conns >= self.limits.connections:
            self.make_room()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens next, not longer than until the next look at what waits."""
        self.served.turned()
        looks = self.waiting or self.queued or self.paused
        super().wait_for_and_dispatch_events(min(timeout, self.limits.look_seconds if looks else timeout))

    def murder_pending(self) -> None:
        """Look at what waits: whose time is over, who is too slow, and who holds a place that another waits for."""
        now = self.clock()
        if now < self._next_look:
            return  # the loop comes by after each event
        self._next_look = now + self.limits.look_seconds
        for conn in self.long:
            conn.sample(now)
        for conn in [one for one in self.waiting if now >= one.deadline or one.state is State.BODY]:
            self._look_at(conn, now)
        if not self.alive:
            for conn in [one for one in self.waiting if one.state is State.HEAD and not one.held]:
                conn.deadline = min(conn.deadline, now + self.limits.stop_seconds)
        for conn in [one for one in self.queued if one.is_cut_off()]:
            self.queued.remove(conn)
            self._drop(conn)
        for conn in self.limits.overdue(self.queued, now):
            conn.late = "waited"
            self._hand_over(conn)
        if self.queued and now - self.queued[0].began > self.limits.queue_seconds:
            for conn in self.limits.slowest(self.long, now)[: len(self.queued)]:
                self._give_up(conn, "crowded")

    def _look_at(self, conn: Connection, now: float) -> None:
        if conn.state is State.FIRST:
            self._hand_over(conn)
        elif conn.state is State.BODY:
            late = self.limits.lateness(conn, now)
            if late:
                self._give_up(conn, late)
                self._hand_over(conn, ready=True)
        else:
            if conn.state is State.WRITE:
                _log.info("client dropped: it read nothing of its answer for too long")
            self._drop(conn)

    def _give_up(self, conn: Connection, why: str) -> None:
        conn.late = why
        with contextlib.suppress(OSError):
            conn.sock.shutdown(socket.SHUT_RD)

    def make_room(self) -> None:
        """Let the slowest go."""
        for conn in self.limits.least_moving(self.waiting, self.clock()):
            self._drop(conn)

    def _wait(self, conn: Connection, state: State, seconds: float) -> None:
        conn.sock.setblocking(False)
        conn.enter(state, seconds)
        self.waiting.add(conn)
        self.poller.register(conn.sock, _WRITE if state is State.WRITE else _READ, lambda _: self._on_event(conn))

    def _leave(self, conn: Connection) -> None:
        self.waiting.discard(conn)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._leave(conn)
        self.nr_conns -= 1
        if conn.answer is not None:
            self.tpool.submit(conn.answer.close)
        conn.close()

    def _on_event(self, conn: Connection) -> None:
        if conn not in self.waiting:
            return  # it was dropped for another one's sake a moment ago
        if conn.state is State.WRITE:
            self._hand_over(conn)
            return
        try:
            data = conn.sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data and not conn.held:
            self._drop(conn)
            return
        if conn.state is State.LINGER:
            conn.came += len(data)
            if not data or conn.came > self.limits.linger_bytes:
                self._drop(conn)
            return
        conn.take(data)
        conn.ended = not data
        self._advance(conn)

    def _advance(self, conn: Connection) -> None:
        """Decide what a connection does next, after something of a request came."""
        if conn.state is State.HEAD and not conn.head_is_here():
            if len(conn.held) > self.limits.head_bytes:
                self._give_up(conn, "head")
            if conn.ended or conn.late:
                self._hand_over(conn, ready=True)
        elif conn.ended or conn.body_has_begun():
            self._hand_over(conn, ready=True)
        elif conn.state is State.HEAD:
            if conn.expects():
                self._hand_over(conn)
            else:
                conn.enter(State.FIRST, self.limits.first_seconds)

    def _hand_over(self, conn: Connection, *, ready: bool = False) -> None:
        """Give a connection a thread, or a place in the queue where it is a long upload and all places are taken."""
        self._leave(conn)
        conn.ready = conn.ready or ready
        is_long = conn.answer is None and conn.ready and not (conn.late or conn.ended or conn.body_is_here())
        full = len(self.long) >= self.limits.uploads
        if is_long and full and len(self.queued) < self.limits.queue:
            conn.enter(State.PLACE, 0)
            self.queued.append(conn)
            return
        if is_long and full:
            conn.late, is_long = "full", False
        if is_long:
            self.long.add(conn)
            conn.came = len(conn.held)
        conn.has_place = is_long
        conn.enter(State.THREAD, 0)
        self.served.asked(conn)
        self.enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Go on with a connection that a thread has done with."""
        self.served.done(conn)
        if conn in self.long:
            self.long.discard(conn)
            if self.queued:
                self._hand_over(self.queued.popleft())
        then = State.LINGER if fs.cancelled() or fs.exception() else fs.result()
        if then is State.HEAD:
            conn.next_request()
            self._wait(conn, State.HEAD, self.limits.head_seconds if conn.held else self.cfg.keepalive)
            if conn.held:
                self._advance(conn)
        elif conn.broken:
            self._drop(conn)
        elif then is State.LINGER:
            if conn.answer is not None:
                self.tpool.submit(conn.answer.close)
                conn.answer = None
            conn.came = 0
            try:
                conn.sock.shutdown(socket.SHUT_WR)
            except OSError:  # the client has gone
                self.nr_conns -= 1
                conn.close()
            else:
                self._wait(conn, State.LINGER, self.limits.linger_seconds)
        else:
            self._wait(conn, then, self.limits.seconds(then))
            if then is State.BODY:
                self._advance(conn)

    # What follows runs in the pool's threads.

    def handle(self, conn: Connection) -> State:
        """Serve a connection as far as it goes; return what it waits for then."""
        self.served.begun(conn)
        try:
            if conn.late == "head":
                raise errors.LimitRequestHeaders("more than may be held")
            if conn.answer is None:
                conn.answer = self._begin(conn)
                conn.sock.setblocking(False)
            if not conn.answer.go_on():
                return State.WRITE
            conn.answer.close()
            keep = not conn.answer.response.should_close() and self.alive
            conn.answer = None
            return State.HEAD if keep else State.LINGER
        except Parked:
            conn.tell_to_go_on()
            return State.BODY
        except (errors.NoMoreData, StopIteration, ConnectionError):
            return State.LINGER
        except Exception as error:  # noqa: BLE001 - whatever it is ends one connection alone
            if conn.answer is None:
                self.handle_error(None, conn.sock, conn.client, error)
            else:
                conn.break_off()
                if not isinstance(error, OSError):
                    _log.exception("an answer broke off", extra={"path": conn.answer.path})
            return State.LINGER

    def _begin(self, conn: Connection) -> Answer:
        """Have the application answer a request; what came stays at hand, in case it parks it."""
        conn.sock.setblocking(True)
        conn.parser = get_parser(self.cfg, conn.sock, conn.client)
        reader = conn.parser.unreader = Reader(conn)
        reader.unread(bytes(conn.held))
        req = next(conn.parser)
        conn.begin(req)
        response, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)
        environ |= {"wsgi.multithread": True, "textmill.connection": conn}
        response.sock = out = Outgoing(conn.sock)
        items = self.wsgi(environ, response.start_response)
        conn.held = bytearray()
        if not self.alive or not self.cfg.keepalive or not reader.is_read(conn.parser):
            response.force_close()
        return Answer(response, items, out, req.path)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn calls it so
        """Answer a request that could not be read."""
        with contextlib.suppress(OSError):
            client.setblocking(False)
            client.send(refusal(exc))
