"""Jobs and pods for the tests of the Job controller, as an API server would show them."""

from datetime import UTC, datetime
from typing import Any

from local.jobs import model, template
from local.objects import Json

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
STAMP = "2026-11-22T12:00:00Z"
EARLIER = "2026-11-22T11:59:00Z"


def job(status: Json | None = None, **spec: Any) -> Json:
    """A Job named `words` whose spec has these fields beside its template."""
    container = {"name": "main", "image": "textmill", "command": ["true"]}
    template_ = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "words", "namespace": "default", "uid": "job-1", "resourceVersion": "7"},
        "spec": {"template": template_, **spec},
        "status": status or {},
    }


def running(**status: Any) -> Json:
    """The status of a Job that has started, with these fields beside the usual ones."""
    return {"startTime": EARLIER, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}, **status}


def pod(
    name: str,
    phase: str = "Pending",
    *,
    index: int | None = None,
    exit_code: int | None = None,
    tracked: bool = True,
    deleting: bool = False,
    finished: str = EARLIER,
    **more: Any,
) -> Json:
    """A pod of the Job `words`, with its name as its uid."""
    made = template.pod(model.Job(job(completions=9, completionMode="Indexed")), index)
    meta: Json = {**made["metadata"], "name": name, "uid": name, "resourceVersion": "1"}
    meta["creationTimestamp"] = EARLIER
    if not tracked:
        meta["finalizers"] = []
    if deleting:
        meta |= {"deletionTimestamp": STAMP, "deletionGracePeriodSeconds": 30}
    meta["annotations"] = {**meta.get("annotations", {}), **more.pop("annotations", {})}
    status: Json = {"phase": phase, **more}
    code = exit_code if exit_code is not None else {"Succeeded": 0, "Failed": 1}.get(phase)
    if code is not None:
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": finished}
        status["containerStatuses"] = [{"name": "main", "restartCount": 0, "state": {"terminated": ended}}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": made["spec"], "status": status}


def names(pods: tuple[Json, ...]) -> list[str]:
    """The names of pods in a plan."""
    return [str(one["metadata"].get("name")) for one in pods]


def kinds(status: Json) -> dict[str, str]:
    """The conditions of a status that are True, by their reason."""
    return {one["type"]: one["reason"] for one in status.get("conditions", []) if one["status"] == "True"}
