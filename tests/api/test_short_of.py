"""The one loop that serves all connections outlives what the system, the network and the volume do to one of them."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import selectors
import socket
from collections.abc import Iterator

import pytest

from app.accepting import PAUSE_SECONDS
from app.answering import Answer, Outgoing, SourceFailed
from app.connections import Connection, State
from tests.api.test_places import HEAD, _Worker


class Listener:
    """A listener whose next connection cannot be taken."""

    def __init__(self, number: int) -> None:
        self.number = number

    def accept(self) -> tuple[socket.socket, object]:
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture
def worker() -> Iterator[_Worker]:
    """Return a worker with a listener that nobody connects to."""
    made = _Worker()
    made.sockets = [socket.create_server(("127.0.0.1", 0))]
    made.later = 0.0
    now = made.clock()
    made.clock = lambda: now + made.later
    yield made
    made.poller.close()
    made.tmp.close()
    made.sockets[0].close()


def _listens(worker: _Worker) -> bool:
    return worker.sockets[0].fileno() in worker.poller.get_map()


SHORT = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS]


@pytest.mark.parametrize(
    "number",
    [*SHORT, errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.ETIMEDOUT],
    ids=errno.errorcode.get,
)
def test_connection_that_cannot_be_taken_ends_nothing_and_is_not_tried_without_end(
    worker: _Worker, number: int
) -> None:
    worker.set_accept_enabled(True)
    worker.accept(Listener(number))

    assert _listens(worker) == (number not in SHORT)
    worker.set_accept_enabled(True)  # as the loop does at each turn
    assert _listens(worker) == (number not in SHORT)
    worker.later = PAUSE_SECONDS
    worker.set_accept_enabled(True)
    assert _listens(worker)


def test_listener_that_is_none_any_more_ends_the_worker(worker: _Worker) -> None:
    with pytest.raises(OSError, match="Bad file"):
        worker.accept(Listener(errno.EBADF))


def test_connection_that_cannot_be_watched_is_closed(worker: _Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "too many watches")

    monkeypatch.setattr(worker.poller, "register", full)
    with socket.create_connection(worker.sockets[0].getsockname()) as client:
        worker.accept(worker.sockets[0])
        assert client.recv(1) == b""
    assert (worker.nr_conns, worker.waiting) == (0, set())


def _uploading(worker: _Worker, stack: contextlib.ExitStack, head: bytes) -> tuple[socket.socket, Connection]:
    """Begin an upload that wants a place; return both its ends."""
    client = stack.enter_context(socket.create_connection(worker.sockets[0].getsockname()))
    client.sendall(head + b"x" * (33 << 10))
    worker.accept(worker.sockets[0])
    (one,) = worker.waiting
    stack.callback(one.sock.close)
    while one in worker.waiting:
        for key, _ in worker.poller.select():
            key.data(key.fileobj)
    return client, one


@pytest.mark.parametrize("how", ["close", "reset", "all sent", "waits"])
def test_upload_that_waits_for_a_place_goes_when_its_client_hangs_up(worker: _Worker, how: str) -> None:
    body = 40 << 10 if how == "all sent" else 1_000_000
    head = HEAD.replace(b"1000000", str(body).encode())
    with contextlib.ExitStack() as stack:
        _uploading(worker, stack, HEAD)
        client, one = _uploading(worker, stack, head)
        assert (one.state, list(worker.queued)) == (State.PLACE, [one])
        if how == "all sent":
            client.sendall(b"x" * (7 << 10))
            client.shutdown(socket.SHUT_WR)
        elif how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if how in ("close", "reset"):
            client.close()
            found = selectors.DefaultSelector()
            stack.callback(found.close)
            found.register(one.sock, selectors.EVENT_READ)
            found.select()

        worker.murder_pending()

        assert list(worker.queued) == ([one] if how in ("all sent", "waits") else [])
        assert worker.nr_conns == 1 + len(worker.queued)


def test_volume_that_fails_is_told_apart_from_a_client_that_has_gone() -> None:
    def items() -> Iterator[bytes]:
        yield b"a"
        raise OSError(errno.EIO, "Input/output error")

    class Response:
        _omits_body = False

        def write(self, data: bytes) -> None:
            out.sendall(data)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        out = Outgoing(ours)
        answer = Answer(Response(), items(), out, "/requests/fox/words")
        with pytest.raises(SourceFailed, match="Input/output error"):
            answer.go_on()
        assert (answer.path, theirs.recv(9)) == ("/requests/fox/words", b"a")


def test_answer_that_the_volume_breaks_off_is_logged_once_with_its_path(
    worker: _Worker, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Answer):
        def go_on(self) -> bool:
            raise SourceFailed("it cannot be read")

    ours, theirs = socket.socketpair()
    with ours, theirs, caplog.at_level(logging.INFO):
        conn = Connection(worker.cfg, ours, ("", 0), ("", 0))
        conn.answer = Broken(None, [], Outgoing(ours), "/requests/fox/words")
        assert worker.handle(conn) is State.LINGER
    (record,) = caplog.records
    assert (record.levelname, vars(record)["path"]) == ("ERROR", "/requests/fox/words")
