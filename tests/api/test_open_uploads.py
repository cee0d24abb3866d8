"""Resumable uploads that are begun and never sent: bounded for each client and in all, over replicas and restarts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import open_uploads
from tests.api import tus
from tests.api.asserting import assert_problem


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two of a client be open and three in all, and look each time."""
    monkeypatch.setattr(open_uploads, "MOST", 3)
    monkeypatch.setattr(open_uploads, "MOST_OF_CLIENT", 2)
    monkeypatch.setattr(open_uploads, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(open_uploads, "COST", 0)


def _begin(client: FlaskClient, address: str = "192.0.2.1") -> TestResponse:
    headers = {**tus.VERSION, "Upload-Length": "1"}
    return client.post("/uploads", headers=headers, environ_base={"REMOTE_ADDR": address})


def _folders(root: Path) -> int:
    return len(list((root / "uploads" / "resumable").iterdir()))


def test_client_with_enough_open_gets_429_and_others_do_not(client: FlaskClient, root: Path) -> None:
    assert [_begin(client).status_code for _ in range(2)] == [201, 201]

    assert_problem(_begin(client), 429, "UploadsOpen")
    assert _begin(client, "192.0.2.2").status_code == 201
    assert_problem(_begin(client, "192.0.2.3"), 507, "AllUploadsOpen")
    assert _folders(root) == 3


def test_other_replica_counts_the_same(make: Callable[..., Flask], client: FlaskClient) -> None:
    assert [_begin(client).status_code for _ in range(2)] == [201, 201]

    assert_problem(_begin(make().test_client()), 429, "UploadsOpen")


def test_one_that_is_sent_or_ended_or_has_expired_makes_room(client: FlaskClient, root: Path) -> None:
    sent, ended = (_begin(client).headers["Location"] for _ in range(2))
    tus.patch(client, sent, 0, b"x")
    client.delete(ended, headers=tus.VERSION)
    assert [_begin(client).status_code for _ in range(2)] == [201, 201]
    assert_problem(_begin(client), 429, "UploadsOpen")

    old = time.time() - 90_000
    for data in (root / "uploads" / "resumable").glob("*/data"):
        os.utime(data, (old, old))
    assert _begin(client).status_code == 201


def test_uploads_begun_between_two_looks_count(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_uploads, "LOOK_SECONDS", 3600.0)

    assert [_begin(client).status_code for _ in range(3)] == [201, 201, 429]


def test_creation_that_is_repeated_under_its_key_is_no_further_one(client: FlaskClient) -> None:
    headers = {**tus.VERSION, "Upload-Length": "1", "Idempotency-Key": "k"}
    where = {"REMOTE_ADDR": "192.0.2.1"}
    first = client.post("/uploads", headers=headers, environ_base=where)
    _begin(client)

    again = client.post("/uploads", headers=headers, environ_base=where)

    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
