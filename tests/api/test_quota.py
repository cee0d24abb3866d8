"""A ResourceQuota that refuses a request is a full queue to the caller, who is told when to come again."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import finishing
from app.cluster import ClusterError, Denied, QuotaReached
from app.errors import QueueFull
from app.kubernetes_cluster import KubernetesCluster
from app.room import of_application
from tests.api import tus
from tests.api.asserting import assert_answer, assert_problem
from tests.api.fake_cluster import FakeCluster

BEGINNING = 'processingrequests.textmill.dev "fox" is forbidden: '
COUNTED = "count/processingrequests.textmill.dev"
EXCEEDED = f"{BEGINNING}exceeded quota: team, requested: {COUNTED}=1, used: {COUNTED}=20, limited: {COUNTED}=20"
ALLOWED = "The namespace's ResourceQuota 'team' allows at most 20 requests, finished ones included."


class _Refusing(BaseHTTPRequestHandler):
    """Answers as an API server that refuses whatever is made; the test says with which message."""

    message = ""

    def do_POST(self) -> None:
        """Refuse."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"kind": "Status", "code": 403, "reason": "Forbidden", "message": self.message}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[KubernetesCluster]:
    """Return our access to an API server that refuses."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        entry = {"cluster": {"server": f"http://127.0.0.1:{server.server_port}"}, "name": "one"}
        context = {"name": "one", "context": {"cluster": "one", "user": "one"}}
        users = [{"name": "one", "user": {}}]
        config = {"clusters": [entry], "contexts": [context], "users": users, "current-context": "one"}
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
        with contextlib.closing(KubernetesCluster("team-a", 5, str(tmp_path / "kubeconfig"))) as made:
            yield made
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("message", "kind", "told"),
    [
        (EXCEEDED, QuotaReached, ALLOWED),
        (
            f"{BEGINNING}exceeded quota: team, requested: nothing",
            QuotaReached,
            "The namespace's ResourceQuota 'team' allows no more requests, finished ones included.",
        ),
        (f"{BEGINNING}exceeded quota: ", QuotaReached, None),
        (f"{BEGINNING}User cannot create resource", Denied, f"{BEGINNING}User cannot create resource"),
    ],
    ids=["reached", "no numbers", "cut off", "no right"],
)
def test_quota_is_told_from_a_missing_right(
    refusing: KubernetesCluster,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    kind: type[ClusterError],
    told: str | None,
) -> None:
    monkeypatch.setattr(_Refusing, "message", message)

    with pytest.raises(ClusterError) as refused:
        refusing.create({"metadata": {"name": "fox"}})

    assert type(refused.value) is kind
    assert told in (None, refused.value.detail)


def test_quota_is_a_full_queue(cluster: FakeCluster) -> None:
    cluster.quota = 0

    with pytest.raises(QueueFull):
        cluster.create({})


def _upload(client: FlaskClient, data: bytes, key: str = "") -> TestResponse:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/upload", data=data, content_type="text/plain", headers=headers)


def test_upload_beyond_the_quota_is_kept_and_told_when_to_come(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.quota = 1
    first = assert_answer(_upload(client, b"a"), 202)["name"]

    response = _upload(client, b"b")

    problem = assert_problem(response, 429, "QueueFull")
    assert problem["retryable"]
    assert int(response.headers["Retry-After"]) > 0
    assert "finished requests" in problem["hint"]
    cluster.delete(first)
    assert_answer(client.post(problem["next"]["href"], json=problem["next"]["body"]), 202)


def test_key_of_a_request_that_is_there_is_answered_beyond_the_quota(client: FlaskClient, cluster: FakeCluster) -> None:
    cluster.quota = 1
    first = assert_answer(_upload(client, b"a", "k"), 202)["name"]

    again = _upload(client, b"a", "k")

    assert assert_answer(again, 202)["name"] == first
    assert again.headers["Idempotent-Replayed"] == "true"
    assert_problem(_upload(client, b"b", "other"), 429, "QueueFull")


def test_resumable_upload_becomes_a_request_once_the_quota_allows_it(
    make: Callable[..., Flask], cluster: FakeCluster
) -> None:
    application = make()
    cluster.quota = 0
    assert_problem(tus.create(application.test_client(), 3, b"abc"), 429, "QueueFull")
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        cluster.quota = None
        return len(waits) > 2

    finishing.keep_finishing(of_application(application), pause)

    assert len(waits) == 1
    assert len(cluster.names()) == 1
