"""A disk that fails where data is to be kept: what may be lost is not counted as here, and nothing stays behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api import tus
from tests.api.asserting import assert_problem


def _fails_once(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """Have a call of `os` fail the first time alone, as the kernel tells of a write that was lost once alone."""
    real, calls = getattr(os, name), [0]

    def failing(fd: int) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(fd)

    monkeypatch.setattr(f"app.resumable.os.{name}", failing)
    return calls


def test_piece_that_may_be_lost_is_sent_again(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(client, 10)
    tus.patch(client, address, 0, b"hello")
    calls = _fails_once(monkeypatch, "fdatasync")

    assert_problem(tus.patch(client, address, 5, b"world"), 503, "VolumeNotReady")
    assert tus.offset(client, address) == 5
    assert tus.patch(client, address, 5, b"world").status_code == 204
    assert calls[0] == 2


def test_upload_that_could_not_begin_leaves_nothing(
    client: FlaskClient, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fails_once(monkeypatch, "fsync")

    answer = client.post("/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "5"})

    assert_problem(answer, 503, "VolumeNotReady")
    assert os.listdir(root / "uploads" / "resumable") == []
