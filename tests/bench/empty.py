"""The API with two addresses more: `POST /empty` reads a body and does nothing, `GET /large` has much to say.

The first is what an upload is held against, the second what a client asks for that reads nothing.

It passes the same gunicorn, guard and metrics, so that the difference is what the upload itself does.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app import create_app


def application() -> Flask:
    """Return the API with the address that does nothing."""
    made = create_app()
    made.add_url_rule("/empty", "empty", _read, methods=["POST"])
    made.add_url_rule("/large", "large", _say)
    return made


def _read() -> Response:
    request.environ["wsgi.input"].read(request.content_length or 0)
    return Response(status=202)


def _say() -> Response:
    return Response(b"x" * 65536 for _ in range(1024))
