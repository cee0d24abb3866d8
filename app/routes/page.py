"""The plain page at `/`: send a file, watch it, see its result. It works without scripts.

What it shows is the public form of a request, the same that programs get. The script on it only asks for the state
and reloads when that has changed; without one the page reloads itself. Numbers and bars are made here, so the
templates hold no logic and the strict content policy needs no exception: bars are widths of SVG rectangles, not
styles.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from app.answers import Answer, answer, failure
from app.cluster import ClusterError
from app.room import room
from app.routes.requests import find, query
from app.routes.uploads import take_upload
from textmill.request import ENDS

page = Blueprint("page", __name__)
RECENT = 20
SCANNED = 500
"""The API server lists by name, not by time: the most recent are picked among so many."""


@page.get("/")
def home() -> Response:
    """Show the form and the most recent requests."""
    query()
    recent, more, trouble = _recent()
    return make_response(
        render_template("home.html", recent=recent, more=more, trouble=trouble, limit=room().settings.max_upload_bytes)
    )


@page.post("/")
def send() -> AnyResponse:
    """Take the form's file and go on to its page."""
    created = take_upload(blanks=True)
    return redirect(f"/view/{created.body['metadata']['name']}", code=303)


@page.get("/view/<name>")
def view(name: str) -> Response:
    """Show one request: its state, and its result once there is one."""
    query()
    body = find(name)
    shown = answer(body)
    return make_response(
        render_template(
            "view.html",
            shown=shown,
            bars=_bars(shown),
            failure=failure(body),
            finished=shown["phase"] in ENDS,
        )
    )


def _recent() -> tuple[list[Answer], bool, ClusterError | None]:
    try:
        found = room().cluster.page(limit=SCANNED)
    except ClusterError as error:
        return [], False, error
    newest = sorted(found.items, key=lambda body: body["metadata"].get("creationTimestamp") or "", reverse=True)
    return [answer(body) for body in newest[:RECENT]], bool(found.token) or len(newest) > RECENT, None


def _bars(shown: Answer) -> list[dict[str, Any]]:
    words = (shown["result"] or {}).get("topWords") or []
    most = max((one["count"] for one in words), default=1)
    return [{**one, "percent": round(100 * one["count"] / most, 1)} for one in words]
