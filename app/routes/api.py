"""`/openapi.json` and `/api`: the interface's description for programs, and as a page to read and try it.

The page is made from the same document, so the two cannot differ. Its script sends what a form says and shows the
answer; without a script the page can still be read.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template

from app import openapi
from app.room import room
from app.routes.requests import query

api = Blueprint("api", __name__)


@api.get("/openapi.json")
def described() -> Response:
    """Answer with the document."""
    query()
    return jsonify(_document(room().door.on))


@api.get("/api")
def page() -> Response:
    """Show the document as a page."""
    found = _document(room().door.on)
    operations = [
        {"path": path, "method": method, **operation}
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]
    return make_response(render_template("api.html", document=found, operations=operations))


@cache
def _document(tokens: bool) -> dict[str, Any]:
    return openapi.document(_version(), tokens=tokens)


def _version() -> str:
    try:
        return metadata.version("textmill")
    except metadata.PackageNotFoundError:  # it runs from its folder
        return "0"
