"""What is known of one connection while no thread has it: what came in, what still has to go out, and until when.

A thread is given to a connection only when there is something for it to do: the head of a request is here, and of its
body the whole or a good piece; or the client has taken what was sent. So the number of slow clients is bounded by
descriptors and memory, and not by threads. What is read here of a body (`how_much`) only decides when a thread begins;
gunicorn's own parser reads it again and is the one that believes or refuses it.
"""

from __future__ import annotations

import fcntl
import re
import select
import socket
import struct
import termios
import time
from enum import Enum, auto
from typing import Any

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]  # gunicorn has no types

from app.answering import Answer

READ_BYTES = 64 << 10
BODY_BYTES = 32 << 10
"""So much of a body is waited for before a thread takes over, or all of a smaller one."""
SAMPLE_SECONDS = 2.0
SEND_LEAST, SEND_MOST, SEND_ALL = 64 << 10, 1 << 20, 16 << 20
"""The kernel's memory for what one client has not read yet: its share of the last, within the first two."""
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*+0*+(\d*+)[ \t]*+\r\n", re.IGNORECASE)
_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_DIGITS = 18
"""A length with more digits is longer than anything that is taken here."""
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_SIZE = re.compile(rb"[0-9a-fA-F]+")
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class State(Enum):
    """What a connection waits for while it has no thread."""

    HEAD = auto()
    """The next request's head, or only its first bytes where the connection is kept alive."""
    FIRST = auto()
    """A moment for the body that follows its head at once, so that most requests need one look."""
    BODY = auto()
    """A body that the application wants and that is not here yet."""
    PLACE = auto()
    """One of the threads that long uploads may have."""
    THREAD = auto()
    WRITE = auto()
    """The client to take what was sent."""
    LINGER = auto()
    """The client to hang up, so that an answer is not lost by what it still sends."""


class Parked(BaseException):
    """The application wants a body that is not here yet; it is asked again when more has come.

    No Exception: nothing on the way may take it for an error of the application.
    """


class Reader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads for gunicorn's parser and counts; `frozen` it has nothing but what came already.

    Only a connection that has a place for long uploads is waited for. For others all that their request needs should be
    here, by our own reading of its head; where gunicorn's is another, the body ends there.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.sock)
        self._connection = connection
        self.frozen = False

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes of the socket."""
        if self.frozen:
            raise BlockingIOError
        if not self._connection.has_place and not _is_readable(self.sock):
            return b""
        data: bytes = super().chunk(size_hint)
        self._connection.came += len(data)
        return data

    def is_read(self, parser: Any) -> bool:
        """Tell whether the body was read, or is here to be passed over, so that the next request can be found."""
        self.frozen = True
        try:
            return bool(parser.finish_body())
        except (OSError, ParseException):
            return False
        finally:
            self.frozen = False


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.parser: Any = None
        self.state = State.HEAD
        self.held = bytearray()
        """What came and no thread has read yet; a request that is parked is here from its beginning."""
        self.came = 0
        self.ended = False
        self.began = self.moved = time.monotonic()
        self.deadline = 0.0
        self.passes = 0
        self.ready = False
        """Whether the application may read the body: it is here, or a good piece of it, or no more will come."""
        self.has_place = False
        """Whether a thread may wait for the body."""
        self.asks = self.broken = False
        self.late = ""
        """Why the rest of the body is not waited for."""
        self.answer: Answer | None = None
        self._marks = ((0.0, 0), (0.0, 0))

    def enter(self, state: State, seconds: float) -> None:
        """Begin to wait, for so long at most."""
        self.state, self.began = state, time.monotonic()
        self.deadline = self.began + seconds

    def take(self, data: bytes) -> None:
        """Keep what came."""
        self.held += data
        self.came += len(data)
        self.moved = time.monotonic()

    def next_request(self) -> None:
        """Forget the request that was answered, but not what came of the next one."""
        left = self.parser.unreader.take_buffered()
        self.parser, self.answer = None, None
        self.passes, self.ready, self.late, self.came = 0, False, "", len(left)
        self.has_place = self.asks = False
        self.held = bytearray(left)

    def at_hand(self) -> int:
        """Return how much came that the thread has not read yet, beside what the system holds."""
        return int(self.parser.unreader.buf.getbuffer().nbytes)

    def head_is_here(self) -> bool:
        """Tell whether a request's head is here."""
        while self.held[:2] == b"\r\n":
            del self.held[:2]
        return b"\r\n\r\n" in self.held

    def body_is_here(self) -> bool:
        """Tell whether the request's body is here."""
        head, came = self._split()
        missing = how_much(head, came)
        return missing is not None and len(came) >= missing

    def is_cut_off(self) -> bool:
        """Tell whether the client has hung up before all of its body was sent.

        One that only has nothing more to send looks the same, and may have sent all; that is in the system's memory.
        """
        found = select.poll()
        found.register(self.sock, _GONE)
        events = found.poll(0)
        if not events or events[0][1] & (select.POLLHUP | select.POLLERR):
            return bool(events)
        head, came = self._split()
        missing = how_much(head, came)
        unread = struct.unpack("i", fcntl.ioctl(self.sock, termios.FIONREAD, b"\0" * 4))[0]
        return missing is not None and len(self.held) - len(head) + unread < missing

    def body_has_begun(self) -> bool:
        """Tell whether the body is here, or a piece of it for which a thread is worth its while."""
        return len(self._split()[1]) >= BODY_BYTES or self.body_is_here()

    def expects(self) -> bool:
        """Tell whether the client waits to be told that it may send its body."""
        return _EXPECTS.search(self._split()[0]) is not None

    def begin(self, request: Any) -> None:
        """Note that a request goes to the application; gunicorn would call for its body before anybody wants it."""
        self.passes += 1
        self.asks = self.passes == 1 and request._expected_100_continue  # noqa: SLF001 - no other way to it
        request._expected_100_continue = False  # noqa: SLF001 - no other way to it

    def tell_to_go_on(self) -> None:
        """Say to a client that waits for it that its body is wanted."""
        if self.asks:
            self.asks = False
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def break_off(self) -> None:
        """Have the client see that its answer is not whole: to one of HTTP/1.0 an orderly end would say that it is."""
        self.broken = True
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def sample(self, now: float) -> None:
        """Note how much came until now; called while a thread reads a body."""
        if now - self._marks[1][0] >= SAMPLE_SECONDS:
            self._marks = (self._marks[1], (now, self.came))

    def recent_rate(self, now: float) -> float:
        """Return how many bytes a second came lately."""
        since, came = self._marks[0]
        if since < self.began:
            since, came = self.began, 0
        return (self.came - came) / max(now - since, 0.001)

    def rate(self, now: float) -> float:
        """Return how many bytes a second moved since the connection began to do what it does."""
        return (self.came + (self.answer.out.sent if self.answer else 0)) / max(now - self.began, 0.001)

    def _split(self) -> tuple[bytes, bytes]:
        at = self.held.find(b"\r\n\r\n") + 4
        return bytes(self.held[:at]), bytes(self.held[at : at + BODY_BYTES])


def _is_readable(connection: socket.socket) -> bool:
    found = select.poll()
    found.register(connection, select.POLLIN)
    return bool(found.poll(0))


def how_much(head: bytes, came: bytes) -> int | None:
    """Return the bytes of a body as they are sent, None where a chunked one has no end yet."""
    if _CHUNKED.search(head):
        return _chunks(came)
    found = _LENGTH.search(head)
    if not found:
        return 0
    return int(found[1] or 0) if len(found[1]) <= _DIGITS else int(10**_DIGITS)


def _chunks(came: bytes) -> int | None:
    at = 0
    while (end := came.find(b"\r\n", at)) >= 0:
        size = came[at:end].partition(b";")[0].rstrip(b" \t")
        if not _SIZE.fullmatch(size):
            return 0  # whoever reads it says what is wrong
        length = int(size, 16)
        if length == 0:
            last = came.find(b"\r\n\r\n", end)
            return None if last < 0 else last + 4
        at = end + 2 + length + 2
        if at <= len(came) and came[at - 2 : at] != b"\r\n":
            return 0
    return None


def send_buffer(connections: int) -> int:
    """Return how much the kernel may keep for one client that does not read, with so many of them."""
    return max(SEND_LEAST, min(SEND_MOST, SEND_ALL // max(1, connections)))
