"""What is said where a request cannot even be parsed: a header beyond the limit, a broken first line.

Such a request never reaches Flask, and gunicorn answers it with a page of HTML. It gets the same
`application/problem+json` as everything else, and the connection is closed, since nobody knows where the next
request on it would begin.
"""

from __future__ import annotations

import json
import logging
import secrets

from gunicorn.http import errors  # type: ignore[import-untyped]  # gunicorn has no types

from app.guard import HEADERS
from app.problems import MEDIA_TYPE, document

_log = logging.getLogger("textmill.server")
_STATUS: dict[type[Exception], tuple[int, str, str]] = {
    errors.LimitRequestLine: (414, "AddressTooLong", "The address is too long"),
    errors.LimitRequestHeaders: (431, "HeadersTooLarge", "The headers are too large"),
    errors.ExpectationFailed: (417, "ExpectationUnknown", "This expectation is not known"),
    errors.UnsupportedTransferCoding: (501, "TransferCodingUnknown", "This transfer coding is not known"),
}
_UNREADABLE = (400, "RequestUnreadable", "This is no readable HTTP request")
REFUSALS = (*_STATUS.values(), _UNREADABLE)
"""Status, reason and title of everything that is said here."""
_HINTS = {
    "AddressTooLong": "The request line may have 8190 bytes.",
    "HeadersTooLarge": "There may be 64 headers, of 8190 bytes each and 131072 in all.",
    "ExpectationUnknown": "Send `Expect: 100-continue`, or no such header.",
    "TransferCodingUnknown": "Use chunked, or send the body with a Content-Length.",
    "RequestUnreadable": "Check the client, or what stands between it and this service.",
}


def refusal(error: BaseException) -> bytes:
    """Return the answer to a request that could not be read, and note why in the log."""
    if isinstance(error, (errors.ParseException, OSError)):
        status, reason, title = _STATUS.get(type(error), _UNREADABLE)
        _log.warning(
            "unreadable request", extra={"reason": reason, "kind": type(error).__name__}
        )  # never what was sent
    else:
        status, reason, title = 500, "InternalError", "Something went wrong here"
        _log.error("error outside the application", exc_info=error)
    return _answer(status, reason, title)


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
