"""The page at `/`: send files, watch them, see and search their results. It works without scripts.

What it shows is the public form of a request, the same that programs get. A script on it sends files in pieces and puts
what has changed in place of what is there, both out of these same answers; without one the page reloads itself.
Numbers and bars are made here, so the templates hold no logic and the strict content policy needs no exception: bars
are widths of SVG rectangles, not styles.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import search, story, tables
from app.answers import Answer, answer, failure
from app.board import ROWS, WINDOW, Wanted, board, is_over
from app.cluster import Body, ClusterError
from app.errors import AppError, FieldInvalid, ResultGone
from app.lines import Lines
from app.opening import open_table
from app.room import room
from app.routes.requests import PHASES, find, is_name, number
from app.routes.uploads import take_upload
from textmill import layout

page = Blueprint("page", __name__)
WORDS = 15
MATCHES = 100
LOOKED = 2_000_000
"""Lines of a table that one search on the page looks through."""


@page.app_context_processor
def told() -> dict[str, Any]:
    """Tell every template whether people sign in here."""
    return {"tokens": room().door.on}


def _asked(*known: str) -> dict[str, str]:
    """Return the query's parameters that a page knows; links bring others along, such as `utm_source`."""
    return {name: request.args[name] for name in known if name in request.args}


@page.get("/")
def home() -> Response:
    """Show the form and the list of requests."""
    asked = _asked("phase", "name", "continue", "page", "deleted")
    wanted = Wanted(
        phase=asked.get("phase", ""),
        name=asked.get("name", "").strip()[:200],
        token=asked.get("continue", ""),
        page=number(asked.get("page", "1"), "page", 1, 10_000),
    )
    if wanted.phase and wanted.phase not in PHASES:
        raise FieldInvalid(f"phase is {wanted.phase[:40]!r}; there are: {', '.join(PHASES)}.")
    seen = board(room().cluster, wanted)
    return _page(
        "home.html",
        board=seen,
        wanted=wanted,
        address=lambda **changes: f"/?{urlencode(wanted.query(**changes))}#requests",
        number=min(wanted.page, seen.pages),
        filtered=bool(wanted.query()),
        phases=PHASES,
        deleted=asked.get("deleted", "") if is_name(asked.get("deleted", "")) else "",
        rows=ROWS,
        window=WINDOW,
        lines=_lines().of_list(wanted.phase, ROWS),
        limit=room().settings.max_upload_bytes,
        lack=_lack(),
    )


@page.post("/")
def send() -> AnyResponse:
    """Take the form's file and go on to its page."""
    created = take_upload(blanks=True)
    return redirect(f"/view/{created.body['metadata']['name']}", code=303)


@page.get("/view/<name>")
def view(name: str) -> Response:
    """Show one request: its state, its result once there is one, and what has happened to it."""
    words = _asked("words").get("words", "").strip()[: search.LONGEST]
    body = find(name)
    shown, status = answer(body), body.get("status") or {}
    finished = is_over(shown["phase"])
    return _page(
        "view.html",
        shown=shown,
        says=story.PHASES.get(shown["phase"], ""),
        took=story.took(status),
        bars=_bars(shown),
        failure=failure(body),
        finished=finished,
        words=words,
        found=_words(body, words) if shown["result"] else None,
        most=MATCHES if words else WORDS,
        conditions=story.conditions(status),
        events=_events(body),
        lines=_lines().of_request(name, finished=finished, result=bool(shown["result"]), words=words),
    )


@page.post("/view/<name>/delete")
def delete(name: str) -> AnyResponse:
    """Cancel a request that runs, or delete one that is over, and go back to the list."""
    find(name)
    room().cluster.delete(name)
    return redirect(f"/?{urlencode({'deleted': name})}", code=303)


def _page(template: str, **values: Any) -> Response:
    answered = make_response(render_template(template, is_over=is_over, **values))
    answered.headers["Cache-Control"] = "private, no-cache"
    return answered


def _lines() -> Lines:
    return Lines(request.host_url, room().cluster.namespace, tokens=room().door.on)


def _lack() -> str:
    """Return why uploads are not let in now; empty where they are, or where the volume cannot be asked."""
    try:
        return room().volume.space().lack()
    except AppError:
        return ""


def _bars(shown: Answer) -> list[dict[str, Any]]:
    words = (shown["result"] or {}).get("topWords") or []
    most = max((one["count"] for one in words), default=1)
    return [{**one, "percent": round(100 * one["count"] / most, 1)} for one in words]


def _events(body: Body) -> list[story.Step] | AppError:
    try:
        return story.events(room().cluster.events(str(body["metadata"]["uid"])))
    except ClusterError as error:  # the rest of the page is worth showing
        return error


def _words(body: Body, text: str) -> search.Found | AppError:
    try:
        file, verification = open_table(room(), body, layout.TABLE_CSV, "csv")
        with file:
            tables.skip_header(file)
            found = search.first(tables.blocks(file), text, MATCHES if text else WORDS, LOOKED)
        if verification.good is False:  # which turned out meanwhile
            raise ResultGone("The table on the volume holds other bytes than the status says.")
        return found
    except AppError as error:
        return error
