"""Bad days of a worker: out of memory, evicted, deleted midway or just after its end, an image that nobody has.

Each ends in the right result, or in a condition that names the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.places import Places, state
from tests.e2e import processes, release
from tests.e2e.kube import apply, run, until
from tests.e2e.release import Release, reason

LINE = "words that a worker dies of and another one counts\n"
MIB = 1 << 20
WORDS = 10


@pytest.fixture(scope="module")
def middle(mill: Release) -> Path:
    """A file that has a pod of its own."""
    return mill.put("mortal.txt", LINE, 32 * MIB)


def counted(mill: Release, name: str, file: Path, starts: int, attempts: int = 0) -> bool:
    """Wait for the end, and tell whether the count is right after so many Jobs and retries."""
    status = mill.ended(name, patience=300)
    assert (status["phase"], reason(status)) == ("Succeeded", "Counted"), status
    assert (status["starts"], status.get("attempts", 0)) == (starts, attempts), status
    return bool(status["result"]["tokens"] == WORDS * file.stat().st_size // len(LINE))


def ask(mill: Release, name: str, file: Path, **spec: object) -> None:
    mill.create(name, {"path": file.name, "bytes": file.stat().st_size}, **spec)


def test_worker_evicted_by_a_drain_is_replaced(mill: Release, middle: Path) -> None:
    ask(mill, "drained", middle, retries=0)
    pod = mill.worker_of("drained")
    processes.freeze(pod)
    where = f"/api/v1/namespaces/{mill.namespace}/pods/{pod['metadata']['name']}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
    mill.kubectl("create", "--raw", where, "--filename=-", text=json.dumps(body))
    assert counted(mill, "drained", middle, starts=2)


def test_worker_deleted_midway_is_run_again(mill: Release, middle: Path) -> None:
    ask(mill, "deleted", middle)
    pod = mill.worker_of("deleted")
    processes.freeze(pod)
    mill.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    assert counted(mill, "deleted", middle, starts=3, attempts=1)


def test_worker_killed_midway_is_run_again(mill: Release, middle: Path) -> None:
    ask(mill, "killed", middle)
    pod = mill.worker_of("killed")
    processes.freeze(pod)
    processes.kill(pod)
    assert counted(mill, "killed", middle, starts=3, attempts=1)


def test_pod_deleted_between_its_end_and_the_jobs_is_not_run_again(mill: Release, middle: Path) -> None:
    ask(mill, "read", middle)
    pod = mill.worker_of("read")
    held = processes.freeze(pod)
    with processes.without("kube-controller-manager"):
        processes.thaw(held)
        until(lambda: mill.status("read")["phase"] == "Counting")
        mill.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force", "--wait=false")
    assert counted(mill, "read", middle, starts=2)


def test_pod_deleted_after_its_end_while_no_operator_looks_is_run_again(mill: Release, middle: Path) -> None:
    ask(mill, "late", middle)
    pod = mill.worker_of("late")
    name = pod["metadata"]["name"]
    held = processes.freeze(pod)
    mill.scale("textmill-operator", 0)
    with processes.without("kube-controller-manager"):
        processes.thaw(held)
        until(lambda: mill.pod(name)["status"]["phase"] == "Succeeded")
        mill.kubectl("delete", "pod", name, "--grace-period=0", "--force", "--wait=false")
    mill.scale("textmill-operator", 2)
    assert counted(mill, "late", middle, starts=3, attempts=1)


@pytest.fixture
def small_logs(mill: Release) -> Iterator[None]:
    """Let pods write 8 MiB and no more to their node."""
    limits = [{"type": "Container", "default": {"ephemeral-storage": "8Mi"}}]
    apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": limits}},
          namespace=mill.namespace)  # fmt: skip
    yield
    mill.kubectl("delete", "limitrange", "small")


def test_worker_that_the_node_evicts_fails_as_evicted(mill: Release, middle: Path, small_logs: None) -> None:
    ask(mill, "evicted", middle, retries=0)
    pod = mill.worker_of("evicted")
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    processes.freeze(pod)
    logs = Path("/var/log/pods", f"{mill.namespace}_{name}_{uid}", pod["spec"]["containers"][0]["name"])
    (logs / "0.log.20260101-000000").write_bytes(b"x" * 16 * MIB)
    status = mill.ended("evicted")
    assert (status["phase"], reason(status)) == ("Failed", "Evicted")


def test_worker_without_memory_fails_as_oom_killed(mill: Release, middle: Path) -> None:
    ask(mill, "hungry", middle, retries=0)
    held = processes.freeze(mill.worker_of("hungry"))
    processes.starve(held)
    processes.thaw(held)
    status = mill.ended("hungry")
    assert (status["phase"], reason(status)) == ("Failed", "OOMKilled"), status


@pytest.fixture
def no_image() -> Iterator[None]:
    """The workers' image is gone from the node, and there is nowhere to pull it from."""
    ctr = ("ctr", f"--address={Places(state(os.environ)).containerd}", "--namespace=k8s.io", "images")
    run(*ctr, "tag", "--force", release.REFERENCE, "localhost/kept:e2e")
    run(*ctr, "rm", release.REFERENCE)
    yield
    run(*ctr, "tag", "--force", "localhost/kept:e2e", release.REFERENCE)


def test_image_that_nobody_has_fails_as_not_pullable(mill: Release, middle: Path, no_image: None) -> None:
    ask(mill, "imageless", middle, timeoutSeconds=60)
    status = mill.ended("imageless")
    assert (status["phase"], reason(status)) == ("Failed", "ImageNotPullable")
    assert release.REFERENCE in str(status["conditions"])
