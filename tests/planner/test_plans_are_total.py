"""Whatever one object holds, nothing raises, and the others are planned for as if it were not there.

Valid bodies of each kind are taken, and each leaf and each subtree is replaced in turn by every type of JSON, numbers
of 5,000 digits, and lists and objects ten thousand levels deep.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, RESULT, cut, recorded
from tests.planner.crd import check_status
from tests.planner.strange import STRANGE, places, with_at
from textmill import names, reports
from textmill.actions import Action, Launch, Plan, Write
from textmill.errors import BadObject
from textmill.picture import Job, Picture, Pod
from textmill.planner import plan
from textmill.request import Request, to_time

MADE = to_time(NOW - 60)
Body = tuple[type[Request] | type[Job] | type[Pod], Any]


def meta(name: str, **more: Any) -> dict[str, Any]:
    """Return the metadata of an object of this name."""
    named = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "7"}
    return {**named, "creationTimestamp": MADE, "labels": {}, "annotations": {}, **more}


def of_request(name: str, status: dict[str, Any] | None = None, **spec: Any) -> Body:
    """Return the body of a request."""
    given = {"input": {"path": f"{name}.txt", "bytes": 10}, "timeoutSeconds": 600, "priority": 1, "retries": 2, **spec}
    shown = status or {"phase": "Pending", "progress": {"percent": 0}}
    return Request, {"metadata": meta(name), "spec": given, "status": shown}


def of_job(name: str, member: str, stage: str, **status: Any) -> Body:
    """Return the body of a Job that works for one request."""
    notes = {names.MEMBERS_ANNOTATION: json.dumps([[f"uid-{member}", member]])}
    return Job, {
        "metadata": meta(name, labels={names.STAGE_LABEL: stage}, annotations=notes),
        "spec": {"completions": 1, "parallelism": 1},
        "status": status,
    }


def of_pod(name: str, job: str, state: dict[str, Any]) -> Body:
    """Return the body of a pod of a Job."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "uid": f"uid-{job}", "controller": True}
    index = {"batch.kubernetes.io/job-completion-index": "0"}
    conditions = [{"type": "PodScheduled", "status": "True", "reason": "", "message": "", "lastTransitionTime": MADE}]
    return Pod, {
        "metadata": meta(name, annotations=index, ownerReferences=[owner]),
        "status": {
            "phase": "Running",
            "startTime": MADE,
            "conditions": conditions,
            "containerStatuses": [{"name": "worker", "state": state}],
        },
    }


def condition(reason: str) -> dict[str, Any]:
    """Return a condition of a request."""
    return {"type": "Succeeded", "status": "Unknown", "reason": reason, "message": "?", "lastTransitionTime": MADE}


def sealed(report: Any) -> dict[str, Any]:
    """Return the state of a container that has ended well with this report."""
    line = report if isinstance(report, str) else reports.line(report)
    return {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": MADE, "message": reports.seal([line])}}


COUNT = recorded("count", "odd-c", conditions=[condition("Counting")], progress={"percent": 50})
TOKENIZE = recorded("tokenize", "odd-t", retryAt=MADE, batchLimit=3, attempts=1, input={"bytes": 3, "shardable": True})
ENDED = {
    "phase": "Succeeded",
    "completionTime": MADE,
    "conditions": [condition("Counted")],
    "result": RESULT,
    "notification": {"attempts": 1, "answered": 0, "retryAt": MADE, "message": "?"},
}
NOTIFY = {"url": "https://example.org/x", "secretRef": {"name": "s", "key": "k"}}
REPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a tokenizer's": ("tokenize", cut(Request.parse(of_request("odd")[1]))),
    "a count's": ("count", reports.done_count("uid-odd", RESULT, cut(Request.parse(of_request("odd")[1])))),
    "a failure": ("count", reports.failed("uid-odd", "NotText", "no text")),
    "left": ("tokenize", reports.left("uid-odd", "TooBig", 100)),
}
ODD: dict[str, tuple[Body, ...]] = {
    "waits": (of_request("odd"),),
    "inline": (of_request("odd", input={"inline": "text"}),),
    "put aside": (of_request("odd", {**TOKENIZE, "phase": "Suspended"}),),
    "ended": (of_request("odd", ENDED, notify=NOTIFY),),
    "recorded": (of_request("odd", TOKENIZE),),
    "tokenizes": (
        of_request("odd", TOKENIZE),
        of_job("odd-t", "odd", "tokenize"),
        of_pod("p", "odd-t", {"running": {"startedAt": MADE}}),
    ),
    "counts": (
        of_request("odd", COUNT),
        of_job("odd-c", "odd", "count"),
        of_pod("p", "odd-c", {"waiting": {"reason": "ErrImagePull", "message": "?"}}),
    ),
    "failed": (
        of_request("odd", COUNT),
        of_job("odd-c", "odd", "count", conditions=[{**condition("Why"), "type": "Failed", "status": "True"}]),
        of_pod("p", "odd-c", {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": MADE, "message": "?"}}),
    ),
}
OTHERS = (
    of_request("waiting"),
    of_request("working", recorded("count", "work-c")),
    of_job("work-c", "working", "count"),
    of_pod("work-p", "work-c", sealed(reports.done_count("uid-working", RESULT))),
)


def made_of(bodies: tuple[Body, ...]) -> Plan:
    """Plan for what can be read of these bodies."""
    found: dict[type, list[Any]] = {Request: [], Job: [], Pod: []}
    for kind, body in bodies:
        try:
            found[kind].append(kind.parse(body))
        except BadObject:
            continue
    lent = {"uid-waiting": None, "uid-odd": None}
    return plan(Picture.of(found[Request], found[Job], found[Pod], lent), LIMITS, NOW)


def for_others(made: Plan) -> list[Action]:
    """Return what is to be done for the others; a pod may be shared, so of launches only the writes count."""
    found: list[Action] = []
    for action in made.actions:
        if isinstance(action, Launch):
            found += [one for one in action.writes if one.request.name == "waiting"]
        elif isinstance(action, Write) and action.request.name in ("waiting", "working"):
            found.append(action)
    return found


def shape(made: Plan) -> list[tuple[str, str]]:
    """Return who is written for, and with which phase."""
    return [(one.request.name, one.status["phase"]) for one in for_others(made) if isinstance(one, Write)]


def errors(made: Plan) -> list[str]:
    """Return what a plan has met that nobody foresaw: the checks of what is read leave nothing to it."""
    return [repr(fault.error) for fault in made.faults]


def check_learnt(made: Plan) -> None:
    """Fail where something of a report is written that the API server would refuse."""
    for action in made.actions:
        for write in action.writes if isinstance(action, Launch) else [action]:
            if isinstance(write, Write) and write.request.name == "odd":
                check_status(write.status)


ALONE = shape(made_of(OTHERS))


@pytest.mark.parametrize("case", list(ODD))
def test_others_are_planned_for_whatever_one_object_holds(case: str) -> None:
    assert [phase for _, phase in ALONE] == ["Succeeded", "Tokenizing"]
    for number, (kind, body) in enumerate(ODD[case]):
        for path in places(body):
            for value in STRANGE:
                bad = (kind, with_at(body, path, value))
                made = made_of((*ODD[case][:number], bad, *ODD[case][number + 1 :], *OTHERS))
                assert shape(made) == ALONE, (path, str(type(value)))
                assert errors(made) == [], (path, str(type(value)))


@pytest.mark.parametrize("case", list(REPORTS))
def test_others_are_planned_for_whatever_a_sealed_report_holds(case: str) -> None:
    stage, report = REPORTS[case]
    status = COUNT if stage == "count" else TOKENIZE
    name = status["jobs"][stage]["name"]
    for path in places(report):
        for value in STRANGE:
            state = sealed(f"{reports.PREFIX}{text_of(with_at(report, path, value))}")
            odd = (of_request("odd", status), of_job(name, "odd", stage), of_pod("p", name, state))
            made = made_of((*odd, *OTHERS))
            assert shape(made) == ALONE, (path, str(type(value)))
            assert errors(made) == [], (path, str(type(value)))
            check_learnt(made)


def text_of(value: Any) -> str:
    """Return a report as JSON, also where Python would not write it."""
    try:
        return json.dumps(value)
    except (RecursionError, ValueError):
        return "[" * 10_000 + "]" * 10_000
