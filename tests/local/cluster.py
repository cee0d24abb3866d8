"""A laptop's cluster in processes, for tests that need pods to run, and a client that waits by watching.

Each part is a process of its own, started and killed by name, so that a test can take away one and bring it
back. The API server is the one of the contract suite.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local import objects
from local.client import BATCH, CORE, Client, path
from local.objects import Json
from tests.contract.server import PATIENCE, ROOT, Server, serving

IMAGE = "words"


class Cluster:
    """An API server and, as asked for, the parts beside it."""

    def __init__(self, server: Server, folder: Path) -> None:
        """Begin with the API server alone."""
        self.server = server
        self.folder = folder
        self.scratch = folder / "scratch"
        self.volume = folder / "volume"
        self.volume.mkdir(parents=True, exist_ok=True)
        self._parts: dict[str, subprocess.Popen[bytes]] = {}

    def jobs(self) -> None:
        """Start the Job controller."""
        self._start("jobs", "-m", "local.jobs", "--backoff-base", "0.1")

    def kubelet(self, *flags: str) -> None:
        """Start the kubelet, with a scheduler."""
        folders = ("--scratch-root", str(self.scratch), "--state", str(self.folder / "kubelet"))
        quick = ("--crash-backoff", "0.1", "--retry", "0.1", "--stop-seconds", "2")
        image = ("--image", f"{IMAGE}={self.volume}")
        self._start("kubelet", "-m", "local.kubelet", *folders, *quick, *image, *flags)

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            full = [sys.executable, *command, "--kubeconfig", str(self.server.kubeconfig)]
            self._parts[name] = subprocess.Popen(full, cwd=ROOT, stdout=log, stderr=log)

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        """Signal a part and wait for its end; its exit code."""
        process = self._parts.pop(name)
        os.kill(process.pid, number)
        return process.wait(PATIENCE)

    def stop(self) -> None:
        """Stop all parts, the last started first."""
        for name in reversed(list(self._parts)):
            self.end(name)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """An API server, to which parts can be added."""
    with serving(folder / "server", "--bookmark-seconds", "5") as server:
        made = Cluster(server, folder)
        try:
            yield made
        finally:
            made.stop()


async def until(api: Client, address: str, holds: Callable[[Json | None], object]) -> Json:
    """Watch one object until something holds of it; None stands for its absence. It as it was then."""
    collection, _, name = address.rpartition("/")
    async with asyncio.timeout(PATIENCE):
        found = await api.get(collection, {"fieldSelector": f"metadata.name={name}"})
        seen: Json | None = next(iter(found["items"]), None)
        version = found["metadata"]["resourceVersion"]
        query = {"fieldSelector": f"metadata.name={name}", "watch": "true", "resourceVersion": version}
        if holds(seen):
            return seen or {}
        async for event in api.watch(collection, query, PATIENCE):
            seen = None if event["type"] == "DELETED" else event["object"]
            if holds(seen):
                last: Json = event["object"]
                return last
    raise AssertionError(f"the watch of {address} ended; last seen: {seen}")


def phase(*names: str) -> Callable[[Json | None], bool]:
    """Whether a pod is in one of these phases."""
    return lambda pod: pod is not None and objects.status(pod).get("phase") in names


def waits(reason: str) -> Callable[[Json | None], bool]:
    """Whether a pod's first container waits for this reason."""

    def holds(pod: Json | None) -> bool:
        states = objects.status(pod or {}).get("containerStatuses") or [{}]
        return bool(((states[0].get("state") or {}).get("waiting") or {}).get("reason") == reason)

    return holds


def gone(obj: Json | None) -> bool:
    """Whether an object is not there."""
    return obj is None


class Space:
    """A namespace of the cluster, as a test uses it."""

    def __init__(self, api: Client, name: str) -> None:
        """Take the client and the namespace's name."""
        self.api = api
        self.name = name

    def pod_path(self, name: str) -> str:
        """Where a pod is."""
        return path(CORE, "pods", self.name, name)

    def job_path(self, name: str) -> str:
        """Where a Job is."""
        return path(BATCH, "jobs", self.name, name)

    async def run(self, name: str, script: str, *, container: Json | None = None, **spec: object) -> None:
        """Create a pod whose container runs a shell script."""
        await self.api.create(path(CORE, "pods", self.name), pod(name, script, container=container, **spec))

    async def ended(self, name: str) -> Json:
        """The pod once it has ended."""
        return await until(self.api, self.pod_path(name), phase("Succeeded", "Failed"))

    async def running(self, name: str) -> Json:
        """The pod once it runs."""
        return await until(self.api, self.pod_path(name), phase("Running"))

    async def job(self, name: str, script: str, container: Json | None = None, **spec: object) -> Json:
        """Create a Job whose pods run a shell script."""
        template = {"spec": pod(name, script, container=container)["spec"]}
        body: Json = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": template, **spec},
        }
        return await self.api.create(path(BATCH, "jobs", self.name), body)

    async def finished(self, name: str) -> Json:
        """The Job once it has ended."""

        def over(job: Json | None) -> bool:
            return job is not None and any(objects.condition_true(job, kind) for kind in ("Complete", "Failed"))

        return await until(self.api, self.job_path(name), over)

    async def pods_of(self, job: str) -> list[Json]:
        """The pods of a Job."""
        selector = {"labelSelector": f"batch.kubernetes.io/job-name={job}"}
        found = await self.api.get(path(CORE, "pods", self.name), selector)
        items: list[Json] = found["items"]
        return items

    async def told(self, name: str, *reasons: str) -> None:
        """Wait until events of these reasons are on an object: they are posted beside the work that they tell of."""
        place = path(CORE, "events", self.name)
        found = await self.api.get(place)
        untold = set(reasons) - {one["reason"] for one in found["items"] if one["involvedObject"]["name"] == name}
        query = {"watch": "true", "resourceVersion": found["metadata"]["resourceVersion"]}
        if not untold:
            return
        async for event in self.api.watch(place, query, PATIENCE):
            one = event["object"]
            if one["involvedObject"]["name"] == name:
                untold.discard(one["reason"])
            if not untold:
                return
        raise AssertionError(f"no event of {name} tells {untold}")


def pod(name: str, script: str, *, container: Json | None = None, **spec: object) -> Json:
    """The manifest of a pod whose container runs a shell script."""
    main: Json = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script], **(container or {})}
    whole: Json = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [main], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}


def ending(pod_: Json) -> Json:
    """How a pod's first container ended."""
    found: Json = objects.status(pod_)["containerStatuses"][0]["state"]["terminated"]
    return found
