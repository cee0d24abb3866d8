"""Requests that are answered or acted on rather than stored: reviews of tokens and rights, and the binding of a pod.

There is one user here, the holder of the token, who may do everything that is served; the reviews say so. Nobody
else may do anything, and a token for an audience other than this server's is unknown to it.
"""

import hmac
from typing import Any

from .codec import Body, now
from .errors import BadRequest, Cause, Conflict, Invalid, about
from .resources import Resource

EVERYTHING: Body = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


USER = "admin"
MASTERS = "system:masters"
GROUPS = (MASTERS, "system:authenticated")
AUDIENCE = "https://kubernetes.default.svc.cluster.local"


def answer(resource: Resource, body: Any, token: str) -> Body:
    """The review with its verdict; the token is the one that opens this server."""
    if not isinstance(body, dict):
        raise BadRequest("a review must be an object")
    spec = body.get("spec") or {}
    head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {"creationTimestamp": None}}
    return head | {"spec": spec, "status": _verdict(resource, spec, token)}


def _verdict(resource: Resource, spec: Body, token: str) -> Body:
    match resource.kind:
        case "TokenReview":
            return _token(spec, token)
        case "SubjectAccessReview":
            return _subject(resource, spec)
        case "SelfSubjectRulesReview":
            return EVERYTHING
    return {"allowed": True, "reason": "the only user"}


def _token(spec: Body, token: str) -> Body:
    shown = spec.get("token")
    if not isinstance(shown, str) or not shown:
        raise BadRequest("token is required for TokenReview in authentication")
    audiences = spec.get("audiences") or [AUDIENCE]
    if not hmac.compare_digest(shown.encode(), token.encode()) or AUDIENCE not in audiences:
        return {"user": {}, "error": "[invalid bearer token]"}
    return {"authenticated": True, "user": {"username": USER, "groups": list(GROUPS)}, "audiences": [AUDIENCE]}


def _subject(resource: Resource, spec: Body) -> Body:
    if not spec.get("user") and not spec.get("groups"):
        cause = Cause("spec.user", 'Invalid value: "": at least one of user or group must be specified')
        raise Invalid(resource.kind, resource.group, "", [cause])
    if spec.get("user") == USER or MASTERS in (spec.get("groups") or ()):
        return {"allowed": True, "reason": "the only user"}
    return {"allowed": False, "reason": "there is one user here, and it is another"}


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
