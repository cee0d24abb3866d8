"""The Job that a plan becomes: plain arguments in, a `batch/v1` object out.

Every pod meets Pod Security `restricted`, holds no service-account token, sees its inputs read-only and only
its own output folder for writing. Owner references name all members and none as controller: Kubernetes then
collects the Job when the last of them is gone. A pod lost to a disruption is replaced without counting; one
that failed on its own fails the Job, but for sharded input, where the other shards' work would be lost with
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textmill import layout, names
from textmill.actions import JobPlan

Manifest = dict[str, Any]

TERMINATION_LOG = "/dev/termination-log"
CONTAINER = names.CONTAINER
BOUNDS = ("expanded_bytes", "expansion_ratio", "document_bytes", "document_seconds", "document_memory")
"""What of a Site the tokenizer is told as it is."""


@dataclass(frozen=True)
class Site:
    """What the operator's settings say about worker pods.

    volume_root: where the claim is mounted in a pod (on the laptop the host's own path); scratch_root:
    beneath it ConfigMaps are mounted. memory: the container's limit in bytes, of which the worker plans with
    7/8. resources: requests beside it. expanded_bytes, expansion_ratio: what compressed input may expand to;
    document_bytes, document_seconds, document_memory: what reading one document may take. keep_free: bytes of the
    volume that big outputs leave to other work.
    """

    image: str
    claim: str
    volume_root: str
    scratch_root: str
    memory: int = 512 << 20
    cpu_request: str = "100m"
    memory_request: int = 64 << 20
    user: int | None = 10001
    job_ttl: int = 86_400
    shard_retries: int = 6
    expanded_bytes: int = 128 << 30
    expansion_ratio: int = 250
    document_bytes: int = 64 << 20
    document_seconds: int = 60
    document_memory: int = 256 << 20
    keep_free: int = 128 << 20
    affinity: Mapping[str, Any] = field(default_factory=dict)
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()


def job(plan: JobPlan, site: Site) -> Manifest:
    """Return the Job for this plan."""
    sharded = plan.shards > 1
    labels = {names.MANAGED_BY_LABEL: names.MANAGED_BY, names.STAGE_LABEL: plan.stage}
    spec: Manifest = {
        "backoffLimit": site.shard_retries if sharded else 0,
        "completions": plan.shards,
        "parallelism": plan.parallelism,
        "completionMode": "Indexed" if sharded else "NonIndexed",
        "activeDeadlineSeconds": plan.timeout,
        "ttlSecondsAfterFinished": site.job_ttl,
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {"metadata": {"labels": labels | names.VOLUME_LABEL}, "spec": _pod(plan, site)},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": plan.name,
            "namespace": plan.namespace,
            "labels": labels,
            "annotations": {
                names.MEMBERS_ANNOTATION: json.dumps(
                    [[one.uid, one.name] for one in plan.members], separators=(",", ":")
                )
            },
            "ownerReferences": [
                {"apiVersion": names.API_VERSION, "kind": names.KIND, "name": one.name, "uid": one.uid}
                for one in plan.members
            ],
        },
        "spec": spec,
    }


def _pod(plan: JobPlan, site: Site) -> Manifest:
    security: Manifest = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if site.user is not None:
        security |= {"runAsUser": site.user, "runAsGroup": site.user, "fsGroup": site.user}
        security |= {"fsGroupChangePolicy": "OnRootMismatch"}
    pod: Manifest = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": security,
        "containers": [_container(plan, site)],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": site.claim}}, *_config_maps(plan)],
    }
    if site.affinity:
        pod["affinity"] = dict(site.affinity)
    if site.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in site.pull_secrets]
    return pod


def _container(plan: JobPlan, site: Site) -> Manifest:
    return {
        "name": CONTAINER,
        "image": site.image,
        "imagePullPolicy": site.pull_policy,
        "command": ["python", "-m", "worker", plan.stage],
        "args": _arguments(plan, site),
        "env": [
            {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
        ],
        "resources": {
            "requests": {"cpu": site.cpu_request, "memory": str(site.memory_request)},
            "limits": {"memory": str(site.memory)},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(plan, site),
    }


def _arguments(plan: JobPlan, site: Site) -> list[str]:
    out = layout.job_tokens(plan.name) if plan.stage == "tokenize" else layout.job_results(plan.name)
    arguments = ["--root", site.volume_root, "--out", out, "--termination-log", TERMINATION_LOG]
    arguments += ["--pod-uid", "$(POD_UID)", "--memory", str(site.memory * 7 // 8)]
    arguments += ["--seconds", str(plan.timeout), "--keep-free", str(site.keep_free)]
    if plan.stage == "tokenize":
        arguments += ["--shards", str(plan.shards)]
        for name in BOUNDS:
            arguments += [f"--{name.replace('_', '-')}", str(getattr(site, name))]
        if plan.config_maps:
            arguments += ["--configmaps", _scratch(plan, site)]
    for order in plan.orders:
        # Kubernetes expands $(NAME) in arguments and makes one dollar sign of two, wherever they stand.
        arguments += ["--order", order.text().replace("$", "$$")]
    return arguments


def _mounts(plan: JobPlan, site: Site) -> list[Manifest]:
    def mount(folder: str, read_only: bool) -> Manifest:
        where = {"name": "data", "mountPath": f"{site.volume_root}/{folder}", "subPath": folder}
        return where | ({"readOnly": True} if read_only else {})

    if plan.stage == "count":
        return [mount(layout.WORK, True), mount(layout.job_results(plan.name), False)]
    mounts = [mount(layout.UPLOADS, True), mount(layout.DROP, True), mount(layout.job_tokens(plan.name), False)]
    if plan.config_maps:
        mounts.append({"name": "configmaps", "mountPath": _scratch(plan, site), "readOnly": True})
    return mounts


def _config_maps(plan: JobPlan) -> list[Manifest]:
    """Return one projected volume, in which a missing ConfigMap or key leaves out its file and stops nobody else."""
    if not plan.config_maps:
        return []
    sources = [
        {"configMap": {"name": one.name, "optional": True, "items": [{"key": one.key, "path": one.uid}]}}
        for one in plan.config_maps
    ]
    return [{"name": "configmaps", "projected": {"sources": sources}}]


def _scratch(plan: JobPlan, site: Site) -> str:
    return f"{site.scratch_root}/{plan.name}"
