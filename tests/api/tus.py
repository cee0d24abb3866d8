"""A hand-made client of the protocol, for what the real clients do not do: wrong offsets, wrong sums, odd metadata."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asserting import files

PIECE = "application/offset+octet-stream"
VERSION = {"Tus-Resumable": "1.0.0"}


def metadata(**values: str) -> str:
    """Return values as Upload-Metadata."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    """Return an Upload-Checksum."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def create(client: FlaskClient, length: int | None, body: bytes | None = None, **headers: str) -> TestResponse:
    """Begin an upload; header names are given with underscores."""
    given = {**VERSION, **({"Upload-Length": str(length)} if length is not None else {}), **_headers(headers)}
    return client.post("/uploads", data=body, content_type=None if body is None else PIECE, headers=given)


def begun(client: FlaskClient, length: int, **headers: str) -> str:
    """Begin an upload that must be accepted; return its address."""
    answer = create(client, length, None, **headers)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.data == b""
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.headers["Location"]


def patch(client: FlaskClient, address: str, offset: int, data: bytes, **headers: str) -> TestResponse:
    """Send a piece."""
    given = {**VERSION, "Upload-Offset": str(offset), **_headers(headers)}
    return client.patch(address, data=data, content_type=PIECE, headers=given)


def head(client: FlaskClient, address: str) -> TestResponse:
    """Ask how far an upload is."""
    return client.head(address, headers=VERSION)


def offset(client: FlaskClient, address: str) -> int:
    """Return how far an upload is."""
    answer = head(client, address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def stored(root: Path) -> list[str]:
    """Return the digests of the content on a volume."""
    found = [path.rpartition("/")[2] for path in files(root) if "/resumable/" not in path]
    return sorted(found)


def _headers(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}
