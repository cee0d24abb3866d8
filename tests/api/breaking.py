"""The API with one address more: `GET /breaks` begins an answer and then fails."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response

from app import create_app


def application() -> Flask:
    """Return the API with the address that fails."""
    made = create_app()
    made.add_url_rule("/breaks", "breaks", lambda: Response(_pieces()))
    return made


def _pieces() -> Iterator[bytes]:
    yield b"half of it"
    raise OSError("the rest cannot be read")
