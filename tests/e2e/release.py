"""One release of the chart in a namespace that enforces Pod Security `restricted`, on a volume of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cluster import up
from cluster.places import Places, state
from tests.e2e import processes
from tests.e2e.kube import Json, apply, get, items, kubectl, run, until

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "textmill"
REFERENCE = "localhost/textmill:e2e"
IMAGE = ("--set=image.repository=localhost/textmill", "--set=image.tag=e2e")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
ENDED = ("Succeeded", "Failed")
STAGE = "textmill.dev/stage"
TAKEOVER_SECONDS = 20.0
"""From the loss of the leading operator on."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class Release:
    """What was installed, and how to use it. The release is always called textmill."""

    namespace: str

    def kubectl(self, *arguments: str, text: str | None = None, ok: bool = True) -> str:
        """Run kubectl in the release's namespace."""
        return kubectl(f"--namespace={self.namespace}", *arguments, text=text, ok=ok)

    def address(self) -> str:
        """Return the Service's address."""
        return str(get("service", "textmill-api", f"--namespace={self.namespace}")["spec"]["clusterIP"])

    def call(
        self, method: str, path: str, body: bytes | None = None, address: str = "", token: str = ""
    ) -> tuple[int, bytes]:
        """Speak to the Service by its address, under its name."""
        connection = http.client.HTTPConnection(address or self.address(), 80, timeout=120)
        headers = {"Host": f"textmill-api.{self.namespace}.svc", "Content-Type": "text/plain"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before it was read; it says why
                connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        """Tell whether the Service leads to the pods that were asked for, and to none that is about to go."""
        parts = items("pods", f"--namespace={self.namespace}", f"--selector=!{STAGE}")
        if any("deletionTimestamp" in pod["metadata"] for pod in parts):
            return False
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def upload(self, name: str, content: bytes, options: str = "") -> Json:
        """Upload a file that must be taken."""
        status, answer = self.call("POST", f"/upload?name={name}{options}", content)
        assert status == 202, answer
        found: Json = json.loads(answer)
        return found

    def request(self, name: str) -> Json:
        """Return a request."""
        return get("preq", name, f"--namespace={self.namespace}")

    def status(self, name: str) -> Json:
        """Return a request's status."""
        found: Json = self.request(name).get("status") or {}
        return found

    def ended(self, name: str, patience: float = 180.0) -> Json:
        """Wait for a request to end, and return its status."""

        def look() -> Json | None:
            status = self.status(name)
            return status if status.get("phase") in ENDED else None

        found = until(look, patience)
        assert found is not None
        return found

    def create(self, name: str, source: Json, **spec: object) -> None:
        """Apply a request."""
        body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": name}}
        apply(body | {"spec": {"input": source, **spec}}, namespace=self.namespace)

    def pods(self, selector: str) -> list[Json]:
        """Return the pods that a selector finds."""
        return items("pods", f"--namespace={self.namespace}", f"--selector={selector}")

    def pod(self, name: str) -> Json:
        """Return a pod."""
        return get("pod", name, f"--namespace={self.namespace}")

    def scale(self, deployment: str, replicas: int) -> None:
        """Have so many pods of a Deployment, and wait until it is so."""
        self.kubectl("scale", f"deployment/{deployment}", f"--replicas={replicas}")
        selector = f"app.kubernetes.io/component={deployment.removeprefix('textmill-')}"
        until(lambda: len(self.pods(selector)) == replicas)

    def workers(self) -> list[Json]:
        """Return the worker pods."""
        return self.pods(STAGE)

    def worker_uids(self) -> set[str]:
        """Return the uids of the worker pods."""
        return {pod["metadata"]["uid"] for pod in self.workers()}

    def worker_of(self, name: str) -> Json:
        """Wait for a pod that works for a request, and return it."""

        def look() -> Json | None:
            jobs = {job["name"] for job in (self.status(name).get("jobs") or {}).values()}
            pods = (pod for pod in self.workers() if pod["metadata"]["labels"]["job-name"] in jobs)
            return next(pods, None)

        found = until(look)
        assert found is not None
        return found

    @property
    def volume(self) -> Path:
        """Return the folder behind the claim, as the node sees it."""
        return Places(state(os.environ)).volumes / self.namespace

    def put(self, name: str, line: str, size: int) -> Path:
        """Put a file among people's own: whole lines of at least so many bytes."""
        path = self.volume / "drop" / name
        block = line * (BLOCK // len(line))
        with path.open("w") as file:
            for _ in range(-(-size // len(block))):
                file.write(block)
        return path

    def leader(self) -> str:
        """Return the name of the operator's pod that holds the Lease; '' where nobody does."""
        lease = get("lease", "textmill-operator", f"--namespace={self.namespace}")
        return str(lease["spec"].get("holderIdentity") or "")

    def lose_leader(self) -> str:
        """Take the leading operator away as a power cut would, so that it gives nothing back, and return its name."""
        name = until(self.leader)
        pod = self.pod(name)
        processes.freeze(pod)
        self.kubectl("delete", "pod", name, "--grace-period=0", "--force", "--wait=false")
        processes.kill(pod)
        assert self.leader() == name, "it gave the Lease back"
        return name

    def followed(self, before: str) -> bool:
        """Wait for another operator to lead, and tell whether one does within the time that is promised."""
        return bool(until(lambda: (now := self.leader()) != before and now, TAKEOVER_SECONDS))


def reason(status: Json) -> str:
    """Return the reason of the condition Succeeded."""
    return next(str(one["reason"]) for one in status["conditions"] if one["type"] == "Succeeded")


@contextlib.contextmanager
def workers_seen(mill: Release) -> Iterator[dict[str, str]]:
    """Follow the worker pods; names and stages of all that there were are known when the context ends."""
    columns = r"{.metadata.name} {.metadata.labels.textmill\.dev/stage}{'\n'}"
    command = ("kubectl", f"--namespace={mill.namespace}", "get", "pods", f"--selector={STAGE}", "--watch-only")
    found: dict[str, str] = {}
    with subprocess.Popen((*command, f"--output=jsonpath={columns}"), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield found
        finally:
            process.terminate()
            told, _ = process.communicate()
            for line in told.splitlines():
                name, stage = line.split()
                found[name] = stage


def namespace(name: str, storage_class: str = "") -> None:
    """Make a namespace with a volume for its claim, in a storage class of its own unless one is given."""
    clear(name)
    path = Places(state(os.environ)).volumes / name
    path.mkdir(exist_ok=True)
    volume = up.volume(name, path, storage_class=storage_class or name)
    volume["spec"]["claimRef"] = {"namespace": name, "name": "textmill-data"}
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}, volume)


def clear(name: str) -> None:
    """Remove what an earlier run left."""
    kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
    kubectl("delete", "persistentvolume", name, "--ignore-not-found", "--timeout=60s")


def install(name: str, *settings: str, verb: str = "install", chart: Path = CHART) -> Release:
    """Install the chart, and wait until everything is ready."""
    chosen = [*IMAGE, f"--set=persistence.storageClass={name}", "--set=persistence.size=1Gi", *settings]
    run("helm", verb, "textmill", str(chart), f"--namespace={name}", "--wait", "--timeout=5m", *chosen)
    found = Release(name)
    until(found.answers)
    return found
