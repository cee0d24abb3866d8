"""One release of the chart in a namespace that enforces Pod Security `restricted`, on a volume of its own."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cluster import up
from cluster.places import Places, state
from tests.e2e.kube import Json, apply, get, items, kubectl, run, until

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "textmill"
IMAGE = ("--set=image.repository=localhost/textmill", "--set=image.tag=e2e")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Release:
    """What was installed, and how to use it. The release is always called textmill."""

    namespace: str

    def kubectl(self, *arguments: str, text: str | None = None, ok: bool = True) -> str:
        """Run kubectl in the release's namespace."""
        return kubectl(f"--namespace={self.namespace}", *arguments, text=text, ok=ok)

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Speak to the Service by its address, under its name."""
        address = get("service", "textmill-api", f"--namespace={self.namespace}")["spec"]["clusterIP"]
        connection = http.client.HTTPConnection(address, 80, timeout=120)
        headers = {"Host": f"textmill-api.{self.namespace}.svc", "Content-Type": "text/plain"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

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

    def workers(self) -> list[Json]:
        """Return the worker pods."""
        return [pod for pod in items("pods", f"--namespace={self.namespace}") if owned_by_job(pod)]

    def leader(self) -> str:
        """Return the name of the operator's pod that holds the Lease; '' where nobody does."""
        lease = get("lease", "textmill-operator", f"--namespace={self.namespace}")
        return str(lease["spec"].get("holderIdentity") or "")


def reason(status: Json) -> str:
    """Return the reason of the condition Succeeded."""
    return next(str(one["reason"]) for one in status["conditions"] if one["type"] == "Succeeded")


def owned_by_job(pod: Json) -> bool:
    """Tell whether a pod is a Job's and no part of the sweep."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(one["kind"] == "Job" and not one["name"].startswith("textmill-") for one in owners)


def namespace(name: str, folder: str = "") -> None:
    """Make a namespace with a volume that only its own claims can have."""
    clear(name)
    path = Places(state(os.environ)).volumes / (folder or name)
    path.mkdir(exist_ok=True)
    apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}},
        up.volume(name, path, storage_class=name),
    )


def clear(name: str) -> None:
    """Remove what an earlier run left."""
    kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
    kubectl("delete", "persistentvolume", name, "--ignore-not-found", "--timeout=60s")


def install(name: str, *settings: str, verb: str = "install") -> Release:
    """Install the chart, and wait until everything is ready."""
    chosen = [*IMAGE, f"--set=persistence.storageClass={name}", "--set=persistence.size=1Gi", *settings]
    run("helm", verb, "textmill", str(CHART), f"--namespace={name}", "--wait", "--timeout=5m", *chosen)
    return Release(name)
