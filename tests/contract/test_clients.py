"""The Kubernetes Python client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch

from tests.contract.widgets import GROUP, widget


@pytest.fixture
def python(config: Path) -> Iterator[Any]:
    """The Python client's connection."""
    with _connect(config) as found:
        yield found


def _connect(path: Path) -> Any:
    load: Any = config.new_client_from_config
    return load(str(path))


def test_python_client_works_on_custom_objects(python: Any, home: str, namespace: str) -> None:
    custom: Any = client.CustomObjectsApi(python)
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
    following: Any = watch.Watch
    events = list(following().stream(batch.list_namespaced_job, namespace, timeout_seconds=1))
    assert events[0]["type"] == "ADDED"  # a Job controller that runs may have marked it suspended since
    assert {(event["object"].metadata.name, event["object"].spec.backoff_limit) for event in events} == {("one", 6)}
    batch.delete_namespaced_job("one", namespace, propagation_policy="Background")
    assert batch.list_namespaced_job(namespace).items == []
