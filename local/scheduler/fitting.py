"""Whether a pod fits a node, and why not. Pure.

Known: room for its requests, the number of pods, nodeSelector, required node affinity by labels, taints
that forbid, and required pod affinity and anti-affinity by host name. The sentences are the real
scheduler's, since people search for them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from local import objects, quantity
from local.objects import Json

_HOST = "kubernetes.io/hostname"


class Room(NamedTuple):
    """An amount of what is handed out: CPU in thousandths, memory in bytes, pods."""

    cpu: int
    memory: int
    pods: int


def requests(pod: Json) -> Room:
    """What a pod takes: the sum of its containers, or its biggest init container."""
    mains = [_request(container) for container in objects.spec(pod).get("containers") or []]
    inits = [_request(container) for container in objects.spec(pod).get("initContainers") or []]
    cpu = max([sum(one[0] for one in mains), *(one[0] for one in inits)])
    memory = max([sum(one[1] for one in mains), *(one[1] for one in inits)])
    return Room(cpu, memory, 1)


def _request(container: Mapping[str, Any]) -> tuple[int, int]:
    asked = (container.get("resources") or {}).get("requests") or {}
    return quantity.milli(asked.get("cpu", 0)), quantity.whole(asked.get("memory", 0))


def free(node: Json, pods: Iterable[Json]) -> Room:
    """What is left of a node under these pods."""
    has = objects.status(node).get("allocatable") or {}
    taken = [requests(pod) for pod in pods]
    return Room(
        quantity.milli(has.get("cpu", 0)) - sum(one.cpu for one in taken),
        quantity.whole(has.get("memory", 0)) - sum(one.memory for one in taken),
        quantity.whole(has.get("pods", 0)) - len(taken),
    )


def obstacle(pod: Json, node: Json, there: Sequence[Json], everywhere: Sequence[Json]) -> str | None:
    """Why the pod cannot go to the node where these pods are; None if it can."""
    return next(_obstacles(pod, node, there, everywhere), None)


def _obstacles(pod: Json, node: Json, there: Sequence[Json], everywhere: Sequence[Json]) -> Iterator[str]:
    spec = objects.spec(pod)
    if objects.spec(node).get("unschedulable"):
        yield "node(s) were unschedulable"
    if not objects.condition_true(node, "Ready"):
        yield "node(s) were not ready"
    if not _labels_fit(spec, objects.labels(node)):
        yield "node(s) didn't match Pod's node affinity/selector"
    for taint in objects.spec(node).get("taints") or []:
        if taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerated(spec, taint):
            yield f"node(s) had untolerated taint(s) {{{taint.get('key')}: {taint.get('value') or ''}}}"
    wanted, left = requests(pod), free(node, there)
    if wanted.pods > left.pods:
        yield "Too many pods"
    if wanted.cpu > 0 and wanted.cpu > left.cpu:
        yield "Insufficient cpu"
    if wanted.memory > 0 and wanted.memory > left.memory:
        yield "Insufficient memory"
    yield from _company(pod, there, everywhere)


def _labels_fit(spec: Json, labels: Mapping[str, str]) -> bool:
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    required = _required(spec, "nodeAffinity")
    if not required:
        return True
    terms = required.get("nodeSelectorTerms") or []
    return any(objects.expressions_match(term.get("matchExpressions") or [], labels) for term in terms)


def _required(spec: Json, kind: str) -> Any:
    return ((spec.get("affinity") or {}).get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution")


def _tolerated(spec: Json, taint: Mapping[str, Any]) -> bool:
    for toleration in spec.get("tolerations") or []:
        if toleration.get("effect") not in (None, "", taint.get("effect")):
            continue
        if toleration.get("operator") == "Exists" and toleration.get("key") in (None, "", taint.get("key")):
            return True
        if toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def _company(pod: Json, there: Sequence[Json], everywhere: Sequence[Json]) -> Iterator[str]:
    """Pods that must share its node, and pods that must not."""
    for term in _required(objects.spec(pod), "podAffinity") or []:
        if term.get("topologyKey") != _HOST or term.get("namespaceSelector"):
            yield "pod affinity is known by kubernetes.io/hostname within namespaces only"
        elif not any(_meant(term, pod, other) for other in there):
            first = not any(_meant(term, pod, other) for other in everywhere) and _meant(term, pod, pod)
            if not first:
                yield "node(s) didn't match pod affinity rules"
    for term in _required(objects.spec(pod), "podAntiAffinity") or []:
        if term.get("topologyKey") != _HOST or term.get("namespaceSelector"):
            yield "pod anti-affinity is known by kubernetes.io/hostname within namespaces only"
        elif any(_meant(term, pod, other) for other in there):
            yield "node(s) didn't match pod anti-affinity rules"


def _meant(term: Mapping[str, Any], pod: Json, other: Json) -> bool:
    namespaces = term.get("namespaces") or [objects.namespace(pod)]
    return objects.namespace(other) in namespaces and objects.selects(
        term.get("labelSelector") or {}, objects.labels(other)
    )


def claim_trouble(pod: Json, claims: Mapping[str, Json]) -> str | None:
    """What is wrong with the pod's claims, if something is."""
    for volume in objects.spec(pod).get("volumes") or []:
        source = volume.get("persistentVolumeClaim")
        if not source:
            continue
        claim = claims.get(str(source.get("claimName")))
        if claim is None:
            return f'persistentvolumeclaim "{source.get("claimName")}" not found'
        if objects.deleting(claim):
            return f'persistentvolumeclaim "{source.get("claimName")}" is being deleted'
        if objects.status(claim).get("phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None
