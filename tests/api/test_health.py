"""Probes and metrics: what a kubelet and Prometheus are told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from tests.api.asserting import assert_problem, files
from tests.api.fake_cluster import FakeCluster


def test_process_is_healthy_whatever_else_is_away(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.away()
    shutil.rmtree(root)

    response = client.get("/healthz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_ready_when_volume_and_cluster_are(client: FlaskClient, root: Path) -> None:
    assert client.get("/readyz").get_json() == {"status": "ok"}
    assert files(root) == []


def test_folder_of_somebody_else_is_not_taken_over(make: Callable[..., Flask], root: Path) -> None:
    root.mkdir()
    (root / "thesis.odt").write_text("mine")

    client = make().test_client()

    assert_problem(client.get("/readyz"), 503, "VolumeNotReady")
    assert_problem(client.post("/upload", data=b"x", content_type="text/plain"), 503, "VolumeNotReady")
    assert [path.name for path in root.iterdir()] == ["thesis.odt"]


def test_volume_that_comes_late_is_prepared_then(make: Callable[..., Flask], root: Path, tmp_path: Path) -> None:
    root.symlink_to(tmp_path / "not-mounted" / "yet")
    client = make().test_client()
    assert_problem(client.get("/readyz"), 503, "VolumeNotReady")

    root.unlink()
    root.mkdir()

    assert client.get("/readyz").status_code == 200
    assert (root / "textmill-volume.json").is_file()


def test_readiness_is_asked_once_a_moment(make: Callable[..., Flask], cluster: FakeCluster) -> None:
    client = make(TEXTMILL_READY_CACHE_SECONDS=3600).test_client()

    assert [client.get("/readyz").status_code for _ in range(3)] == [200, 200, 200]

    assert cluster.calls == ["page"]


def test_metrics_count_answers_by_route_and_problems_by_reason(client: FlaskClient) -> None:
    client.get("/requests/none")
    client.get("/nothing/at/all")
    client.open("/requests", method="BREW")
    client.patch("/uploads/x")

    text = client.get("/metrics").get_data(as_text=True)

    assert 'textmill_http_answers_total{method="GET",route="/requests/<name>",status="404"} 1.0' in text
    assert 'textmill_http_answers_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'textmill_http_answers_total{method="other",route="none",status="405"} 1.0' in text
    assert 'textmill_http_answers_total{method="PATCH",route="/uploads/<identity>",status="412"} 1.0' in text
    assert 'textmill_problems_total{reason="RequestMissing"} 1.0' in text
    assert 'textmill_problems_total{reason="RouteUnknown"} 1.0' in text
    assert "textmill_uploads_running_count 0.0" in text
