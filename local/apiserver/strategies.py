"""The rules of single built-in kinds: what they default, what the server owns, what may never change.

Only rules that clients and controllers lean on are here; each is one that a real API server has, with the same words.
A kind without an entry has none. Each strategy changes the new body in place or returns causes; `jobs` has Jobs'.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from . import jobs
from .codec import Body
from .errors import Cause, Forbidden
from .pods import default_pod, pod_causes, pod_update_causes, reset_pod


@dataclass(frozen=True, slots=True)
class Strategy:
    """No rules: the base of all kinds."""

    def default(self, body: Body) -> None:
        """Fill in what the client left out."""

    def create(self, body: Body) -> None:
        """Own what a client may not set on a new object."""

    def update(self, body: Body, old: Body) -> None:
        """Own what a client may not change."""

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        """What is wrong with it."""
        return []


class Pods(Strategy):
    """Pods."""

    def default(self, body: Body) -> None:
        default_pod(body.setdefault("spec", {}))

    def create(self, body: Body) -> None:
        reset_pod(body)

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        return pod_causes(body["spec"], "spec") if old is None else pod_update_causes(body, old)


class Jobs(Strategy):
    """Jobs."""

    def default(self, body: Body) -> None:
        jobs.default_job(body.setdefault("spec", {}), body["metadata"])

    def create(self, body: Body) -> None:
        body["status"] = {}
        jobs.label_template(body)

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        return jobs.job_causes(body) if old is None else jobs.job_update_causes(body, old)


class Namespaces(Strategy):
    """Namespaces."""

    def default(self, body: Body) -> None:
        body.setdefault("spec", {})

    def create(self, body: Body) -> None:
        body["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = body["metadata"].get("name", "")
        body["spec"] = {"finalizers": ["kubernetes"]}
        body["status"] = {"phase": "Active"}

    def update(self, body: Body, old: Body) -> None:
        body["spec"] = old.get("spec", {})


class Nodes(Strategy):
    """Nodes."""

    def default(self, body: Body) -> None:
        body.setdefault("spec", {})
        body.setdefault("status", {})


class Claims(Strategy):
    """PersistentVolumeClaims."""

    def default(self, body: Body) -> None:
        body.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")

    def create(self, body: Body) -> None:
        body["status"] = {"phase": "Pending"}

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        spec = body["spec"]
        if old is None:
            missing = [name for name in ("accessModes", "resources") if not spec.get(name)]
            return [Cause(f"spec.{name}", "Required value", "FieldValueRequired") for name in missing]
        former = old["spec"] | {name: spec[name] for name in ("resources", "volumeName") if name in spec}
        if spec != former:
            text = "Forbidden: spec is immutable after creation except resources.requests and volumeName"
            return [Cause("spec", text, "FieldValueForbidden")]
        return []


class Volumes(Strategy):
    """PersistentVolumes."""

    def default(self, body: Body) -> None:
        spec = body.setdefault("spec", {})
        spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
        spec.setdefault("volumeMode", "Filesystem")

    def create(self, body: Body) -> None:
        body["status"] = {"phase": "Pending"}

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        missing = [name for name in ("accessModes", "capacity") if not body["spec"].get(name)]
        return [Cause(f"spec.{name}", "Required value", "FieldValueRequired") for name in missing]


class ConfigMaps(Strategy):
    """ConfigMaps."""

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        return _immutable_causes(body, old, ("data", "binaryData"))


class Secrets(Strategy):
    """Secrets."""

    def default(self, body: Body) -> None:
        body.setdefault("type", "Opaque")
        for key, value in (body.pop("stringData", None) or {}).items():
            body.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()

    def causes(self, body: Body, old: Body | None) -> list[Cause]:
        causes = _immutable_causes(body, old, ("data",))
        if old is not None and body["type"] != old.get("type"):
            causes.append(Cause("type", f'Invalid value: "{body["type"]}": field is immutable'))
        return causes


class Definitions(Strategy):
    """CustomResourceDefinitions: what is right in them is for `crds` to say."""

    def create(self, body: Body) -> None:
        body["status"] = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": []}


def _immutable_causes(body: Body, old: Body | None, members: tuple[str, ...]) -> list[Cause]:
    if old is None or not old.get("immutable"):
        return []
    changed = [name for name in (*members, "immutable") if body.get(name) != old.get(name)]
    text = "Forbidden: field is immutable when `immutable` is set"
    return [Cause(name, text, "FieldValueForbidden") for name in changed]


NONE = Strategy()
STRATEGIES: Mapping[str, Strategy] = {
    "pods": Pods(),
    "jobs.batch": Jobs(),
    "namespaces": Namespaces(),
    "nodes": Nodes(),
    "persistentvolumeclaims": Claims(),
    "persistentvolumes": Volumes(),
    "configmaps": ConfigMaps(),
    "secrets": Secrets(),
    "customresourcedefinitions.apiextensions.k8s.io": Definitions(),
}


def strategy(resource_id: str) -> Strategy:
    """The rules of a kind."""
    return STRATEGIES.get(resource_id, NONE)


def terminating(namespace: str) -> Forbidden:
    """The refusal to create in a namespace that is on its way out."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    return Forbidden(why, causes=[Cause("metadata.namespace", f"namespace {namespace} is being terminated", "NamespaceTerminating")])
