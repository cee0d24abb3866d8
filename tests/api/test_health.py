"""Probes and metrics: what a kubelet and Prometheus are told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import VolumeFull
from tests.api import tus
from tests.api.asserting import assert_problem, files
from tests.api.fake_cluster import FakeCluster


def test_process_is_healthy_whatever_else_is_away(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.away()
    shutil.rmtree(root)

    response = client.get("/healthz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_ready_when_volume_and_cluster_are(client: FlaskClient, root: Path) -> None:
    ready = client.get("/readyz").get_json()

    assert (ready["status"], ready["uploads"]) == ("ok", {"taken": True})
    assert ready["free"]["bytes"] > 0
    assert files(root) == []


@pytest.mark.parametrize(("free", "inodes"), [(1 << 20, 50_000), (1 << 40, 999)], ids=["bytes", "inodes"])
def test_volume_without_room_is_ready_and_says_everywhere_that_it_takes_no_uploads(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int
) -> None:
    fields = (4096, 4096, 1 << 30, free // 4096, free // 4096, 1 << 20, inodes, inodes, 0, 255)
    monkeypatch.setattr("app.volume.os.statvfs", lambda _: os.statvfs_result(fields))

    problem = assert_problem(client.post("/upload", data=b"x", content_type="text/plain"), 507, "VolumeFull")
    assert_problem(client.post("/uploads", headers={**tus.VERSION, "Upload-Length": "1"}), 507, "VolumeFull")
    response = client.get("/readyz")

    ready = response.get_json()
    assert (response.status_code, ready["status"], ready["uploads"]["taken"]) == (200, "ok", False)
    assert ready["free"] == {"bytes": free, "files": inodes}
    assert problem["detail"].split()[-5:] == ready["uploads"]["detail"].split()[-5:]
    metrics = client.get("/metrics").get_data(as_text=True)
    assert "textmill_volume_takes_uploads 0.0" in metrics
    assert float(metrics.partition("\ntextmill_volume_free_bytes ")[2].split()[0]) == free
    assert ready["uploads"]["detail"] in client.get("/").get_data(as_text=True)


def test_volume_that_lets_nothing_be_written_is_ready_too(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise VolumeFull("The volume ran full while an upload began.")

    monkeypatch.setattr("app.volume.Arrival.__init__", full)

    assert client.get("/readyz").get_json()["uploads"] == {
        "taken": False,
        "detail": "The volume ran full while an upload began.",
    }
    assert "textmill_volume_takes_uploads 0.0" in client.get("/metrics").get_data(as_text=True)


def test_volume_that_counts_no_inodes_takes_uploads(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = (4096, 4096, 1 << 30, 1 << 28, 1 << 28, 0, 0, 0, 0, 255)
    monkeypatch.setattr("app.volume.os.statvfs", lambda _: os.statvfs_result(fields))

    assert client.post("/upload", data=b"x", content_type="text/plain").status_code == 202
    assert "files" not in client.get("/readyz").get_json()["free"]


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

    assert cluster.calls == ["page", "namespace_uid"]


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
