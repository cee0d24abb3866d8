"""When a Job over the shards of one input gets more pods.

Such a Job starts with the pods that are free, one where only the request says how big its input is: nobody is kept
waiting until as many are free as it might use. While it is at work its request stands in the queue for another pod, by
its own rank, until it has as many as it can use; where the size was only said, from when a worker has seen the input.
The new number is recorded in the status before the Job is told, so whoever plans next counts its pods.
"""

from __future__ import annotations

from dataclasses import dataclass

from textmill import transitions
from textmill.actions import Grow
from textmill.batches import most_pods
from textmill.draft import Draft
from textmill.names import Stage
from textmill.picture import Job
from textmill.request import Request


@dataclass
class Growth:
    """A Job at work that may use more pods: how many it had, can use, and now gets."""

    request: Request
    job: Job
    had: int
    most: int
    pods: int


def claimed(job: Job, members: list[Request]) -> int:
    """Return how many pods a Job may have at once: what it says, or more that is recorded and it is yet to be told."""
    return max([job.parallelism, *(_recorded(one, job.stage, job.name) for one in members[:1])])


def at_work(draft: Draft, job: Job, request: Request, done: int) -> None:
    """Let the Job of one request that is at work have what was recorded for it, or stand in the queue for more."""
    recorded = claimed(job, [request])
    looked_into = done or any(pod.glimpse for pod in draft.picture.pods.get(job.uid, ()))
    known = request.status.observed_bytes is not None or looked_into
    most = min(most_pods(job.shards, draft.limits), job.shards - done) if known else recorded
    if recorded < most:
        draft.growing.append(Growth(request, job, recorded, most, recorded))
    elif recorded > job.parallelism:
        draft.untold.append(Grow(job, recorded))


def grown(growth: Growth) -> Grow:
    """Return the action that gives a Job the pods that it has got in this round."""
    write = transitions.grown(growth.request, growth.job.stage, growth.pods)
    return Grow(growth.job, growth.pods, write)


def _recorded(request: Request, stage: Stage, name: str) -> int:
    job = (request.status.raw.get("jobs") or {}).get(stage) or {}
    return int(job.get("parallelism") or 1) if job.get("name") == name else 1
