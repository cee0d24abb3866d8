"""`POST /requests/NAME/links`: a link to the table of words that works without a token until it expires.

What was asked for is checked here, so that a link that could never work is not made; the signature is `app/links.py`'s.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.links import make_link
from app.room import room
from app.routes.requests import find, number, query
from app.routes.results import table_asked
from textmill.request import to_time

links = Blueprint("links", __name__)
SECONDS = 3600


@links.post("/requests/<name>/links")
def make(name: str) -> Response:
    """Make a link to the table of words of one request."""
    asked = query("format", "limit", "seconds")
    settings = room().settings
    most = settings.link_max_seconds
    seconds = number(asked.pop("seconds", str(min(SECONDS, most))), "seconds", 1, most)
    table_asked(asked)
    body = find(name)
    address, expires = make_link(settings, f"/requests/{name}/words", str(body["metadata"]["uid"]), asked, seconds)
    response = jsonify({"href": address, "expiresAt": to_time(expires)})
    response.status_code = 201
    response.headers["Location"] = address
    response.headers["Cache-Control"] = "no-store"
    return response
