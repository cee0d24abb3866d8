"""The API with one address more, `POST /empty`, which reads a body and does nothing: what an upload is held against.

It passes the same gunicorn, guard and metrics, so that the difference is what the upload itself does.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app import create_app


def application() -> Flask:
    """Return the API with the address that does nothing."""
    made = create_app()
    made.add_url_rule("/empty", "empty", _read, methods=["POST"])
    return made


def _read() -> Response:
    request.environ["wsgi.input"].read(request.content_length or 0)
    return Response(status=202)
