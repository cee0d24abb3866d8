"""What a DELETE makes of an object: removed at once, or marked and kept until somebody lets go.

Pure: the stored body and the client's options in, a verdict out. Who lets go is elsewhere: the kubelet for pods, the
holders of finalizers for the rest, `collector` for the two finalizers of cascading deletion.
"""

from dataclasses import dataclass
from typing import Any

from .codec import Body, seconds_from_now
from .errors import BadRequest
from .metadata import conflict
from .resources import Resource

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
POLICIES = {"Orphan": ORPHAN, "Foreground": FOREGROUND, "Background": ""}
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """The body of a DELETE, or its query."""

    grace: int | None = None
    policy: str = ""
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def options(body: Any) -> DeleteOptions:
    """DeleteOptions from a client's body."""
    if not isinstance(body, dict):
        raise BadRequest("DeleteOptions must be an object")
    grace = body.get("gracePeriodSeconds")
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool) or grace < 0):
        raise BadRequest(f"gracePeriodSeconds must be a whole number of seconds, not {grace!r}")
    policy = body.get("propagationPolicy") or ""
    if body.get("orphanDependents") is not None:
        policy = "Orphan" if body["orphanDependents"] else "Background"
    if policy and policy not in POLICIES:
        raise BadRequest(f'propagationPolicy must be one of {", ".join(sorted(POLICIES))}, not "{policy}"')
    preconditions = body.get("preconditions") or {}
    return DeleteOptions(
        grace=grace,
        policy=policy,
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
        dry_run=body.get("dryRun") == ["All"],
    )


def check(resource: Resource, body: Body, wanted: DeleteOptions) -> None:
    """Refuse to delete another object than the one that is meant."""
    meta = body["metadata"]
    for label, asked, found in (
        ("UID", wanted.uid, meta["uid"]),
        ("ResourceVersion", wanted.version, meta["resourceVersion"]),
    ):
        if asked and asked != found:
            why = f"Precondition failed: {label} in precondition: {asked}, {label} in object meta: {found}"
            raise conflict(resource, meta["name"], why)


def mark(resource: Resource, body: Body, wanted: DeleteOptions) -> bool:
    """Change a body as the deletion asks; True when the object can go now."""
    meta = body["metadata"]
    finalizers = _finalizers(meta.get("finalizers") or [], wanted.policy)
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    grace = _grace(resource, body, wanted.grace)
    if "deletionTimestamp" in meta:
        left = meta.get("deletionGracePeriodSeconds") or 0
        grace = min(grace, left)
        if grace < left:
            meta["deletionGracePeriodSeconds"] = grace
            meta["deletionTimestamp"] = seconds_from_now(grace)
    else:
        meta["deletionTimestamp"] = seconds_from_now(grace)
        meta["deletionGracePeriodSeconds"] = grace
        if "generation" in meta:
            meta["generation"] += 1
    if resource.id == "namespaces":
        body.setdefault("status", {})["phase"] = "Terminating"
    return released(resource, body)


def released(resource: Resource, body: Body) -> bool:
    """Whether nobody holds a marked object any more."""
    meta = body["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    if resource.id == "namespaces" and (body.get("spec") or {}).get("finalizers"):
        return False
    return not meta.get("deletionGracePeriodSeconds")


def _finalizers(present: list[str], policy: str) -> list[str]:
    if not policy:
        return present
    kept = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    return [*kept, POLICIES[policy]] if POLICIES[policy] else kept


def _grace(resource: Resource, body: Body, asked: int | None) -> int:
    if resource.id != "pods":
        return 0
    spec = body.get("spec") or {}
    if not spec.get("nodeName") or (body.get("status") or {}).get("phase") in ENDED:
        return 0
    default: int = spec.get("terminationGracePeriodSeconds", 30)
    return default if asked is None else asked
