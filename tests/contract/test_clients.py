"""The Kubernetes Python client and kopf, unmodified."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kopf
import pytest
from kubernetes import client, config, watch

from tests.contract import widgets
from tests.contract.client import Client
from tests.contract.server import PATIENCE, until
from tests.contract.widgets import GROUP, widget


@pytest.fixture
def python(config: Path) -> Iterator[Any]:
    """The Python client's connection."""
    with _connect(config) as found:
        yield found


def _connect(path: Path) -> Any:
    return config.new_client_from_config(str(path))


def test_python_client_works_on_custom_objects(python: Any, home: str, namespace: str) -> None:
    custom = client.CustomObjectsApi(python)
    place = (GROUP, "v1", namespace, "widgets")
    made = custom.create_namespaced_custom_object(*place, widget())
    made["spec"]["size"] = 6
    custom.replace_namespaced_custom_object(*place, "one", made)
    custom.patch_namespaced_custom_object_status(*place, "one", {"status": {"phase": "Running"}})
    found = custom.list_namespaced_custom_object(*place, field_selector="status.phase=Running")["items"]
    assert [(item["metadata"]["name"], item["spec"]["size"]) for item in found] == [("one", 6)]
    with pytest.raises(client.ApiException) as caught:
        custom.replace_namespaced_custom_object(*place, "one", made)
    assert caught.value.status == 409
    custom.delete_namespaced_custom_object(*place, "one")


def test_python_client_works_on_typed_objects(python: Any, namespace: str) -> None:
    batch = client.BatchV1Api(python)
    container = client.V1Container(name="main", image="none:1")
    template = client.V1PodTemplateSpec(spec=client.V1PodSpec(restart_policy="Never", containers=[container]))
    spec = client.V1JobSpec(template=template, suspend=True)
    batch.create_namespaced_job(namespace, client.V1Job(metadata=client.V1ObjectMeta(name="one"), spec=spec))
    events = watch.Watch().stream(batch.list_namespaced_job, namespace, timeout_seconds=1)
    assert [(event["type"], event["object"].spec.backoff_limit) for event in events] == [("ADDED", 6)]
    batch.delete_namespaced_job("one", namespace, propagation_policy="Background")
    assert batch.list_namespaced_job(namespace).items == []


def test_kopf_follows_a_server_side_selection(
    api: Client, config: Path, home: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(config))
    api.create(home, widget("old"))
    api.patch(f"{home}/old/status", {"status": {"phase": "Succeeded", "settled": True}})
    seen: list[tuple[str | None, str]] = []
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.watching.field_selectors = {kopf.EVERYTHING: "status.settled!=true"}

    @kopf.on.event(GROUP, "v1", "widgets", registry=registry)
    def note(type: str | None, name: str, **_: Any) -> None:  # noqa: A002 - kopf's name for it
        seen.append((type, name))

    ready, stop = threading.Event(), threading.Event()
    operator = kopf.operator(
        registry=registry, settings=settings, namespaces=[namespace], ready_flag=ready, stop_flag=stop, standalone=True
    )
    thread = threading.Thread(target=asyncio.run, args=(operator,))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        api.create(home, widget("new"))
        until(lambda: len(seen) == 1)
        api.patch(f"{home}/new/status", {"status": {"phase": "Running"}})
        until(lambda: len(seen) == 2)
        api.patch(f"{home}/new/status", {"status": {"settled": True}})
        until(lambda: len(seen) == 3)
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert seen == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]
    assert widgets.ALL.startswith(f"/apis/{GROUP}")
