"""Has an answer be whole where the wish for a part must be ignored (RFC 9110, 14.2): a `Range` is an option, no order.

Werkzeug answers units that it does not know, and several parts at once, with 416. So a `Range` that is not one range of
bytes of a GET is taken away before anybody looks at it.
"""

from __future__ import annotations

import re

from flask import Flask, request

_ONE_RANGE = re.compile(r"bytes=(\d+-\d*|-\d+)", re.IGNORECASE)


def register(application: Flask) -> None:
    """Look at every request of this application before it is served."""
    application.before_request(_ignore)


def _ignore() -> None:
    given = request.headers.get("Range")
    if given is not None and (request.method != "GET" or not _ONE_RANGE.fullmatch(given.strip())):
        del request.environ["HTTP_RANGE"]
