"""Requests that are answered or acted on rather than stored: access reviews, and the binding of a pod to a node.

There is one user here, the holder of the token, who may do everything that is served; the reviews say so.
"""

from typing import Any

from .codec import Body, now
from .errors import BadRequest, Conflict, about
from .resources import Resource

EVERYTHING: Body = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def answer(resource: Resource, body: Any) -> Body:
    """The review with its verdict."""
    if not isinstance(body, dict):
        raise BadRequest("a review must be an object")
    status = EVERYTHING if resource.kind == "SelfSubjectRulesReview" else {"allowed": True, "reason": "the only user"}
    head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {"creationTimestamp": None}}
    return head | {"spec": body.get("spec") or {}, "status": status}


def bound_node(body: Any) -> str:
    """The node that a Binding names."""
    target = body.get("target") if isinstance(body, dict) else None
    name = (target or {}).get("name")
    if not isinstance(name, str) or not name or (target or {}).get("kind", "Node") not in ("", "Node"):
        raise BadRequest("Binding: target must name a Node")
    return name


def bind(pod: Body, node: str) -> Body:
    """The pod on its node."""
    name = pod["metadata"]["name"]
    if pod["spec"].get("nodeName"):
        why = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise Conflict(
            f'Operation cannot be fulfilled on pods/binding "{name}": {why}', details=about(name, "", "pods")
        )
    if "deletionTimestamp" in pod["metadata"]:
        why = f"pod {name} is being deleted, cannot be assigned to a host"
        raise Conflict(
            f'Operation cannot be fulfilled on pods/binding "{name}": {why}', details=about(name, "", "pods")
        )
    pod["spec"]["nodeName"] = node
    status = pod.setdefault("status", {})
    kept = [row for row in status.get("conditions") or () if row["type"] != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now()}
    status["conditions"] = [*kept, scheduled]
    return pod
