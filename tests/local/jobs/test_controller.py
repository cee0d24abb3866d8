"""Jobs on a running cluster: what the API shows from creation to end, and a controller that is killed."""

from __future__ import annotations

import signal
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from local import kubeconfig
from local.client import CORE, Client, path
from tests.local.cluster import Cluster, Space, cluster, gone, until
from tests.local.jobs.making import kinds


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server with a kubelet; the tests start Job controllers."""
    with cluster(tmp_path_factory.mktemp("jobs")) as made:
        made.kubelet("--cpu", "8")
        yield made


@pytest.fixture
async def space(node: Cluster) -> AsyncIterator[Space]:
    """A namespace with a Job controller that the test may kill."""
    node.jobs()
    async with Client(kubeconfig.load(node.server.kubeconfig), "tests") as api:
        name = f"test-{uuid.uuid4().hex[:8]}"
        await api.create(path(CORE, "namespaces"), {"metadata": {"name": name}})
        yield Space(api, name)
        await api.delete(path(CORE, "namespaces", name=name))
    node.end("jobs")


async def test_indexed_job_runs_each_index_once(space: Space) -> None:
    spec = {"completions": 5, "parallelism": 3, "completionMode": "Indexed"}
    env = [{"name": "F", "value": "/dev/termination-log"}]
    await space.job("words", 'printf "$JOB_COMPLETION_INDEX $HOSTNAME" > $F', {"env": env}, **spec)
    status = (await space.finished("words"))["status"]
    assert (status["succeeded"], status["completedIndexes"]) == (5, "0-4")
    messages = [
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] for pod in await space.pods_of("words")
    ]
    assert sorted(messages) == [f"{index} words-{index}" for index in range(5)]


async def test_failed_job_says_why(space: Space) -> None:
    await space.job("words", "exit 9")
    status = (await space.finished("words"))["status"]
    assert status["failed"] == 1
    assert kinds(status) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}


async def test_killed_controller_counts_each_pod_once(node: Cluster, space: Space) -> None:
    await space.job("words", "sleep 0.1; exit 0", completions=12, parallelism=4)
    for _ in range(3):
        node.end("jobs", signal.SIGKILL)
        node.jobs()
    status = (await space.finished("words"))["status"]
    assert (status["succeeded"], status.get("failed", 0)) == (12, 0)
    assert len(await space.pods_of("words")) == 12


async def test_deleted_job_takes_its_pods_along(space: Space) -> None:
    await space.job("words", "exec sleep 600")
    running = await until(
        space.api, space.job_path("words"), lambda job: bool(job and job.get("status", {}).get("active"))
    )
    (pod,) = await space.pods_of("words")
    await space.api.delete(space.job_path(running["metadata"]["name"]), {"propagationPolicy": "Background"})
    await until(space.api, space.pod_path(pod["metadata"]["name"]), gone)


async def test_finished_job_goes_after_its_time(space: Space) -> None:
    await space.job("words", "exit 0", ttlSecondsAfterFinished=0)
    await until(space.api, space.job_path("words"), gone)


async def test_suspended_job_runs_when_resumed(space: Space) -> None:
    await space.job("words", "exit 0", suspend=True)
    await until(space.api, space.job_path("words"), lambda job: "Suspended" in kinds((job or {}).get("status") or {}))
    assert await space.pods_of("words") == []
    await space.api.patch(space.job_path("words"), {"spec": {"suspend": False}})
    assert (await space.finished("words"))["status"]["succeeded"] == 1
