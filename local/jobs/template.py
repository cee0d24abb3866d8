"""The pod that a Job asks for: its template, with what ties the pod to the Job.

Names come from the server (generateName), so two syncs can never mean the same pod by accident. The
finalizer is what makes counting exact: a pod cannot vanish before it has been counted. Pure.
"""

import copy

from local import objects
from local.jobs import model
from local.objects import Json

_LONGEST_PREFIX = 58
_LONGEST_HOSTNAME = 63


def pod(job: model.Job, index: int | None = None, failures: int | None = None, ignored: int = 0) -> Json:
    """Build the manifest of one pod, for an index where the Job is Indexed."""
    template = copy.deepcopy(job.template)
    meta: Json = template.get("metadata") or {}
    spec: Json = template.get("spec") or {}
    name = objects.name(job.obj)
    labels = {**(meta.get("labels") or {}), **own_labels(job.obj)}
    annotations = dict(meta.get("annotations") or {})
    finalizers = [*(meta.get("finalizers") or []), model.FINALIZER]
    if index is not None:
        annotations[model.INDEX] = labels[model.INDEX] = str(index)
        _tell_index(spec)
        hostname = f"{name}-{index}"
        if "hostname" not in spec and len(hostname) <= _LONGEST_HOSTNAME:
            spec["hostname"] = hostname
    if failures is not None:
        annotations[model.INDEX_FAILURES] = str(failures)
        if ignored:
            annotations[model.INDEX_IGNORED] = str(ignored)
    made: Json = {
        "generateName": _prefix(name, index),
        "namespace": objects.namespace(job.obj),
        "labels": labels,
        "finalizers": list(dict.fromkeys(finalizers)),
        "ownerReferences": [owner(job.obj)],
    }
    if annotations:
        made["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": spec}


def own_labels(job: Json) -> dict[str, str]:
    """The labels by which a Job's pods are found, by the new names and the old."""
    uid, name = objects.uid(job), objects.name(job)
    return {
        model.CONTROLLER_UID: uid,
        "controller-uid": uid,
        model.JOB_NAME: name,
        "job-name": name,
    }


def owner(job: Json) -> Json:
    """The reference that makes the Job the pod's controller."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": objects.name(job),
        "uid": objects.uid(job),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _prefix(name: str, index: int | None) -> str:
    tail = "-" if index is None else f"-{index}-"
    return name[: _LONGEST_PREFIX - len(tail)] + tail


def _tell_index(spec: Json) -> None:
    """Give each container its index, unless the template sets the variable itself."""
    source = {"fieldRef": {"fieldPath": f"metadata.annotations['{model.INDEX}']"}}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        env = container.setdefault("env", [])
        if all(variable.get("name") != "JOB_COMPLETION_INDEX" for variable in env):
            env.append({"name": "JOB_COMPLETION_INDEX", "valueFrom": source})
