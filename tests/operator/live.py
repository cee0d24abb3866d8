"""The operator as a process on a real API server, and hands that do what Job controller, kubelet and worker would."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.client import Client
from tests.contract.server import PATIENCE, ROOT, until
from textmill import names, reports
from textmill_operator import paths
from textmill_operator.api import in_namespace
from textmill_operator.lease import GROUP

Body = dict[str, Any]

LEASE = "textmill-operator"
DIGEST = "ab" * 32
PAUSE = 0.02
_HEALTH = re.compile(r"health and metrics at port (\d+)")


@dataclass(frozen=True)
class Process:
    """A running operator, the port where it tells of itself, and its log."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def status(self, path: str) -> int:
        """Return the status of one of its own addresses; 0 where nobody answers."""
        with suppress(OSError):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                error.close()
                return int(error.code)
        return 0

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """End it politely; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


def command(config: Path, **settings: str) -> tuple[list[str], dict[str, str]]:
    """Return how an operator is started with these settings: its command and its environment."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(config.parent), "KUBECONFIG": str(config)}
    environment |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}", "TEXTMILL_HEALTH_ADDRESS": "127.0.0.1:0"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment |= {f"TEXTMILL_{name}": value for name, value in settings.items()}
    return [sys.executable, "-m", "textmill_operator"], environment


@contextmanager
def operating(folder: Path, config: Path, **settings: str) -> Iterator[Process]:
    """Run an operator until the context ends, if it has not ended before."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    started, environment = command(config, **settings)
    with log.open("wb") as output:
        process = subprocess.Popen(started, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        until(lambda: process.poll() is not None or _HEALTH.search(log.read_text()))
        found = _HEALTH.search(log.read_text())
        assert found, log.read_text()
        running = Process(process, int(found[1]), log)
        until(lambda: process.poll() is not None or running.status("/readyz") == 200)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


@dataclass
class Home:
    """A namespace on the cluster, and what a test asks of it."""

    api: Client
    namespace: str

    def submit(self, name: str, given: Body | None = None, **spec: Any) -> None:
        """Create a request; inline text of its own where nothing is given."""
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name},
            "spec": {"input": given or {"inline": f"text of {name}"}, **spec},
        }
        self.api.create(paths.requests(self.namespace), body)

    def request(self, name: str) -> Body:
        """Return a request as it is; nothing where it is gone."""
        answer = self.api.get(paths.request(self.namespace, name))
        return answer.body if answer.status == 200 else {}

    def phase(self, name: str) -> str | None:
        """Return a request's phase."""
        return (self.request(name).get("status") or {}).get("phase")

    def listed(self, plural: str = "", **query: str) -> list[Body]:
        """Return the objects of a kind: requests, `jobs` or `pods`."""
        places = {"jobs": paths.jobs(self.namespace), "pods": paths.pods(self.namespace)}
        place = places.get(plural) or (
            in_namespace(self.namespace, plural) if plural else paths.requests(self.namespace)
        )
        return list(self.api.get(place, **query).body["items"])

    def settled(self) -> int:
        """Return how many requests have settled."""
        return len(self.listed(fieldSelector=paths.SETTLED))

    def change(self, name: str, **spec: Any) -> None:
        """Change a request's spec."""
        assert self.api.patch(paths.request(self.namespace, name), {"spec": spec}).status == 200

    def holder(self) -> str:
        """Return who holds the Lease of this namespace."""
        lease = self.api.get(in_namespace(self.namespace, "leases", LEASE, group=GROUP)).body
        return str((lease.get("spec") or {}).get("holderIdentity") or "")


@dataclass
class Hands:
    """Ends each Job of a namespace well while it is not held; `seen` are the Jobs as the API first had them."""

    home: Home
    free: threading.Event = field(default_factory=threading.Event)
    seen: dict[str, Body] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[Hands]:
        """Work in a thread for as long as the context lasts."""
        thread = threading.Thread(target=self._run, name="hands")
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            for job in self.home.listed("jobs"):
                uid = job["metadata"]["uid"]
                self.seen.setdefault(uid, job)
                if self.free.is_set() and uid not in self._done and not job["metadata"].get("deletionTimestamp"):
                    self._done.add(uid)
                    self._finish(job)

    def _finish(self, job: Body) -> None:
        """Give a Job a pod that has ended well; both may be gone meanwhile."""
        answer = self.home.api.call("POST", paths.pods(self.home.namespace), pod_of(job))
        if answer.status != 201:
            return
        lines = [reports.line(report_of(job, order)) for order in orders_of(job)]
        ended = {"exitCode": 0, "reason": "Completed", "message": reports.seal(lines)}
        container = {"name": "worker", "image": "x", "imageID": "x", "ready": False, "restartCount": 0}
        status = {"phase": "Succeeded", "containerStatuses": [{**container, "state": {"terminated": ended}}]}
        place = paths.pods(self.home.namespace, answer.body["metadata"]["name"], "status")
        answer = self.home.api.patch(place, {"status": status})
        assert answer.status in (200, 404), answer.body


def pod_of(job: Body) -> Body:
    """Return the pod that a Job controller would create."""
    meta, template = job["metadata"], job["spec"]["template"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-{meta['uid'][:5]}",
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": template["spec"],
    }


def orders_of(job: Body) -> list[Body]:
    """Return the orders on the worker's command line."""
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    places = [number for number, word in enumerate(arguments) if word == "--order"]
    return [json.loads(arguments[number + 1].replace("$$", "$")) for number in places]


def report_of(job: Body, order: Body) -> Body:
    """Return the report of a worker that found three words."""
    if job["metadata"]["labels"][names.STAGE_LABEL] == "tokenize":
        digest = order["value"] if order["source"] == "upload" else DIGEST
        return reports.done_tokens(order["id"], 0, 1, {"bytes": 9, "sha256": digest, "encoding": "utf-8"}, 3)
    parts = {"arrow": {"bytes": 1, "sha256": DIGEST}, "csv": {"bytes": 1, "sha256": DIGEST}}
    table = {"path": f"results/{job['metadata']['name']}/{order['id']}", "formatVersion": 1, **parts}
    words = [{"word": "text", "count": 2}, {"word": "of", "count": 1}]
    return reports.done_count(
        order["id"], {"bytes": 9, "tokens": 3, "distinctWords": 2, "topWords": words, "table": table}
    )
