"""What to do next: one pure, total function over the whole picture.

`plan` may be called at any time, after any crash, on any stale picture. It is level-based: it looks at what
is recorded and at what the cluster shows, never at what changed. First each request is looked at alone (its
end, suspension, its turn), then each recorded Job is judged (`verdict`) and its end applied to its members
(`outcomes`), then free pods are filled from the queue (`queue`). Jobs that nobody of the picture waits for
are named for collection; the executor asks the API before it deletes one, since a request that has settled
leaves the picture while its Job is still in it.

Each request and each Job is looked at in a step of its own (`Draft.guarded`): one that raises ends at that object, and
what the others are given is the same as without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from textmill import faults, gathering, growing, notifying, podless, progress, queued, transitions, waiting
from textmill.actions import Inspect, ListPods, Plan, Read, Recreate
from textmill.batches import plan_job
from textmill.clearing import beside, clear_away, may_work
from textmill.draft import Draft
from textmill.errors import Reason
from textmill.lateness import fail_late, on_time, out_of_time
from textmill.limits import Limits
from textmill.names import follower
from textmill.outcomes import after_death, after_reports
from textmill.picture import Job, Key, Picture, Pod
from textmill.queue import fill_free_pods
from textmill.reports import Report
from textmill.request import SUSPENDED, Request, stage_of
from textmill.verdict import Dead, Done, Podless, Running, Stalled, Suspended, Unread, Unseen, judge, lost

REFUSALS = 5
"""After so many refused writes of its status a request is failed with the least that a status can say."""


def plan(picture: Picture, limits: Limits, now: float) -> Plan:
    """Return what to do about this picture; `now` in seconds since the epoch."""
    draft = Draft(picture, limits, now)
    recorded: dict[Key, list[Request]] = defaultdict(list)
    for request in picture.requests:
        job = draft.guarded(request, _look_at, faults.end)
        if job:
            recorded[request.namespace, job].append(request)
    awaited = _by_job(picture, recorded)
    for key, requests in awaited.items():
        _settle(draft, key, requests)
    clear_away(draft, (recorded.keys() | awaited.keys()) & picture.jobs.keys())
    _make_again(draft)
    fill_free_pods(draft)
    queued.tell(draft)
    return draft.finished()


def _look_at(draft: Draft, request: Request) -> str | None:
    """Decide what can be decided about a request alone; return the Job that it waits for, if it does."""
    status = request.status
    if request.deleting or (status.ended and status.settled):
        return None
    if draft.picture.held:
        _give_up(draft, request)
    if status.ended:
        notifying.after_end(draft, request)
    elif request.spec.suspend:
        if status.phase != SUSPENDED:
            draft.actions.append(transitions.suspend(request, draft.now))
    elif status.phase == SUSPENDED:
        draft.actions.append(transitions.resume(request, draft.now))
    elif live := status.live_job:
        return live[1]
    else:
        _queue(draft, request)
    return None


def _queue(draft: Draft, request: Request) -> None:
    status = request.status
    lent = draft.picture.lent.get(request.uid)
    if lent and status.tokens is None:
        draft.actions.append(transitions.succeed(request, lent["result"], draft.now, lent))
    elif out_of_time(draft, request):
        draft.actions.append(fail_late(request, draft.now))
    elif (retry_at := status.retry_at) > draft.now:
        draft.wake(retry_at)
    elif not draft.left_alone(request.uid):
        draft.queue(request)


def _give_up(draft: Draft, request: Request) -> None:
    """Have a request whose status the API refuses again and again written off, in as few words as there are."""
    held = draft.picture.held.get(request.uid)
    if held and held.own and held.refused >= REFUSALS and held.until <= draft.now:
        ended = request.status.ended
        write = transitions.settle(request) if ended else transitions.refused(request, held.message, draft.now)
        draft.give_up(write)


def _by_job(picture: Picture, recorded: Mapping[Key, list[Request]]) -> dict[Key, list[Request]]:
    """Return who waits for which Job: the recorded one, or the count that has followed it with them."""
    waiting: dict[Key, list[Request]] = {}
    for key, requests in recorded.items():
        following = key[0], follower(key[1])
        job = picture.jobs.get(following)
        uids = {member.uid for member in job.members} if job else set()
        if job:
            waiting[following] = [one for one in requests if one.uid in uids]
        if rest := [one for one in requests if one.uid not in uids]:
            waiting[key] = rest
    return waiting


def _settle(draft: Draft, key: Key, requests: list[Request]) -> None:
    """Go on with the requests that have recorded this Job."""
    job = draft.picture.jobs.get(key)
    if job is None:
        draft.guarded(requests[0], lambda _, __: _recreate(draft, key, requests), lambda _, __: _apart(draft, requests))
    else:
        draft.guarded(
            job, lambda _, job: _go_on_with(draft, job, requests), lambda _, job: _split(draft, job, requests)
        )


def _apart(draft: Draft, requests: list[Request]) -> None:
    """Queue those again whose Job cannot be made, each by itself."""
    text = "The recorded Job could not be made again; the request gets another, alone."
    for request in requests:
        draft.guarded(
            request,
            lambda _, one: draft.actions.append(transitions.requeue(one, "Regrouped", text, draft.now, batchLimit=1)),
            faults.end,
        )


def _split(draft: Draft, job: Job, requests: list[Request]) -> None:
    """Take a Job that cannot be judged as one whose reports are broken."""
    draft.hold(job.namespace, 0 if job.ended else job.parallelism)
    error = draft.faults[-1].error
    dead = Dead(Reason.REPORT_BROKEN, f"Job {job.name} could not be judged ({type(error).__name__})")
    for request in requests:
        draft.guarded(
            request,
            lambda _, one: draft.take(after_death(one, len(job.members), dead, draft.limits, draft.now)),
            faults.end,
        )


def _go_on_with(draft: Draft, job: Job, requests: list[Request]) -> None:
    """Do what a Job's state asks for."""
    uids = {member.uid for member in job.members}
    for stranger in [one for one in requests if one.uid not in uids]:
        text = f"Job {job.name} was made without this request; it gets another."
        draft.actions.append(transitions.requeue(stranger, "Regrouped", text, draft.now))
    members = [one for one in requests if one.uid in uids]
    pods = draft.picture.pods.get(job.uid, ())
    if job.deleting and not any(lost(pod, draft.limits, draft.now) for pod in pods):
        _go_on(draft, job, members)
        return
    _apply(draft, job, pods, members)


def _apply(draft: Draft, job: Job, pods: Sequence[Pod], members: list[Request]) -> None:
    """Judge a Job and do what follows for its members."""
    verdict = judge(job, pods, draft.limits, draft.now)
    match verdict:
        case Unread():
            _read(draft, job, members, verdict)
        case Unseen():
            draft.actions.append(ListPods(job))
            _go_on(draft, job, members)
        case Done(reports, early):
            living = sum(pod.at_work for pod in pods)
            draft.hold(job.namespace, job.parallelism if early and not job.ended else living)
            for request in members:
                draft.guarded(request, lambda _, one: _harvest(draft, one, job, reports.get(one.uid, [])), faults.end)
        case Dead():
            company = len(job.members)
            draft.actions.extend(after_death(one, company, verdict, draft.limits, draft.now) for one in members)
            draft.hold(job.namespace, 0 if job.ended else may_work(job, pods))
        case Podless():
            draft.actions.append(Inspect(job))
            draft.wake(draft.now + draft.limits.pod_grace)
            podless.without_pod(draft, job, _go_on(draft, job, members), None)
        case Stalled():
            podless.without_pod(draft, job, _go_on(draft, job, members), verdict)
        case Suspended(message):
            draft.hold(job.namespace, sum(pod.at_work for pod in pods))
            writes = (waiting.stop_clock(one, message, draft.now) for one in members)
            draft.actions.extend(one for one in writes if one)
        case Running():
            draft.wake(verdict.look_at)
            members = _go_on(draft, job, members, verdict.done, verdict.idle)
            gathering.begun(draft, job.stage, members, job.created)
            _at_work(draft, job, members, verdict)


def _read(draft: Draft, job: Job, members: list[Request], verdict: Unread) -> None:
    """Have the reports of pods that ended well read, for those whose time is not over."""
    draft.wake(verdict.look_at)
    if members := on_time(draft, members):
        draft.actions.extend(Read(pod) for pod in verdict.pods)
        _remark(draft, members, verdict.trouble)
        # The count may begin in a moment; were its place given away, its members would wait, at a write each.
        draft.hold(job.namespace, int(job.stage == "tokenize"))


def _harvest(draft: Draft, request: Request, job: Job, found: list[Report]) -> None:
    draft.take(after_reports(request, job, found, draft.limits, draft.now))


def _recreate(draft: Draft, key: Key, requests: list[Request]) -> None:
    rest = on_time(draft, requests)
    if rest and not podless.refused(draft, rest):
        status = rest[0].status
        stage = stage_of(status.phase) or "tokenize"
        draft.missing.append(plan_job(key[1], rest, stage, status.raw["jobs"][stage], draft.limits))


def _make_again(draft: Draft) -> None:
    """Create what is recorded and missing, as far as pods are free; the rest keeps its claim to the next free ones.

    A Job that may have several pods is made with those that are free, and gets what is recorded later.
    """
    for missing in draft.missing:
        pods = max(1, min(missing.parallelism, draft.limits.shard_pods, draft.free))
        if draft.free > 0:
            draft.actions.append(Recreate(replace(missing, parallelism=pods)))
        draft.hold(missing.namespace, pods)


def _go_on(draft: Draft, job: Job, members: list[Request], done: int = 0, idle: int = 0) -> list[Request]:
    """Leave a Job at work and return its members, but for those whose time is over."""
    pods = draft.picture.pods.get(job.uid, ())
    draft.hold(job.namespace, max(0, min(growing.claimed(job, members), job.shards - done)) + beside(pods), idle)
    begun = any(pod.started or pod.ended for pod in pods)
    return on_time(draft, members, shared=begun and len(job.members) > 1)


def _remark(draft: Draft, members: Sequence[Request], trouble: tuple[str, str] | None) -> None:
    """Say what requests wait for, where that is not said yet."""
    if trouble:
        remarks = (transitions.remark(one, *trouble, draft.now) for one in members)
        draft.actions.extend(one for one in remarks if one)


def _at_work(draft: Draft, job: Job, members: list[Request], verdict: Running) -> None:
    """Say what holds up a Job's pods, or take that back once they get on; show how far it is."""
    pods = draft.picture.pods.get(job.uid, ())
    for request in members:
        if verdict.trouble:
            write = transitions.remark(request, *verdict.trouble, draft.now)
        else:
            write = transitions.at_work(request, job.name, draft.now) if pods else None
        write = write or progress.write(draft, request, job, pods, verdict.done)
        if write:
            draft.actions.append(write)
        elif job.shards > 1:
            growing.at_work(draft, job, request, verdict.done)
    if members:
        progress.peek(draft, job, pods)
