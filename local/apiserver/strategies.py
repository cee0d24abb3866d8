"""The rules of single built-in kinds: what they default, what the server owns, what may never change.

Only rules that clients and controllers lean on are here; each is one that a real API server has, with the same words.
A kind without an entry has none. The steps of a strategy change the new body in place, or return causes; those of
Pods and Jobs are in modules of their own.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import crds, jobs, pods
from .codec import Body
from .errors import Cause, Forbidden


def _nothing(_body: Body) -> None:
    """The step of a kind that has no rule for it."""


def _keep(_body: Body, _old: Body) -> None:
    """The same, for an update."""


def _no_causes(_body: Body, _old: Body | None) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True)
class Strategy:
    """The steps of one kind: defaults, what the server owns on create and on update, what is wrong."""

    default: Callable[[Body], None] = _nothing
    create: Callable[[Body], None] = _nothing
    update: Callable[[Body, Body], None] = _keep
    causes: Callable[[Body, Body | None], list[Cause]] = _no_causes


def _default_pod(body: Body) -> None:
    pods.default_pod(body.setdefault("spec", {}))


def _pod_causes(body: Body, old: Body | None) -> list[Cause]:
    return pods.pod_causes(body["spec"], "spec") if old is None else pods.pod_update_causes(body, old)


def _default_job(body: Body) -> None:
    jobs.default_job(body.setdefault("spec", {}))


def _create_job(body: Body) -> None:
    body["status"] = {}
    jobs.label_template(body)


def _job_causes(body: Body, old: Body | None) -> list[Cause]:
    return jobs.job_causes(body) if old is None else jobs.job_update_causes(body, old)


def _default_parts(body: Body) -> None:
    body.setdefault("spec", {})
    body.setdefault("status", {})


def _create_namespace(body: Body) -> None:
    body["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = body["metadata"].get("name", "")
    body["spec"] = {"finalizers": ["kubernetes"]}
    body["status"] = {"phase": "Active"}


def _keep_spec(body: Body, old: Body) -> None:
    body["spec"] = old.get("spec", {})


def _default_claim(body: Body) -> None:
    body.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _create_pending(body: Body) -> None:
    body["status"] = {"phase": "Pending"}


def _claim_causes(body: Body, old: Body | None) -> list[Cause]:
    spec = body["spec"]
    if old is None:
        return _missing(spec, "accessModes", "resources")
    former = old["spec"] | {name: spec[name] for name in ("resources", "volumeName") if name in spec}
    if spec == former:
        return []
    text = "Forbidden: spec is immutable after creation except resources.requests and volumeName"
    return [Cause("spec", text, "FieldValueForbidden")]


def _default_volume(body: Body) -> None:
    spec = body.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")


def _volume_causes(body: Body, _old: Body | None) -> list[Cause]:
    return _missing(body["spec"], "accessModes", "capacity")


def _missing(spec: Body, *names: str) -> list[Cause]:
    return [Cause(f"spec.{name}", "Required value", "FieldValueRequired") for name in names if not spec.get(name)]


def _config_map_causes(body: Body, old: Body | None) -> list[Cause]:
    return _immutable_causes(body, old, ("data", "binaryData"))


def _default_secret(body: Body) -> None:
    body.setdefault("type", "Opaque")
    for key, value in (body.pop("stringData", None) or {}).items():
        body.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _secret_causes(body: Body, old: Body | None) -> list[Cause]:
    causes = _immutable_causes(body, old, ("data",))
    if old is not None and body["type"] != old.get("type"):
        causes.append(Cause("type", f'Invalid value: "{body["type"]}": field is immutable'))
    return causes


def _create_definition(body: Body) -> None:
    body["status"] = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": []}


def _immutable_causes(body: Body, old: Body | None, members: tuple[str, ...]) -> list[Cause]:
    if old is None or not old.get("immutable"):
        return []
    changed = [name for name in (*members, "immutable") if body.get(name) != old.get(name)]
    text = "Forbidden: field is immutable when `immutable` is set"
    return [Cause(name, text, "FieldValueForbidden") for name in changed]


NONE = Strategy()
STRATEGIES: Mapping[str, Strategy] = {
    "pods": Strategy(default=_default_pod, create=pods.reset_pod, causes=_pod_causes),
    "jobs.batch": Strategy(default=_default_job, create=_create_job, causes=_job_causes),
    "namespaces": Strategy(create=_create_namespace, update=_keep_spec),
    "nodes": Strategy(default=_default_parts),
    "persistentvolumeclaims": Strategy(default=_default_claim, create=_create_pending, causes=_claim_causes),
    "persistentvolumes": Strategy(default=_default_volume, create=_create_pending, causes=_volume_causes),
    "configmaps": Strategy(causes=_config_map_causes),
    "secrets": Strategy(default=_default_secret, causes=_secret_causes),
    "customresourcedefinitions.apiextensions.k8s.io": Strategy(
        create=_create_definition, causes=crds.definition_causes
    ),
}


def strategy(resource_id: str) -> Strategy:
    """The rules of a kind."""
    return STRATEGIES.get(resource_id, NONE)


def terminating(namespace: str) -> Forbidden:
    """The refusal to create in a namespace that is on its way out."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    return Forbidden(
        why, causes=[Cause("metadata.namespace", f"namespace {namespace} is being terminated", "NamespaceTerminating")]
    )
