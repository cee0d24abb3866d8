"""Takes a file out of an HTTP body and onto the volume in one pass, in blocks, whatever its size.

The file is the multipart field `file`, or the whole body when it is no form. Options may stand in the query, and in a
form before or after the file. The body is read from the server's own stream, 1 MiB at a time, with the length counted
here: a client that goes away must never leave half a file that looks whole. A client that stands still is given up,
since each upload holds a thread.
"""

from __future__ import annotations

import fcntl
import math
import socket
import termios
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # gunicorn has no types

from app import form, options, sent_headers
from app.connections import Parked
from app.errors import (
    AppError,
    BodyBroken,
    BodyCut,
    BodySlow,
    BodyStalled,
    DigestMismatch,
    FileMissing,
    MediaTypeUnsupported,
    TooLarge,
    TooManyUploads,
)
from app.pace import Read, pace
from app.room import room
from app.volume import Arrival, Stored, Volume
from textmill.display import shown_name

BLOCK = 1 << 20
LEAST_BLOCK = 16 << 10
QUICK_SECONDS = 0.5
FORM_ALLOWANCE = 1 << 20
"""Bytes that a form may have beside its file."""


@dataclass(frozen=True)
class Taken:
    """An upload that is on the volume: its content, the name to show, and the options that came with it."""

    stored: Stored
    shown: str
    options: options.Options


@dataclass(frozen=True)
class Patience:
    """How long a body may stand still, and how many bytes a second it must bring on the whole."""

    stall_seconds: float
    min_rate: int = 0

    def of(self, size: int) -> float:
        """Return the seconds that a read of this many bytes may take."""
        return max(self.stall_seconds, size / self.min_rate) if self.min_rate else math.inf


def take(request: Request, volume: Volume, limit: int, patience: Patience, *, blanks: bool = False) -> Taken:
    """Store the request's file and return what came; nothing is left on the volume when this raises.

    blanks: fields without a value count as not given, as an HTML form sends them.
    """
    asked = [*request.args.items(multi=True)]
    options.read(asked)
    is_form = request.mimetype == "multipart/form-data"
    named = "" if is_form else sent_headers.encoding(request.content_type or "")
    length = checked_length(request, limit + FORM_ALLOWANCE if is_form else limit)
    blocks = read_blocks(request, length, patience)
    with volume.arrival(limit, None if is_form or length is None else length) as arrival:
        file = form.read(request, blocks, arrival, asked) if is_form else _read_raw(request, blocks, arrival)
        said = [(name, text) for name, text in asked if text or not blanks]
        named = named or sent_headers.encoding(file.content_type)
        if named and "encoding" not in dict(said):
            said.append(("encoding", named))
        given = options.read(said)
        if given.sha256 not in (None, arrival.digest()):
            raise DigestMismatch(f"sha256 says {given.sha256}, the content that came has {arrival.digest()}.")
        return Taken(arrival.publish(), shown_name(given.filename or file.name), given)


def park() -> None:
    """Have the server wait for the body, without a thread, before anything is done that wants it.

    Who may not ask, and addresses that are none, are refused before: a body that nobody will read is not waited for.
    """
    connection = request.environ.get("textmill.connection")
    if connection is None or request.routing_exception is not None:
        return
    if connection.late == "full":
        raise TooManyUploads("All places for uploads are taken, and as many wait for one as may.")
    if connection.late == "waited":
        raise TooManyUploads("All places for uploads are taken, and none became free in time.")
    if not connection.ready:
        limit = room().settings.max_upload_bytes + FORM_ALLOWANCE
        if (request.content_length or 0) > limit:
            raise TooLarge(
                f"Content-Length is {request.content_length}; no body may have more than {limit} bytes here."
            )
        raise Parked


def checked_length(request: Request, limit: int) -> int | None:
    """Return the body's length, None where it is sent in chunks; TooLarge where it is above the limit."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported("Content-Encoding is not taken; send the file as it is.")
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        raise MediaTypeUnsupported("Of Transfer-Encoding only chunked is taken; send the file as it is.")
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return 0
    if length is not None and length > limit:
        raise TooLarge(f"Content-Length is {length}; at most {limit} bytes are taken here.")
    return length


def read_blocks(
    request: Request,
    length: int | None,
    patience: Patience,
    *,
    asked: Callable[[], bool] | None = None,
) -> Iterator[bytes]:
    """Read a body in blocks; None reads to its end. A short, stalled or slow one is an error, never a short body.

    What came of a block before it was dropped, for its slowness or because `asked` said so, is handed out before the
    error, for those who keep what they have. The server hands out a block when it has all of it, so while a client is
    slow the blocks are small: else the rate could only be judged after a megabyte.
    """
    stream = request.environ["wsgi.input"]
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(patience.stall_seconds)
    rest, size = length, LEAST_BLOCK
    while rest is None or rest > 0:
        size = max(size, min(BLOCK, _ready(request, connection)))
        wanted = size if rest is None else min(size, rest)
        began = time.monotonic()
        with pace.within(connection, patience.of(wanted), asked) as read:
            block = _read(stream, wanted, patience, read, request)
        if block:
            rest = None if rest is None else rest - len(block)
            yield block
        if read is not None and read.dropped:
            raise _dropped(patience, read)
        if not block:
            break
        size = min(BLOCK, size * 4) if time.monotonic() - began < QUICK_SECONDS else LEAST_BLOCK
    if rest:
        raise _late(request, patience) or BodyCut(
            f"The body ended {rest} bytes before the {length} that Content-Length says."
        )


def _all_that_came(stream: Any, size: int) -> bytes:
    try:
        return bytes(stream.read(size))
    except ConnectionResetError:  # the server still holds what came of this block before; then the body is at its end
        return bytes(stream.read(size))


def _ready(request: Request, connection: socket.socket | None) -> int:
    """Return how many bytes have come already: to read those cannot take long, whoever sends them."""
    if connection is None:
        return 0
    found = array("i", [0])
    fcntl.ioctl(connection, termios.FIONREAD, found)
    held = request.environ.get("textmill.connection")
    return found[0] + (held.at_hand() if held is not None else 0)


def _read(stream: Any, size: int, patience: Patience, read: Read | None, request: Request) -> bytes:
    try:
        block: bytes = _all_that_came(stream, size)
    except TimeoutError as error:
        raise BodyStalled(f"No data came for {patience.stall_seconds:g} seconds.") from error
    except ParseException as error:
        raise BodyBroken("The body is not in chunks as HTTP wants them.") from error
    except OSError as error:  # also the server's own error about a body that ends early
        if read is not None and read.dropped:
            raise _dropped(patience, read) from error
        if late := _late(request, patience):
            raise late from error
        raise BodyCut("The connection ended before the body did.") from error
    return block


def _late(request: Request, patience: Patience) -> AppError | None:
    """Return why the server no longer waits for this body, None where it does."""
    why = getattr(request.environ.get("textmill.connection"), "late", "")
    if why == "stalled":
        return BodyStalled(f"No data came for {patience.stall_seconds:g} seconds.")
    if why == "slow":
        return BodySlow(f"The body came with less than {patience.min_rate} bytes a second.")
    if why == "crowded":
        return BodySlow("Others wait for a place, and of the uploads that have one this was the slowest.")
    return None


def _dropped(patience: Patience, read: Read) -> BodySlow | BodyCut:
    if read.deadline > time.monotonic():
        return BodyCut("Another connection goes on with this upload.")
    return BodySlow(f"The body came with less than {patience.min_rate} bytes a second.")


def _read_raw(request: Request, blocks: Iterator[bytes], sink: Arrival) -> form.File:
    for block in blocks:
        sink.write(block)
    named = "filename" in request.args or "X-Filename" in request.headers
    untyped = request.mimetype in ("", "application/x-www-form-urlencoded")
    if sink.size == 0 and untyped and not named:
        raise FileMissing("The body is empty and no type or file name says that it is an empty file.")
    return form.File(sent_headers.file_name(request.headers.get("X-Filename", "")), "")
