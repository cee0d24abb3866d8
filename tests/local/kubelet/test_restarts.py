"""A kubelet or an API server that is killed or stopped: every pod still comes to a true end."""

from __future__ import annotations

import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local import kubeconfig, objects
from local.client import CORE, Client, path
from tests.local.cluster import Cluster, Space, cluster, ending
from tests.local.kubelet.test_deletion import died


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster whose parts the test may kill."""
    with cluster(tmp_path) as made:
        made.kubelet()
        yield made


@pytest.fixture
async def there(fragile: Cluster) -> AsyncIterator[Space]:
    """A namespace on it."""
    async with Client(kubeconfig.load(fragile.server.kubeconfig), "tests") as api:
        name = f"test-{uuid.uuid4().hex[:8]}"
        await api.create(path(CORE, "namespaces"), {"metadata": {"name": name}})
        yield Space(api, name)


async def test_killed_kubelet_leaves_no_process_and_no_lie(fragile: Cluster, there: Space) -> None:
    note = fragile.folder / "child"
    where = fragile.scratch / "empty"
    mount = {"volumeMounts": [{"name": "tmp", "mountPath": str(where)}]}
    script = f"setsid sleep 0; sleep 600 & echo $! > {note}; wait"
    await there.run("one", script, container=mount, volumes=[{"name": "tmp", "emptyDir": {}}])
    await there.running("one")
    fragile.end("kubelet", signal.SIGKILL)
    fragile.kubelet()
    pod = await there.ended("one")
    assert pod["status"]["phase"] == "Failed"
    assert (ending(pod)["exitCode"], ending(pod)["reason"]) == (137, "ContainerStatusUnknown")
    if note.exists():
        died(int(note.read_text() or 0))


async def test_stopped_kubelet_reports_a_disruption(fragile: Cluster, there: Space) -> None:
    await there.run("one", "exec sleep 600")
    await there.running("one")
    assert fragile.end("kubelet") == 0
    pod = await there.api.get(there.pod_path("one"))
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Terminated")
    assert objects.condition_true(pod, "DisruptionTarget")
    assert ending(pod)["exitCode"] == 143


async def test_finished_pod_stays_as_it_was(fragile: Cluster, there: Space) -> None:
    await there.run("one", "exit 4")
    before = await there.ended("one")
    fragile.end("kubelet", signal.SIGKILL)
    fragile.kubelet()
    await there.run("two", "exit 0")
    await there.ended("two")
    after = await there.api.get(there.pod_path("one"))
    assert after["status"] == before["status"]
