"""What every good and every bad answer must look like; the tests of all routes go through these two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from app.guard import HEADERS
from app.problems import WAITING

ANSWER_FIELDS = ["name", "createdAt", "phase", "progress", "conditions", "input", "result", "links"]
PROBLEM_FIELDS = {"type", "title", "status", "detail", "reason", "hint", "retryable", "requestId"}


def assert_answer(response: TestResponse, status: int = 200) -> dict[str, Any]:
    """Assert that this is the public form of one request, and return it."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    _assert_headers(response)
    body = response.get_json()
    assert [name for name in body if name != "queue"] == ANSWER_FIELDS  # who waits has a place, once it is known
    assert list(body["input"]) == ["name", "bytes", "sha256"]
    return dict(body)


def assert_problem(response: TestResponse, status: int, reason: str) -> dict[str, Any]:
    """Assert that this is an error in the one shape, with this status and reason, and return it."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    _assert_headers(response)
    body = response.get_json()
    assert body.keys() >= PROBLEM_FIELDS
    assert body["status"] == status
    assert body["reason"] == reason
    assert body["type"] == f"tag:textmill.dev,2026:problem:{reason}"
    assert body["detail"].endswith(".")
    assert body["hint"].endswith(".")
    assert body["requestId"] == response.headers["X-Request-ID"]
    assert ("Retry-After" in response.headers) is (status in WAITING)
    text = response.get_data(as_text=True)
    assert "Traceback" not in text
    assert 'File "' not in text
    return dict(body)


def files(root: Path) -> list[str]:
    """Return all files on a volume but its marker, as sorted paths beneath its root."""
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())
    return sorted(path for path in found if path != "textmill-volume.json")


def _assert_headers(response: TestResponse) -> None:
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert response.headers["X-Request-ID"]
