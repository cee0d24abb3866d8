"""What the cluster shows at one moment: requests, our Jobs, our pods. The planner's whole input, read from API bodies.

A picture may be stale or partial; nothing here pretends otherwise. A pod's container state is believed before
its Job's conditions on success (it is there a second or two earlier), the Job's conditions are the authority
on failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple

from textmill import bodies, containers, names, reports
from textmill.errors import BadObject, Reason, SealBroken
from textmill.glimpses import Glimpse
from textmill.notices import Outcome
from textmill.request import Body, Request, from_time

INDEX_DIGITS = 10
"""A completion index of more digits is none: Kubernetes has at most 2^31 of them."""


MEMBERS = 1000
"""A Job for more requests is none of ours, which have 200 at most; before it is deleted each of them is asked about."""


class Member(NamedTuple):
    """A request that a Job works for."""

    uid: str
    name: str


@dataclass(frozen=True)
class Trouble:
    """Why a Job has no pod, as its events tell."""

    reason: Reason
    message: str


class Unreadable(NamedTuple):
    """Since when a pod's log cannot be read, and why. unfit: it was read, and did not fit its seal."""

    since: float
    why: str
    unfit: bool = False


@dataclass(frozen=True)
class Job:
    """One of our Jobs.

    failure: the Failed condition's reason and message. listed: its pods were listed once it had ended. suspended: no
    pods are made for it, by its own spec. created, deleted_at, ended_at: seconds since the epoch; ended_at is when its
    conditions said that it is over, deleted_at when its deletion was asked for (0: it was not). version: its
    resourceVersion.
    """

    uid: str
    name: str
    namespace: str
    stage: names.Stage
    members: tuple[Member, ...]
    shards: int
    parallelism: int
    created: float
    deleting: bool = False
    complete: bool = False
    failure: tuple[str, str] | None = None
    trouble: Trouble | None = None
    ended_at: float = 0.0
    deleted_at: float = 0.0
    version: str = ""
    listed: bool = False
    suspended: bool = False

    @property
    def ended(self) -> bool:
        """Tell whether the Job's own conditions say that it is over."""
        return self.complete or self.failure is not None

    @classmethod
    def parse(cls, body: Body) -> Job:
        """Read a Job of ours; BadObject where it carries our label but not what we write into it."""
        found = bodies.read("Job", body)
        meta, spec = found["metadata"], found["spec"]
        conditions = {one["type"]: one for one in found["status"].get("conditions", ())}
        complete, failed = conditions.get("Complete", {}), conditions.get("Failed", {})
        over: Body = next((one for one in (complete, failed) if one.get("status") == "True"), {})
        try:
            pairs = json.loads(meta["annotations"][names.MEMBERS_ANNOTATION])
            members = tuple(Member(_text(uid), _text(name)) for uid, name in islice(pairs, MEMBERS + 1))
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise BadObject(f"Job {bodies.called(body)} does not say whom it works for") from error
        if len(members) > MEMBERS:
            raise BadObject(f"Job {bodies.called(body)} says that it works for more than {MEMBERS} requests")
        if (stage := bodies.stage_of(meta)) is None:
            raise BadObject(f"Job {bodies.called(body)} does not say which stage it is for")
        return cls(
            uid=meta["uid"],
            name=meta["name"],
            namespace=meta["namespace"],
            stage=stage,
            members=members,
            shards=spec.get("completions") or 1,
            parallelism=spec.get("parallelism") or 1,
            created=from_time(meta.get("creationTimestamp")) or 0.0,
            deleting=bool(meta.get("deletionTimestamp")),
            complete=complete.get("status") == "True",
            failure=(failed.get("reason", ""), failed.get("message", "")) if failed.get("status") == "True" else None,
            ended_at=from_time(over.get("lastTransitionTime")) or 0.0,
            deleted_at=from_time(meta.get("deletionTimestamp")) or 0.0,
            version=meta.get("resourceVersion", ""),
            suspended=bool(spec.get("suspend")),
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


@dataclass(frozen=True)
class Pod:
    """A pod of one of our Jobs.

    pulling: since when its image can be pulled, for its node has taken it and its sandbox stands; 0 before.
    started: when its container began to run, 0 before and after. glimpse: how far it was when its log was last looked
    at, which was at looked_at. exit_code: None until its container has terminated. reports: what its seal vouches
    for, None while unread; broken: why they cannot be had; unreadable: why not yet. message: the termination message, a
    seal or the last words of a failure. waiting: why the container has not started, reason and message. beside: another
    container of the pod runs; stays: one that does not end with the worker's. deleted_at: when its
    deletion is due, 0 where none was asked for.
    """

    uid: str
    name: str
    namespace: str
    job_uid: str
    index: int
    created: float
    pulling: float = 0.0
    started: float = 0.0
    looked_at: float = 0.0
    glimpse: Glimpse | None = None
    exit_code: int | None = None
    exit_reason: str = ""
    message: str = ""
    finished: float = 0.0
    waiting: tuple[str, str] | None = None
    unschedulable: str | None = None
    evicted: bool = False
    failed: bool = False
    deleted_at: float = 0.0
    reports: tuple[reports.Report, ...] | None = None
    broken: str | None = None
    unreadable: Unreadable | None = None
    node: str = ""
    beside: bool = False
    stays: bool = False

    @property
    def ended(self) -> bool:
        """Tell whether nothing of the pod runs any more."""
        return self.exit_code is not None or self.failed

    @property
    def at_work(self) -> bool:
        """Tell whether anything of the pod runs, or may yet run."""
        return not self.failed and (self.exit_code is None or self.beside)

    @property
    def unread(self) -> bool:
        """Tell whether the pod ended well and its reports are still to be read from its log."""
        return self.exit_code == 0 and self.reports is None and self.broken is None

    def read(self, log: str) -> Pod:
        """Return the pod with its reports taken from this log, or with why the seal does not hold."""
        try:
            return replace(self, reports=tuple(reports.unseal(self.message, log)))
        except SealBroken as error:
            return replace(self, broken=str(error))

    def gone(self) -> Pod:
        """Return the pod without its reports: its log went with it."""
        return replace(self, broken="it is gone, and its log with it")

    @classmethod
    def parse(cls, body: Body) -> Pod:
        """Read a pod; reports that travel in its termination message are unsealed at once. BadObject as for a Job."""
        found = bodies.read("pod", body)
        meta, status = found["metadata"], found["status"]
        own, others, early = containers.states(status)
        running: Body = own.get("running", {})
        ended = own.get("terminated")
        stays = any("running" in state for state in others)
        conditions = {one["type"]: one for one in status.get("conditions", ())}
        scheduled, sandbox = conditions.get("PodScheduled", {}), conditions.get("PodReadyToStartContainers", {})
        index = meta.get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "0")
        if not (index.isascii() and index.isdecimal() and len(index) <= INDEX_DIGITS):
            raise BadObject(f"Pod {bodies.called(body)} does not say which index of its Job it is")
        pod = cls(
            uid=meta["uid"],
            name=meta["name"],
            namespace=meta["namespace"],
            job_uid=_controlling_job(meta),
            index=int(index),
            created=from_time(meta.get("creationTimestamp")) or 0.0,
            pulling=max(from_time(at) or 0.0 for at in (status.get("startTime"), sandbox.get("lastTransitionTime"))),
            started=from_time(running.get("startedAt")) or 0.0,
            exit_code=ended["exitCode"] if ended else None,
            exit_reason=(ended or {}).get("reason") or "",
            message=(ended or {}).get("message") or "",
            finished=from_time((ended or {}).get("finishedAt")) or 0.0,
            waiting=containers.waiting(own, early),
            unschedulable=scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else None,
            evicted=status.get("reason") == "Evicted" or conditions.get("DisruptionTarget", {}).get("status") == "True",
            failed=status.get("phase") == "Failed",
            deleted_at=from_time(meta.get("deletionTimestamp")) or 0.0,
            node=found["spec"].get("nodeName", ""),
            stays=stays,
            beside=stays or any("running" in state for state in early),
        )
        return pod.read("") if pod.unread and (reports.sealed_inside(pod.message) or not pod.message) else pod


def _controlling_job(meta: Body) -> str:
    """Return the uid of the Job that controls a pod, empty where none does."""
    owners = (one for one in meta.get("ownerReferences", ()) if one.get("controller"))
    return next((one["uid"] for one in owners if (one.get("apiVersion"), one.get("kind")) == ("batch/v1", "Job")), "")


Key = tuple[str, str]
"""Namespace and name."""


class Hold(NamedTuple):
    """Until when nothing is asked for a request: its known results are looked up, or its status was refused.

    until: seconds since the epoch. refused: how often in a row the API has refused to write its status, with this
    message. own: the refusals concern this request, not everything that is written in its namespace.
    """

    until: float
    refused: int = 0
    message: str = ""
    own: bool = True


@dataclass(frozen=True)
class Picture:
    """Everything that `plan` may know.

    requests: all that are not settled. lent: for requests whose reuse key was looked up, by uid, what a known
    result lends (None: nothing fits). pods: by their Job's uid. outcomes: of the last attempt to tell
    of a request's end, by uid. held: requests for which nothing is asked for a while, by uid.
    """

    requests: tuple[Request, ...] = ()
    jobs: Mapping[Key, Job] = field(default_factory=dict)
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    lent: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    held: Mapping[str, Hold] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        requests: Iterable[Request],
        jobs: Iterable[Job] = (),
        pods: Iterable[Pod] = (),
        lent: Mapping[str, Mapping[str, Any] | None] | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
        held: Mapping[str, Hold] | None = None,
    ) -> Picture:
        """Arrange loose objects into a picture."""
        by_job: dict[str, list[Pod]] = {}
        for pod in pods:
            by_job.setdefault(pod.job_uid, []).append(pod)
        return cls(
            tuple(requests),
            {(job.namespace, job.name): job for job in jobs},
            {uid: tuple(group) for uid, group in by_job.items()},
            lent or {},
            outcomes or {},
            held or {},
        )
