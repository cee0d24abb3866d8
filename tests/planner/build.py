"""Small pieces of a picture for table tests: a request, a Job with its recorded intent, a pod and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.planner.crd import check_status
from textmill import reports
from textmill.actions import Action, Launch, Plan, Write
from textmill.limits import Limits
from textmill.names import Stage
from textmill.picture import Job, Member, Picture, Pod
from textmill.planner import plan
from textmill.request import Input, Request, Spec, Status, to_time
from textmill.transitions import PHASE_OF

NOW = 1_800_000_000.0
LIMITS = Limits(pods=4, small_bytes=100, batch_members=4, batch_bytes=300, shard_bytes=1000, max_shards=8, shard_pods=3)


def request(
    uid: str = "u1",
    *,
    status: dict[str, Any] | None = None,
    size: int | None = 10,
    given: Input | None = None,
    namespace: str = "default",
    age: float = 9,
    deleting: bool = False,
    **spec: Any,
) -> Request:
    """Return a request for a file beneath drop/ unless something else is given."""
    source = given or Input(path=f"{uid}.txt", bytes=size)
    return Request(
        uid, f"r-{uid}", namespace, "7", NOW - age, Spec(source, **spec), Status(status or {}), deleting=deleting
    )


def after(one: Request, write: Write) -> Request:
    """Return the request as it is once this is written."""
    return replace(one, status=Status(write.status))


def recorded(
    stage: Stage = "tokenize", job: str = "job", *, started: float = 10, shards: int = 1, pods: int = 1, **more: Any
) -> dict[str, Any]:
    """Return the status of a request that waits for a Job of this name."""
    status: dict[str, Any] = {
        "phase": PHASE_OF[stage],
        "startTime": to_time(NOW - started),
        "starts": 1,
        "jobs": {
            stage: {
                "name": job,
                "members": 1,
                "shards": shards,
                "parallelism": pods,
                "startedAt": to_time(NOW - started),
            }
        },
    }
    if stage == "count":
        status["tokens"] = {"path": "work/earlier/u1", "shards": 1, "count": 3}
        status["input"] = {"bytes": 10}
    return {**status, **more}


def job(*members: Request, stage: Stage = "tokenize", name: str = "job", age: float = 5, **more: Any) -> Job:
    """Return a Job for these members."""
    people = tuple(Member(one.uid, one.name) for one in members)
    made = Job(f"uid-of-{name}", name, "default", stage, people, 1, 1, NOW - age)
    return replace(made, **more)


def pod(of: Job, index: int = 0, *, age: float = 4, **more: Any) -> Pod:
    """Return a pod of a Job, at work unless told otherwise."""
    name = f"{of.name}-{index}"
    return replace(Pod(f"uid-of-{name}", name, of.namespace, of.uid, index, NOW - age), **more)


def well(of: Job, *said: reports.Report, index: int = 0) -> Pod:
    """Return a pod that ended well with these reports."""
    return pod(of, index, exit_code=0, finished=NOW - 1, reports=tuple(said))


def cut(one: Request, index: int = 0, shards: int = 1, size: int = 10) -> reports.Report:
    """Return the report of a tokenized shard."""
    return reports.done_tokens(one.uid, index, shards, {"bytes": size, "encoding": "utf-8", "invalidBytes": 1}, 3)


RESULT = {"bytes": 10, "tokens": 3, "distinctWords": 2, "topWords": [], "table": {"path": "results/job/u1"}}


def counted(one: Request) -> reports.Report:
    """Return the report of a counted request."""
    return reports.done_count(one.uid, RESULT)


def planned(
    *requests: Request,
    jobs: tuple[Job, ...] = (),
    pods: tuple[Pod, ...] = (),
    lent: Any = None,
    limits: Limits = LIMITS,
    now: float = NOW,
) -> Plan:
    """Plan a picture, twice, since the same picture gives the same plan."""
    picture = Picture.of(requests, jobs, pods, lent)
    first = plan(picture, limits, now)
    assert plan(picture, limits, now) == first
    return first


def kinds(actions: Plan | tuple[Action, ...]) -> list[str]:
    """Return the names of the actions."""
    found = actions.actions if isinstance(actions, Plan) else actions
    return [type(one).__name__ for one in found]


def only_write(made: Plan) -> Write:
    """Return the one action of a plan, a Write."""
    (action,) = made.actions
    assert isinstance(action, Write)
    return action


def why(status: Any) -> tuple[str, str]:
    """Return status and reason of the condition Succeeded."""
    one = next(one for one in status["conditions"] if one["type"] == "Succeeded")
    return one["status"], one["reason"]


def of(made: Plan, one: Request) -> dict[str, Any]:
    """Return the status that a plan writes for a request, in whatever action."""
    writes = [a for action in made.actions for a in (action.writes if isinstance(action, Launch) else (action,))]
    (found,) = [write for write in writes if isinstance(write, Write) and write.request.uid == one.uid]
    check_status(found.status)
    return found.status
