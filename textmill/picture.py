"""What the cluster shows at one moment: requests, our Jobs, our pods. The planner's whole input, read from API bodies.

A picture may be stale or partial; nothing here pretends otherwise. A pod's container state is believed before
its Job's conditions on success (it is there a second or two earlier), the Job's conditions are the authority
on failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from textmill import names, reports
from textmill.errors import BadObject, Reason, SealBroken
from textmill.glimpses import Glimpse
from textmill.notices import Outcome
from textmill.request import Body, Request, from_time


class Member(NamedTuple):
    """A request that a Job works for."""

    uid: str
    name: str


@dataclass(frozen=True)
class Trouble:
    """Why a Job has no pod, as its events tell."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Job:
    """One of our Jobs.

    failure: the Failed condition's reason and message. created, ended_at: seconds since the epoch; ended_at is
    when its conditions said that it is over.
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

    @property
    def ended(self) -> bool:
        """Tell whether the Job's own conditions say that it is over."""
        return self.complete or self.failure is not None

    @classmethod
    def parse(cls, body: Body) -> Job:
        """Read a Job of ours; BadObject where it carries our label but not what we write into it."""
        meta, spec = body["metadata"], body["spec"]
        conditions = {one["type"]: one for one in (body.get("status") or {}).get("conditions") or ()}
        complete, failed = conditions.get("Complete", {}), conditions.get("Failed", {})
        over: Body = next((one for one in (complete, failed) if one.get("status") == "True"), {})
        try:
            pairs = json.loads(meta["annotations"][names.MEMBERS_ANNOTATION])
            members = tuple(Member(_text(uid), _text(name)) for uid, name in pairs)
            stage = meta["labels"][names.STAGE_LABEL]
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise BadObject(f"Job {meta['namespace']}/{meta['name']} does not say whom it works for") from error
        return cls(
            uid=meta["uid"],
            name=meta["name"],
            namespace=meta["namespace"],
            stage=stage,
            members=members,
            shards=int(spec.get("completions") or 1),
            parallelism=int(spec.get("parallelism") or 1),
            created=from_time(meta.get("creationTimestamp")) or 0.0,
            deleting=bool(meta.get("deletionTimestamp")),
            complete=complete.get("status") == "True",
            failure=(failed.get("reason", ""), failed.get("message", "")) if failed.get("status") == "True" else None,
            ended_at=from_time(over.get("lastTransitionTime")) or 0.0,
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


@dataclass(frozen=True)
class Pod:
    """A pod of one of our Jobs.

    pulling: since when its image can be pulled, for its node has taken it and its sandbox stands; 0 before.
    started: when its container began to run, 0 before and after. glimpse: how far it was when its log was last looked
    at, which was at looked_at. exit_code: None until its container has terminated. reports: what its seal vouches
    for, None while unread; broken: why they cannot be had. message: the termination message, a seal or the last
    words of a failure.
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
    reports: tuple[reports.Report, ...] | None = None
    broken: str | None = None

    @property
    def ended(self) -> bool:
        """Tell whether nothing of the pod runs any more."""
        return self.exit_code is not None or self.failed

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

    @classmethod
    def parse(cls, body: Body) -> Pod:
        """Read a pod; reports that travel in its termination message are unsealed at once. BadObject as for a Job."""
        meta, status = body["metadata"], body.get("status") or {}
        state = next((one.get("state") or {} for one in status.get("containerStatuses") or ()), {})
        running: Body = state.get("running") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        conditions = {one["type"]: one for one in status.get("conditions") or ()}
        scheduled, sandbox = conditions.get("PodScheduled", {}), conditions.get("PodReadyToStartContainers", {})
        index = (meta.get("annotations") or {}).get("batch.kubernetes.io/job-completion-index", "0")
        if not (index.isascii() and index.isdecimal()):
            raise BadObject(f"Pod {meta['namespace']}/{meta['name']} does not say which index of its Job it is")
        pod = cls(
            uid=meta["uid"],
            name=meta["name"],
            namespace=meta["namespace"],
            job_uid=next((o["uid"] for o in meta.get("ownerReferences") or () if o.get("controller")), ""),
            index=int(index),
            created=from_time(meta.get("creationTimestamp")) or 0.0,
            pulling=max(from_time(at) or 0.0 for at in (status.get("startTime"), sandbox.get("lastTransitionTime"))),
            started=from_time(running.get("startedAt")) or 0.0,
            exit_code=ended["exitCode"] if ended else None,
            exit_reason=(ended or {}).get("reason") or "",
            message=(ended or {}).get("message") or "",
            finished=from_time((ended or {}).get("finishedAt")) or 0.0,
            waiting=(waiting.get("reason") or "", waiting.get("message") or "") if waiting else None,
            unschedulable=scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else None,
            evicted=status.get("reason") == "Evicted" or conditions.get("DisruptionTarget", {}).get("status") == "True",
            failed=status.get("phase") == "Failed",
        )
        return pod.read("") if pod.unread and (reports.sealed_inside(pod.message) or not pod.message) else pod


Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class Picture:
    """Everything that `plan` may know.

    requests: all that are not settled. lent: for requests whose reuse key was looked up, by uid, what a known
    result lends (None: nothing fits). pods: by their Job's uid. outcomes: of the last attempt to tell
    of a request's end, by uid.
    """

    requests: tuple[Request, ...] = ()
    jobs: Mapping[Key, Job] = field(default_factory=dict)
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    lent: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        requests: Iterable[Request],
        jobs: Iterable[Job] = (),
        pods: Iterable[Pod] = (),
        lent: Mapping[str, Mapping[str, Any] | None] | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
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
        )
