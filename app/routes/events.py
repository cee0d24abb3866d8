"""`GET /requests/NAME/events`, `GET /requests/events`: server-sent events.

Each takes a place before it asks the cluster for anything, and subscribes before it reads a request's state, so no
change falls between the two. What is said, and when a stream ends, is `app/streams.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request

from app import streams
from app.following import follow
from app.room import room
from app.routes.requests import find, query
from app.view import change

events = Blueprint("events", __name__)
_VERSION = re.compile(r"[0-9A-Za-z]{1,40}")


@events.get("/requests/events")
def of_all() -> Response:
    """Stream the changes of all requests."""
    query()
    parts, seen = room(), _last_event_id()
    followed = follow(parts)
    texts = streams.all_events(parts.watch, followed.heard, seen, parts.settings.heartbeat_seconds)
    return _stream(texts, followed.close)


@events.get("/requests/<name>/events")
def of_one(name: str) -> Response:
    """Stream the states of one request until it has ended."""
    query()
    parts, seen = room(), _last_event_id()
    followed = follow(parts, name)
    with followed.closed_on_error():
        body = find(name)
    if streams.ended(body) and change(body).version == seen:
        followed.close()
        return Response(status=204)  # what tells a browser not to connect again
    texts = streams.one_events(parts.watch, followed.heard, body, seen, parts.settings.heartbeat_seconds)
    return _stream(texts, followed.close)


def _last_event_id() -> str:
    given = request.headers.get("Last-Event-ID", "")
    return given if _VERSION.fullmatch(given) else ""


def _stream(texts: Iterator[str], close: Callable[[], None]) -> Response:
    streams.keep_little(request.environ)
    answer = Response(texts, mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(close)
    return answer
