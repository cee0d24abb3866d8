"""The one module that speaks to the Kubernetes API, against a real server: what comes back, what it makes of errors."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cluster import Away, Body, Conflict, Denied, Expired, NotFound, Refused
from app.errors import FieldInvalid
from app.kubernetes_cluster import KubernetesCluster
from tests.api import live
from tests.api.conftest import Real


@pytest.fixture
def cluster(real: Real) -> Iterator[KubernetesCluster]:
    """Return our own access to the server; what a test made is gone after it."""
    real[1].delete(live.REQUESTS)
    with contextlib.closing(KubernetesCluster("default", 5, str(real[0]))) as made:
        yield made


def _request(name: str, **spec: Any) -> Body:
    given = {"input": {"inline": "x"}, **spec}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": meta, "spec": given}


def _altered(config: Path, folder: Path, **user_or_server: str) -> str:
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    for name, value in user_or_server.items():
        place = document["users"][0]["user"] if name == "token" else document["clusters"][0]["cluster"]
        place[name] = value
    altered = folder / "kubeconfig"
    altered.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(altered)


def test_created_request_is_found_listed_and_deleted(cluster: KubernetesCluster) -> None:
    made = cluster.create(_request("a"))
    cluster.create(_request("b"))

    assert cluster.get("a") == made
    assert {one["manager"] for one in made["metadata"]["managedFields"]} == {"textmill-api"}
    first = cluster.page(limit=1)
    second = cluster.page(limit=1, token=first.token)
    assert [body["metadata"]["name"] for page in (first, second) for body in page.items] == ["a", "b"]
    assert second.token == ""
    assert cluster.page(fields="status.phase=Failed").items == []
    assert len(cluster.page(fields="status.phase=Pending").items) == 2
    cluster.delete("a")
    with pytest.raises(NotFound, match="'a'"):
        cluster.get("a")


def test_other_namespace_is_listed_apart(cluster: KubernetesCluster) -> None:
    cluster.create(_request("a"))

    assert cluster.page(namespace="kube-system").items == []


def test_events_of_one_object_are_found(cluster: KubernetesCluster, real: Real) -> None:
    uid = cluster.create(_request("told"))["metadata"]["uid"]
    for name, about in (("ours", uid), ("other", "00000000-0000-4000-8000-000000000000")):
        seen = {"kind": "ProcessingRequest", "namespace": "default", "name": "told", "uid": about}
        event = {"metadata": {"name": name}, "involvedObject": seen, "reason": "Seen", "message": f"{name} event"}
        real[1].create("/api/v1/namespaces/default/events", {"apiVersion": "v1", "kind": "Event", **event})

    assert [one["message"] for one in cluster.events(uid)] == ["ours event"]


def test_taken_name_is_a_conflict(cluster: KubernetesCluster) -> None:
    cluster.create(_request("a"))

    with pytest.raises(Conflict, match="'a'"):
        cluster.create(_request("a"))


def test_refusal_carries_the_sentence_of_the_definition(cluster: KubernetesCluster) -> None:
    with pytest.raises(Refused, match=r"write the path without \.\. in it"):
        cluster.create(_request("a", input={"path": "../x"}))


def test_request_that_has_changed_is_not_deleted(cluster: KubernetesCluster) -> None:
    made = cluster.create(_request("changed"))
    version = made["metadata"]["resourceVersion"]
    cluster.relabel(made, {"a": "b"})
    with pytest.raises(Conflict):
        cluster.delete("changed", version)
    cluster.delete("changed", cluster.get("changed")["metadata"]["resourceVersion"])
    with pytest.raises(NotFound):
        cluster.get("changed")


def test_page_that_cannot_be_continued_is_expired(cluster: KubernetesCluster) -> None:
    with pytest.raises((Expired, FieldInvalid)):
        cluster.page(token="nonsense")


def test_wrong_token_is_denied(real: Real, tmp_path: Path) -> None:
    config = _altered(real[0], tmp_path, token="wrong")

    with contextlib.closing(KubernetesCluster("default", 5, config)) as cluster, pytest.raises(Denied):
        cluster.page()


def test_nobody_at_the_address_is_away(real: Real, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{held.getsockname()[1]}"
        config = _altered(real[0], tmp_path, server=server)

        with contextlib.closing(KubernetesCluster("default", 5, config)) as cluster, pytest.raises(Away):
            cluster.page()


def test_server_that_never_answers_is_away(real: Real, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        config = _altered(real[0], tmp_path, server=server)

        with contextlib.closing(KubernetesCluster("default", 0.1, config)) as cluster, pytest.raises(Away):
            cluster.page()


def test_missing_configuration_is_away_until_it_is_there(real: Real, tmp_path: Path) -> None:
    config = tmp_path / "later"
    real[1].delete(live.REQUESTS)
    with contextlib.closing(KubernetesCluster("default", 5, str(config))) as cluster:
        with pytest.raises(Away, match="no usable configuration"):
            cluster.page()

        config.write_bytes(real[0].read_bytes())

        assert cluster.page().items == []
