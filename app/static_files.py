"""Compresses the page's own scripts and styles, where the browser takes that: on a phone the page is there sooner.

The pages themselves are not compressed: they hold signed links beside what a visitor typed, and the size of an answer
that is compressed tells of what is in it. The tag is weak, since the bytes differ and the content does not.
"""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, Response, request

from app.compression import chosen, compressed

ENDPOINT = "static"
_FILES = 64


def register(application: Flask) -> None:
    """Compress what this application sends of its static folder."""
    application.after_request(_compress)


def _compress(response: Response) -> Response:
    if request.endpoint != ENDPOINT or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    coding, (tag, _) = chosen(request.accept_encodings), response.get_etag()
    if not coding or not tag or request.method != "GET":
        return response
    response.direct_passthrough = False
    response.set_data(_coded(response.get_data(), coding))
    response.headers["Content-Encoding"] = coding
    response.set_etag(tag, weak=True)
    return response


@lru_cache(_FILES)
def _coded(data: bytes, coding: str) -> bytes:
    return b"".join(compressed(iter((data,)), coding))
