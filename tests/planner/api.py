"""A model of the API, as far as the planner's actions need it.

Everything happens at once and whole, one call at a time; the order of calls is the history that a test draws.
Each change goes into a log by kind, from which an operator's views are fed as late as the test likes. The
promises about single objects are checked where they could be broken: in `write` and `delete`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.planner.crd import check_status
from tests.planner.receiver import Receiver
from tests.planner.worker_model import Volume, result_of
from textmill.actions import JobPlan
from textmill.picture import Job, Key, Pod
from textmill.request import FAILED, SUCCEEDED, Request, Spec, Status

Kind = Literal["requests", "jobs", "pods"]


class Refused(Exception):
    """The API says no: NotFound, Conflict, AlreadyExists or Unavailable (the answer may be lost, the deed done)."""


@dataclass
class Book:
    """What the Job controller remembers of one Job."""

    plan: JobPlan
    late: bool
    succeeded: set[int] = field(default_factory=set)
    failures: int = 0
    counted: set[str] = field(default_factory=set)


def waits_for(request: Request | None, uid: str, job: Job | JobPlan) -> bool:
    """Tell whether this request, found under a member's name, waits for the Job."""
    return bool(
        request and request.uid == uid and not request.deleting and request.status.waits_for(job.stage, job.name)
    )


@dataclass
class Api:
    """now: seconds since the epoch. expected: each uid's text. trouble: what is wrong: quota, image, claim.

    hurt: uids of requests that had bad luck; where the history is `fair` (clocks right, views seconds old at
    most) no other request may fail for a reason that is not its own. robbed: uids of Jobs that lost a pod which had
    ended well, before it was counted.
    """

    now: float = 1_800_000_000.0
    version: int = 0
    requests: dict[Key, Request] = field(default_factory=dict)
    jobs: dict[Key, Job] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    volume: Volume = field(default_factory=Volume)
    receiver: Receiver = field(default_factory=Receiver)
    expected: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    hurt: set[str] = field(default_factory=set)
    robbed: set[str] = field(default_factory=set)
    fair: bool = False
    trouble: set[str] = field(default_factory=set)
    history: dict[Kind, list[tuple[Any, Any, int, float]]] = field(default_factory=lambda: defaultdict(list))

    def put(self, kind: Kind, key: Any, thing: Any) -> Any:
        """Store or (None) delete an object and tell the watches."""
        self.version += 1
        store: dict[Any, Any] = getattr(self, kind)
        if kind == "requests" and thing is not None:
            thing = replace(thing, version=str(self.version))
        if thing is None:
            store.pop(key, None)
        else:
            store[key] = thing
        left_watch = kind == "requests" and thing is not None and thing.status.settled
        self.history[kind].append((key, None if left_watch else thing, self.version, self.now))
        return thing

    def apply(self, namespace: str, name: str, spec: Spec, text: str, label: str | None) -> None:
        """Create a request."""
        uid = f"uid-{self.version}"
        self.expected[uid] = text
        request = Request(uid, name, namespace, "", float(int(self.now)), spec, reuse_label=label)
        self.put("requests", (namespace, name), request)

    def edit(self, key: Key, **changes: Any) -> None:
        """Change a spec as a user may."""
        self.put("requests", key, replace(self.requests[key], spec=replace(self.requests[key].spec, **changes)))

    def remove(self, key: Key, linger: bool = False) -> None:
        """Delete a request; with somebody's finalizer it lingers."""
        self.put("requests", key, replace(self.requests[key], deleting=True) if linger else None)

    def write(self, seen: Request, status: Mapping[str, Any]) -> Request:
        """Replace a status if the version is still the one seen."""
        now = self.requests.get((seen.namespace, seen.name))
        if now is None or now.uid != seen.uid:
            raise Refused("NotFound")
        if now.version != seen.version:
            raise Refused("Conflict")
        check_status(status)
        assert not now.status.settled, "a request was written to after it had settled"
        if now.status.ended:
            told = {"settled", "notification"}
            assert {k: v for k, v in status.items() if k not in told} == {
                k: v for k, v in now.status.raw.items() if k not in told
            }, "an end was changed"
        written: Request = self.put(
            "requests", (now.namespace, now.name), replace(now, status=Status(json.loads(json.dumps(status))))
        )
        if written.status.settled and now.spec.notify:
            self.receiver.check(written.uid, written.status.raw["notification"])
        if written.status.ended and not now.status.ended:
            assert written.uid not in self.ends, "a request ended twice"
            self.ends[written.uid] = written.status.phase
        if now.status.ended:
            return written
        if written.status.phase == FAILED and self.fair and written.uid not in self.hurt:
            self._check_reason(written)
        if written.status.phase == SUCCEEDED:
            right = result_of(self.expected[written.uid].split())
            assert {name: status["result"][name] for name in right} == right
            assert status["result"]["table"]["path"] in self.volume.tables
        return written

    def _check_reason(self, ended: Request) -> None:
        reason = next(one["reason"] for one in ended.status.raw["conditions"] if one["type"] == "Succeeded")
        words = self.expected[ended.uid].split()
        fates = {"bomb": "OOMKilled", "binary": "NotText", "crowded": "VolumeFull"}
        own = {fate for word, fate in fates.items() if word in words}
        late = self.now >= (ended.status.started_at or self.now) + ended.spec.timeout
        assert reason in own or late, f"{reason} is not this request's own fault"

    def label(self, seen: Request, label: str) -> None:
        """Set the reuse label."""
        now = self.requests.get((seen.namespace, seen.name))
        if now is not None and now.uid == seen.uid:
            self.put("requests", (now.namespace, now.name), replace(now, reuse_label=label))

    def create(self, plan: JobPlan, late: bool) -> Job:
        """Create a Job; `late`: by a leader whose time is over."""
        key = (plan.namespace, plan.name)
        if key in self.jobs:
            raise Refused("AlreadyExists")
        uid = f"job-{self.version}"
        self.books[uid] = Book(plan, late)
        created = float(int(self.now))
        job = Job(uid, plan.name, plan.namespace, plan.stage, plan.members, plan.shards, plan.parallelism, created)
        assert isinstance(self.put("jobs", key, job), Job)
        return job

    def grow(self, job: Job, pods: int) -> Job:
        """Let a Job have so many pods at once."""
        now = self.jobs.get((job.namespace, job.name))
        if now is None or now.uid != job.uid or now.parallelism != job.parallelism:
            raise Refused("NotFound or Conflict")
        assert pods > now.parallelism, "a Job was given fewer pods than it had"
        grown: Job = self.put("jobs", (job.namespace, job.name), replace(now, parallelism=pods))
        return grown

    def delete(self, job: Job, *, idle: bool) -> Any:
        """Delete a Job as the operator does: in the foreground, and an idle one not. Return what is left."""
        key = (job.namespace, job.name)
        now = self.jobs.get(key)
        if now is None or now.uid != job.uid:
            raise Refused("NotFound")
        for one in now.members:
            waiting = waits_for(self.requests.get((now.namespace, one.name)), one.uid, now)
            assert not waiting, "a Job was deleted while a request waited for it"
        return self.put("jobs", key, None if idle else replace(now, deleting=True, deleted_at=self.now))
