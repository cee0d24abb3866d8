"""Places for long uploads: who waits for one gets it in turn, or is told after a bounded time that there is none."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]  # gunicorn has no types

from app.connections import Connection, State
from app.limits import Limits
from app.server import ProblemWorker

HEAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


class _Worker(ProblemWorker):
    """A worker with one place, whose threads only note what they are given."""

    def __init__(self) -> None:
        super().__init__(0, 0, [], None, 30, Config(), None)
        self.poller = selectors.DefaultSelector()
        self.limits = replace(Limits(), uploads=1)
        self.handed: list[Connection] = []
        self.later = 0.0
        self.clock = lambda: time.monotonic() + self.later

    def enqueue_req(self, conn: Connection) -> None:
        """Note a connection that gets a thread."""
        self.handed.append(conn)


@pytest.fixture
def worker() -> Iterator[_Worker]:
    """Return a worker that serves nobody."""
    made = _Worker()
    yield made
    made.poller.close()
    made.tmp.close()


@pytest.fixture
def uploads(worker: _Worker) -> Iterator[list[Connection]]:
    """Return three uploads whose body has begun, of which the first has the place."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made = []
        for _ in range(3):
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            client.sendall(HEAD + b"x" * (40 << 10))
            worker.accept(listener)
            (one,) = worker.waiting
            stack.callback(one.sock.close)
            while one in worker.waiting:
                for key, _ in worker.poller.select():
                    key.data(key.fileobj)
            made.append(one)
        assert worker.handed == made[:1]
        assert [one.state for one in made] == [State.THREAD, State.PLACE, State.PLACE]
        yield made


def test_upload_waits_for_a_place_no_longer_than_it_may(worker: _Worker, uploads: list[Connection]) -> None:
    worker.later = worker.limits.place_seconds - 1
    worker.murder_pending()
    assert worker.handed == uploads[:1]

    worker.later = worker.limits.place_seconds + 1
    worker.murder_pending()

    assert worker.handed == uploads
    assert [one.late for one in uploads[1:]] == ["waited", "waited"]
    assert not worker.queued
    assert worker.long == {uploads[0]}, "who is refused takes no place"


def test_only_who_has_waited_too_long_is_refused(worker: _Worker, uploads: list[Connection]) -> None:
    uploads[2].began += 10
    worker.later = worker.limits.place_seconds + 1

    worker.murder_pending()

    assert worker.handed == uploads[:2]
    assert list(worker.queued) == uploads[2:]
    assert uploads[2].late == ""
