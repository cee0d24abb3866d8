"""What holds for every request: who may ask, what each answer carries, and one log line.

A service on a laptop's loopback is reachable by any web page that the person opens. A page of another site can point
its own name at 127.0.0.1 (DNS rebinding), so the Host must be one of ours; and it can post forms here without asking,
so a change with a foreign Origin is refused. Probes and metrics are exempt from the Host check: a kubelet asks by
address.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from app.errors import HostNotAllowed, OriginNotAllowed
from app.rates import PROBES
from app.room import room

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    # Not no-referrer: with that, browsers send the page's own forms with `Origin: null`, which is refused below.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_COUNTED = _SAFE | {"POST", "PATCH", "DELETE"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("textmill.access")


def register(application: Flask) -> None:
    """Put the guard before and after every request of this application."""
    application.before_request(_begin)
    application.before_request(_check_host)
    application.before_request(_check_origin)
    application.after_request(_finish)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.monotonic()


def _check_host() -> None:
    allowed = room().settings.allowed_hosts
    if "*" in allowed or request.endpoint in PROBES:
        return
    name = host_name(request.headers.get("Host", ""))
    if name not in allowed:
        raise HostNotAllowed(f"The request was addressed to {name[:120]!r}.")


def _check_origin() -> None:
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    if origin is not None and _place(origin) != request.headers.get("Host", "").lower():
        raise OriginNotAllowed(f"The request comes from a page of {origin[:120]!r}.")
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise OriginNotAllowed("The browser says that a page of another site sent this.")


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets that do not close, and the like
        return ""


def host_name(host: str) -> str:
    """Return a Host header's name in lower case, without the port."""
    return re.sub(r":\d*$", "", host).lower()


def _finish(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["X-Request-ID"] = g.get("request_id", "")
    route = request.url_rule.rule if request.url_rule else "none"
    seconds = time.monotonic() - g.get("began", time.monotonic())
    metrics = room().metrics
    method = request.method if request.method in _COUNTED else "other"
    metrics.answers.labels(method, route, answer.status_code).inc()
    metrics.seconds.labels(route).observe(seconds)
    level = logging.DEBUG if request.endpoint in PROBES else logging.INFO
    _log.log(
        level,
        "answered",
        extra={
            "method": request.method,
            "route": route,
            "request_name": (request.view_args or {}).get("name"),
            "status": answer.status_code,
            "seconds": round(seconds, 4),
            "request_id": g.get("request_id"),
        },
    )
    return answer
