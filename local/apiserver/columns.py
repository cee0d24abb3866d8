"""The columns of the built-in kinds, as kubectl users know them.

Each is a Column beside the function that computes its cell. Times are told as ages, in kubectl's own short form.
"""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from .codec import Body
from .records import lookup
from .resources import Column

Cell = Callable[[Body], Any]
Columns = tuple[tuple[Column, Cell], ...]
UNKNOWN, NOTHING = "<unknown>", "<none>"
MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 365 * 86_400


def age(stamp: Any) -> str:
    """How long ago a time was."""
    moment = _moment(stamp)
    if moment is None:
        return UNKNOWN
    return duration(int((datetime.datetime.now(datetime.UTC) - moment).total_seconds()))


def _moment(stamp: Any) -> datetime.datetime | None:
    if not isinstance(stamp, str):
        return None
    try:
        return datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return None


# up to a number of seconds: the unit, its length, and the smaller unit beside it if there is one
SCALE = (
    (2 * MINUTE, "s", 1, "", 0),
    (10 * MINUTE, "m", MINUTE, "s", 1),
    (3 * HOUR, "m", MINUTE, "", 0),
    (8 * HOUR, "h", HOUR, "m", MINUTE),
    (2 * DAY, "h", HOUR, "", 0),
    (8 * DAY, "d", DAY, "h", HOUR),
    (2 * YEAR, "d", DAY, "", 0),
)
LONGEST = (0, "y", YEAR, "d", DAY)


def duration(seconds: int) -> str:
    """A duration in at most two units, as kubectl shortens it."""
    if seconds < 0:
        return "0s" if seconds >= -2 else "<invalid>"
    _, name, unit, small_name, small = next((row for row in SCALE if seconds < row[0]), LONGEST)
    rest = seconds % unit // small if small else 0
    return f"{seconds // unit}{name}" + (f"{rest}{small_name}" if rest else "")


def _path(path: str, missing: Any = NOTHING) -> Cell:
    def cell(body: Body) -> Any:
        value = lookup(body, path)
        return missing if value is None or value == "" else value

    return cell


def _count(*paths: str) -> Cell:
    return lambda body: sum(len(lookup(body, path) or ()) for path in paths)


def _statuses(body: Body) -> list[Body]:
    return (body.get("status") or {}).get("containerStatuses") or []


def _pod_ready(body: Body) -> str:
    ready = sum(bool(found.get("ready")) for found in _statuses(body))
    return f"{ready}/{len(lookup(body, 'spec.containers') or ())}"


def _pod_status(body: Body) -> str:
    status = body.get("status") or {}
    text = str(status.get("reason") or status.get("phase") or UNKNOWN)
    for found in reversed(_statuses(body)):
        state = found.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            text = waiting["reason"]
        elif ended:
            text = ended.get("reason") or f"ExitCode:{ended.get('exitCode')}"
    if "deletionTimestamp" in body["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return text


def _job_status(body: Body) -> str:
    kinds = [row["type"] for row in lookup(body, "status.conditions") or () if row.get("status") == "True"]
    for kind, text in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended"),
                       ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet", "SuccessCriteriaMet")):  # fmt: skip
        if kind in kinds:
            return text
    return "Terminating" if "deletionTimestamp" in body["metadata"] else "Running"


def _job_completions(body: Body) -> str:
    spec, done = body.get("spec") or {}, lookup(body, "status.succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _job_duration(body: Body) -> str:
    start = _moment(lookup(body, "status.startTime"))
    if start is None:
        return ""
    end = _moment(lookup(body, "status.completionTime")) or datetime.datetime.now(datetime.UTC)
    return duration(int((end - start).total_seconds()))


def _containers(member: str, path: str) -> Cell:
    return lambda body: ",".join(str(row.get(member, "")) for row in lookup(body, path) or ())


def _node_status(body: Body) -> str:
    ready = {row["type"]: row["status"] for row in lookup(body, "status.conditions") or ()}.get("Ready")
    text = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return text + ",SchedulingDisabled" if lookup(body, "spec.unschedulable") else text


def _event_object(body: Body) -> str:
    involved = body.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _event_seen(body: Body) -> str:
    return age(lookup(body, "series.lastObservedTime") or body.get("lastTimestamp") or body.get("eventTime")
               or body["metadata"].get("creationTimestamp"))  # fmt: skip


def _event_source(body: Body) -> str:
    component = lookup(body, "source.component") or body.get("reportingComponent") or ""
    host = lookup(body, "source.host")
    return f"{component}, {host}" if host else component


def _modes(body: Body) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(short.get(mode, mode) for mode in lookup(body, "spec.accessModes") or ())


def _claim(body: Body) -> str:
    claim = lookup(body, "spec.claimRef") or {}
    return f"{claim.get('namespace')}/{claim.get('name')}" if claim else ""


def _roles(body: Body) -> str:
    prefix = "node-role.kubernetes.io/"
    found = [key.removeprefix(prefix) for key in body["metadata"].get("labels") or () if key.startswith(prefix)]
    return ",".join(sorted(found)) or NOTHING


def _restarts(body: Body) -> str:
    return str(sum(found.get("restartCount", 0) for found in _statuses(body)))


BUILTIN: Mapping[str, Columns] = {
    "pods": (
        (Column("Ready", "", description="Containers that are ready"), _pod_ready),
        (Column("Status", "", description="The pod's state in a word"), _pod_status),
        (Column("Restarts", "", description="Restarts of its containers"), _restarts),
    ),
    "jobs.batch": (
        (Column("Status", "", description="The Job's state in a word"), _job_status),
        (Column("Completions", "", description="Pods that succeeded, of those wanted"), _job_completions),
        (Column("Duration", "", description="Time from start to end"), _job_duration),
    ),
    "configmaps": ((Column("Data", "", description="Number of entries"), _count("data", "binaryData")),),
    "secrets": (
        (Column("Type", "", description="The secret's type"), _path("type")),
        (Column("Data", "", description="Number of entries"), _count("data")),
    ),
    "namespaces": ((Column("Status", "", description="Active or Terminating"), _path("status.phase")),),
    "nodes": (
        (Column("Status", "", description="Whether the node is ready"), _node_status),
        (Column("Roles", "", description="The node's roles"), _roles),
    ),
    "persistentvolumeclaims": (
        (Column("Status", "", description="Whether it is bound"), _path("status.phase", "")),
        (Column("Volume", "", description="The volume it is bound to"), _path("spec.volumeName", "")),
        (Column("Capacity", "", description="The volume's size"), _path("status.capacity.storage", "")),
        (Column("Access Modes", "", description="How it may be mounted"), _modes),
        (Column("StorageClass", "", description="Its class"), _path("spec.storageClassName", "")),
    ),
    "persistentvolumes": (
        (Column("Capacity", "", description="The volume's size"), _path("spec.capacity.storage", "")),
        (Column("Access Modes", "", description="How it may be mounted"), _modes),
        (Column("Reclaim Policy", "", description="What happens after release"),
         _path("spec.persistentVolumeReclaimPolicy", "")),
        (Column("Status", "", description="Whether it is bound"), _path("status.phase", "")),
        (Column("Claim", "", description="The claim that holds it"), _claim),
        (Column("StorageClass", "", description="Its class"), _path("spec.storageClassName", "")),
    ),
    "events": (
        (Column("Last Seen", "", description="Time since it was last seen"), _event_seen),
        (Column("Type", "", description="Normal or Warning"), _path("type", "")),
        (Column("Reason", "", description="Why, in a word"), _path("reason", "")),
        (Column("Object", "", description="What it is about"), _event_object),
        (Column("Source", "", description="Who says so", priority=1), _event_source),
        (Column("Message", "", description="What happened"), _path("message", "")),
        (Column("Count", "", "integer", description="How often", priority=1), _path("count", 1)),
    ),
    "leases.coordination.k8s.io": (
        (Column("Holder", "", description="Who holds it"), _path("spec.holderIdentity", "")),
    ),
    "customresourcedefinitions.apiextensions.k8s.io": (
        (Column("Created At", "", description="When it was made"), _path("metadata.creationTimestamp", "")),
    ),
}  # fmt: skip
WIDE: Mapping[str, Columns] = {
    "pods": (
        (Column("IP", "", priority=1, description="The pod's address"), _path("status.podIP")),
        (Column("Node", "", priority=1, description="The node it runs on"), _path("spec.nodeName")),
    ),
    "jobs.batch": (
        (
            Column("Containers", "", priority=1, description="Names"),
            _containers("name", "spec.template.spec.containers"),
        ),
        (Column("Images", "", priority=1, description="Images"), _containers("image", "spec.template.spec.containers")),
    ),
    "nodes": (
        (Column("Version", "", description="The kubelet's version"), _path("status.nodeInfo.kubeletVersion", "")),
    ),
}
UNAGED = frozenset({"events", "customresourcedefinitions.apiextensions.k8s.io"})
