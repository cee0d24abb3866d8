"""An operator's parts put together over the API in memory, and the objects that they meet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.operator.fake_api import CREATED, Body, FakeApi
from textmill import reports
from textmill.limits import Limits
from textmill.manifests import Site
from textmill.picture import Job
from textmill.planner import plan
from textmill_operator import paths
from textmill_operator.executor import Executor
from textmill_operator.labeller import Labeller
from textmill_operator.messenger import Messenger
from textmill_operator.metrics import Metrics
from textmill_operator.outside import networks
from textmill_operator.patience import Patience
from textmill_operator.peeker import Peeker
from textmill_operator.reader import Reader
from textmill_operator.recorder import Recorder
from textmill_operator.store import Kind, Store
from textmill_operator.tracing import Tracing

NOW = 1_800_000_000.0
CONTROLLER = {"apiVersion": "batch/v1", "kind": "Job", "controller": True}
SITE = Site(image="textmill", claim="data", volume_root="/volume", scratch_root="/scratch")


def request_body(name: str, **spec: Any) -> Body:
    """Return a request with inline text, as the API gives it."""
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", "creationTimestamp": CREATED},
        "spec": {"input": {"inline": f"text of {name}"}, **spec},
        "status": {"phase": "Pending", "settled": False, "progress": {"percent": 0}},
    }


@dataclass
class Operator:
    """The parts between watch and API, with rounds that a test takes itself."""

    api: FakeApi = field(default_factory=FakeApi)
    fence: Callable[[], None] = lambda: None
    limits: Limits = field(default_factory=lambda: Limits(pods=2))
    on_change: Callable[[], None] = lambda: None
    ticks: float = 0.0
    networks: str = "127.0.0.0/8"
    patient: float = 10.0
    tracing: Tracing | None = None
    now: float = NOW

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew, with nothing but what the API holds."""
        self.api.fail_at, self.api.dead = None, False
        self.metrics = Metrics(CollectorRegistry())
        self.store = Store(self.on_change, lambda: self.ticks)
        self.recorder = Recorder(self.api, self.metrics)
        self.labeller = Labeller(self.api, self.store, self.metrics)
        self.peeker = Peeker(self.api, self.store, self.metrics, lambda: NOW)
        self.reader = Reader(self.api, self.store, lambda: self.now, lambda: self.ticks)
        allowed = networks(self.networks)
        self.messenger = Messenger(
            self.api, self.store, self.metrics, lambda: NOW, timeout=self.patient, allowed=allowed
        )
        self.executor = Executor(
            self.api,
            self.store,
            self.recorder,
            self.labeller,
            self.metrics,
            SITE,
            fence=self.fence,
            clock=lambda: self.now,
            patience=Patience(lambda: self.ticks),
            peeker=self.peeker,
            reader=self.reader,
            messenger=self.messenger,
            tracing=self.tracing,
        )

    def submit(self, name: str, **spec: Any) -> None:
        """Create a request."""
        self.api.seed(paths.request("ns", name), request_body(name, **spec))

    def see(self) -> None:
        """Show the store everything that is there, as a list does."""
        plurals: dict[Kind, str] = {"request": "processingrequests", "job": "jobs", "pod": "pods"}
        for kind, plural in plurals.items():
            there = [body for path, body in self.api.objects.items() if path.rsplit("/", 2)[-2] == plural]
            for body in there:
                self.store.put(kind, body)
            self.store.keep_only(kind, {body["metadata"]["uid"] for body in there}, self.api.version, "")

    async def round(self) -> bool:
        """See, plan and act once."""
        self.see()
        return await self.executor.perform(plan(self.store.picture(), self.limits, self.now).actions)

    def request(self, name: str) -> Body:
        """Return a request as it is."""
        return self.api.objects[paths.request("ns", name)]

    def jobs(self) -> list[Body]:
        """Return the Jobs that there are."""
        return [body for path, body in self.api.objects.items() if "/jobs/" in path]

    def finish_jobs(self) -> None:
        """Let each Job without a pod get one that has ended well, with the reports that a worker would give."""
        for body in self.jobs():
            path = paths.pods("ns", f"{body['metadata']['name']}-pod")
            if path not in self.api.objects:
                self.api.seed(path, pod_body(body))


def pod_body(job: Body) -> Body:
    """Return a pod of a Job whose container has ended well."""
    name = job["metadata"]["name"]
    parsed = Job.parse(job)
    lines = [reports.line(_report(parsed, member.uid)) for member in parsed.members]
    ended = {"exitCode": 0, "reason": "Completed", "message": reports.seal(lines), "finishedAt": CREATED}
    return {
        "metadata": {
            "name": f"{name}-pod",
            "namespace": "ns",
            "creationTimestamp": CREATED,
            "ownerReferences": [{**CONTROLLER, "uid": job["metadata"]["uid"]}],
        },
        "status": {"phase": "Succeeded", "containerStatuses": [{"name": "worker", "state": {"terminated": ended}}]},
    }


def _report(job: Job, uid: str) -> reports.Report:
    digest = hashlib.sha256(f"text of {uid.removeprefix('uid-')}".encode()).hexdigest()
    cut = reports.done_tokens(uid, 0, 1, {"bytes": 9, "sha256": digest, "encoding": "utf-8"}, 3)
    if job.stage == "tokenize":
        return cut
    return reports.done_count(uid, {"bytes": 9, "tokens": 3, "distinctWords": 3, "topWords": [], "table": {}}, cut)


@pytest.fixture
def operator() -> Operator:
    """Give an operator over an empty API."""
    return Operator()
