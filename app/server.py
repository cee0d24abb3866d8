"""gunicorn's threaded worker, with its own refusals in the shape of all our errors.

A request that cannot even be parsed (a header beyond the limit, a broken first line) never reaches Flask: gunicorn
answers it with a page of HTML. This worker answers it with the same `application/problem+json` as everything else,
and closes the connection, since nobody knows where the next request on it would begin.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
import threading
from types import FrameType
from typing import Any

from gunicorn.http import errors  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # gunicorn has no types

from app.finishing import keep_finishing
from app.guard import HEADERS
from app.pace import pace
from app.problems import MEDIA_TYPE, document
from app.room import of_application

_log = logging.getLogger("textmill.server")
_STATUS: dict[type[Exception], tuple[int, str, str]] = {
    errors.LimitRequestLine: (414, "AddressTooLong", "The address is too long"),
    errors.LimitRequestHeaders: (431, "HeadersTooLarge", "The headers are too large"),
    errors.UnsupportedTransferCoding: (501, "TransferCodingUnknown", "This transfer coding is not known"),
}
_UNREADABLE = (400, "RequestUnreadable", "This is no readable HTTP request")
REFUSALS = (*_STATUS.values(), _UNREADABLE)
"""Status, reason and title of everything that is said here."""
_HINTS = {
    "AddressTooLong": "The request line may have 8190 bytes.",
    "HeadersTooLarge": "There may be 64 headers of 8190 bytes each.",
    "TransferCodingUnknown": "Use chunked, or send the body with a Content-Length.",
    "RequestUnreadable": "Check the client, or what stands between it and this service.",
}


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """The threaded worker; it refuses in our shape what it cannot read, bounds heads, ends streams at a stop."""

    head_seconds = 20.0

    def run(self) -> None:
        """Serve; uploads that a crash left whole become requests meanwhile."""
        parts = of_application(self.wsgi)
        arguments = (parts, parts.watch.stopping.wait)
        threading.Thread(target=keep_finishing, args=arguments, name="finishing", daemon=True).start()
        super().run()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop: event streams end now, other requests may still end by themselves."""
        of_application(self.wsgi).watch.begin_to_stop()
        super().handle_exit(sig, frame)

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection; its head must be there within some seconds, however it trickles in."""
        conn.head = pace.begin(conn.sock, self.head_seconds)
        try:
            return super().handle(conn)
        finally:
            pace.end(conn.head)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve a request whose head is there; a client that reads nothing of its answer for too long is dropped."""
        pace.end(conn.head)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            _log.info("client dropped: it read nothing of its answer for too long")
            return False

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn calls it so
        """Answer a request that could not be read."""
        if isinstance(exc, (errors.ParseException, OSError)):
            status, reason, title = _STATUS.get(type(exc), _UNREADABLE)
            _log.warning(
                "unreadable request", extra={"reason": reason, "kind": type(exc).__name__}
            )  # never what was sent
        else:
            status, reason, title = 500, "InternalError", "Something went wrong here"
            _log.error("error outside the application", exc_info=exc)
        try:
            client.setblocking(True)
            client.settimeout(1)
            client.sendall(_answer(status, reason, title))
        except OSError:
            _log.debug("nobody waits for the answer")


def _answer(status: int, reason: str, title: str) -> bytes:
    request_id = secrets.token_hex(8)
    hint = _HINTS.get(reason, "Try again; if it stays, give the operator of this service the request id.")
    told = document(
        reason=reason,
        title=title,
        status=status,
        detail=f"{title}.",
        hint=hint,
        retryable=False,
        request_id=request_id,
    )
    body = json.dumps(told).encode()
    headers = {
        **HEADERS,
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-ID": request_id,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {title}\r\n{head}\r\n".encode("latin-1") + body
