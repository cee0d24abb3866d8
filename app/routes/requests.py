"""`GET /requests`, `GET` and `DELETE /requests/NAME`: what the cluster knows, in the public shape.

Filtering and paging are the API server's: a field selector on the phase and its own continue token, so of a list of ten
thousand only what is shown is read.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify
from flask import request as current

from app import following, queueing
from app.answers import answer
from app.cluster import Body, Conflict, NotFound
from app.errors import FieldInvalid, FieldRepeated, FieldUnknown, PreconditionFailed
from app.pages import slim_page
from app.room import room
from textmill.request import COUNTING, FAILED, PENDING, SUCCEEDED, SUSPENDED, TOKENIZING

requests = Blueprint("requests", __name__)
PHASES = (PENDING, SUSPENDED, TOKENIZING, COUNTING, SUCCEEDED, FAILED)
PAGE_LIMIT = 500
LONGEST_WAIT = 60
_WAIT = re.compile(r"([0-9]{1,4})s?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def query(*known: str) -> dict[str, str]:
    """Return the query's parameters, each known and given once."""
    for name, values in current.args.lists():
        if name not in known:
            raise FieldUnknown(f"There is no parameter {name[:80]!r}; there are: {', '.join(known) or 'none'}.")
        if len(values) > 1:
            raise FieldRepeated(f"The parameter {name!r} was given more than once.")
    return current.args.to_dict()


def number(text: str, name: str, low: int, high: int) -> int:
    """Return a parameter as a whole number within bounds."""
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise FieldInvalid(f"{name} is {text[:40]!r}; write a whole number from {low} to {high}.")
    return int(text)


def is_name(text: str) -> bool:
    """Tell whether this could be a request's name."""
    return _NAME.fullmatch(text) is not None


def find(name: str) -> Body:
    """Return the resource of this name; a name that none can have is not even asked for."""
    if not is_name(name):
        raise NotFound(f"There is no request named {name[:80]!r}.")
    return room().cluster.get(name)


@requests.get("/requests")
def listing() -> Response:
    """List requests, page by page."""
    asked = query("phase", "limit", "continue")
    phase = asked.get("phase", "")
    if "phase" in asked and phase not in PHASES:
        raise FieldInvalid(f"phase is {phase[:40]!r}; there are: {', '.join(PHASES)}.")
    page = slim_page(
        room().cluster,
        fields=f"status.phase={phase}" if phase else "",
        limit=number(asked.get("limit", "100"), "limit", 1, PAGE_LIMIT),
        token=asked.get("continue", ""),
    )
    return jsonify({"items": [answer(body) for body in page.items], "continue": page.token or None})


@requests.get("/requests/<name>")
def one(name: str) -> Response:
    """Show one request; with `wait` not before it has ended, or is another than the client knows."""
    asked = query("wait")
    body = _waited(name, asked["wait"]) if "wait" in asked else find(name)
    place = queueing.place(room(), body)
    response = jsonify(answer(body) | ({"queue": place.to_dict()} if place else {}))
    tag = "-".join((_version(body), *map(str, place or ())))
    response.set_etag(_known(body) or tag if "wait" in asked else tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(current)
    return response


@requests.delete("/requests/<name>")
def delete(name: str) -> Response:
    """Delete one request; what runs for it is stopped by the operator."""
    body = find(name) if current.if_match else None
    if body and not _is_known(body):
        raise PreconditionFailed(f"The request {name} has changed since.")
    if not is_name(name):
        raise NotFound(f"There is no request named {name[:80]!r}.")
    try:
        room().cluster.delete(name, _version(body) if body and not current.if_match.star_tag else "")
    except Conflict as error:
        raise PreconditionFailed(f"The request {name} has changed since.") from error
    return Response(status=204)


def _is_known(body: Body) -> bool:
    """Tell whether the caller knows this state; behind the version a tag holds the place in the queue."""
    return current.if_match.star_tag or _version(body) in {tag.partition("-")[0] for tag in current.if_match}


def _waited(name: str, text: str) -> Body:
    found = _WAIT.fullmatch(text)
    if not found or int(found[1]) > LONGEST_WAIT:
        raise FieldInvalid(f"wait is {text[:40]!r}; write seconds, from 0s to {LONGEST_WAIT}s.")
    tags = current.if_none_match
    return following.wait(
        room(), name, int(found[1]), lambda: find(name), lambda body: not tags or tags.star_tag or bool(_known(body))
    )


def _known(body: Body) -> str:
    """Return the tag by which the client knows this state; empty where it knows another or none.

    A place in the queue is part of a tag, but no reason to end a wait: a queue may move all the time.
    """
    tags = current.if_none_match.as_set(include_weak=True)
    return next((tag for tag in sorted(tags) if tag.partition("-")[0] == _version(body)), "")


def _version(body: Body) -> str:
    return str(body["metadata"].get("resourceVersion"))
