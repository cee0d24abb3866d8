"""What the executor does with Jobs: intent first, then the Job, and no deletion of what somebody still waits for.

What happens when the operator dies here: before the writes nothing was done; between writes and Job the planner
sees a recorded name without a Job and asks for `Recreate`; after the Job the watch shows it. A count that follows its
tokenizer needs no write: its name is known from the tokenizer's, so a second creation finds the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from textmill import manifests
from textmill.actions import Collect, Follow, Grow, JobPlan, Launch, Recreate, Write
from textmill.errors import Reason
from textmill.picture import Job, Trouble
from textmill.request import Request
from textmill_operator import paths
from textmill_operator.api import Body
from textmill_operator.calls import Calls
from textmill_operator.errors import Conflict, NotFound, Refused
from textmill_operator.statuses import Statuses
from textmill_operator.store import Store

log = logging.getLogger(__name__)


class Jobs:
    """Creates and deletes Jobs."""

    def __init__(self, calls: Calls, store: Store, statuses: Statuses, site: manifests.Site) -> None:
        self._calls, self._store, self._statuses, self._site = calls, store, statuses, site

    async def perform(self, action: Launch | Follow | Recreate | Grow | Collect) -> None:
        """Create, change or delete a Job, as its action says."""
        match action:
            case Launch(job, writes):
                await self._launch(job, writes)
            case Follow(job):
                await self._create(job)
            case Recreate(job):
                await self._recreate(job)
            case Grow():
                await self._grow(action)
            case Collect(job, idle):
                await self._collect(job, idle=idle)

    async def _launch(self, job: JobPlan, writes: tuple[Write, ...]) -> None:
        written = await asyncio.gather(*(self._statuses.write(write) for write in writes), return_exceptions=True)
        recorded = {one.uid: one for one in written if isinstance(one, Request)}
        errors = [one for one in written if isinstance(one, BaseException)]
        if recorded:
            await self._create(job.only(set(recorded)).with_texts(recorded.values()))
        if errors:
            raise errors[0]

    async def _recreate(self, job: JobPlan) -> None:
        looks = (self._statuses.refresh(job.namespace, one.name, one.uid) for one in job.members)
        fresh = await asyncio.gather(*looks, return_exceptions=True)
        errors = [one for one in fresh if isinstance(one, BaseException)]
        if errors:
            raise errors[0]
        waiting = {one.uid: one for one in fresh if isinstance(one, Request) and _waits(one, job)}
        if waiting:
            log.warning("Job %s is recorded but not there; created again", job.name)
            await self._create(job.only(set(waiting)).with_texts(waiting.values()))

    async def _create(self, job: JobPlan) -> None:
        body = manifests.job(job, self._site)
        try:
            answer = await self._calls.ahead(lambda: self._calls.api.create(paths.jobs(job.namespace), body))
        except Conflict:
            answer = await self._adopt(job, body)
        except Refused as error:
            await self._statuses.remark(job, explain(str(error)))
            raise
        self._store.put("job", answer)
        if not self._store.holds("job", answer["metadata"]["uid"]):
            await self._discard(job, answer["metadata"]["uid"])

    async def _discard(self, job: JobPlan, uid: str) -> None:
        """Delete a Job of ours that cannot be read, or that the watch does not show: its labels have been changed.

        It would be asked for in each round, and its pods would count for nobody. Another is made after a pause.
        """
        text = f"Job {job.name} was changed: its labels or annotations are not those that it was created with"
        await self._statuses.remark(job, Trouble(Reason.POD_REFUSED, f"{text}. It is deleted and made again."))
        body = {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}
        with contextlib.suppress(NotFound, Conflict):
            await self._calls(lambda: self._calls.api.delete(paths.jobs(job.namespace, job.name), body))
        raise Conflict(text)

    async def _adopt(self, job: JobPlan, wanted: Body) -> Body:
        """Return the Job that bears the name already, if it is the one we mean: same owners, and not going away."""
        there = await self._calls(lambda: self._calls.api.get(paths.jobs(job.namespace, job.name)))
        self._store.put("job", there)
        if there["metadata"].get("deletionTimestamp"):
            raise Conflict(f"Job {job.name} is being deleted; it is created again when that is over")
        if _owners(there) != _owners(wanted):
            text = f"Job {job.name} exists for other owners"
            await self._statuses.remark(job, Trouble(Reason.POD_REFUSED, f"{text}. Delete it."))
            raise Conflict(text)
        return dict(there)

    async def _grow(self, action: Grow) -> None:
        """Tell a Job of its pods, after they were recorded; guarded by its version, so that no older number wins."""
        job = action.job
        if action.write and not await self._statuses.write(action.write):
            return
        path, guard = paths.jobs(job.namespace, job.name), {"uid": job.uid, "resourceVersion": job.version}
        try:
            answer = await self._calls(
                lambda: self._calls.api.patch(path, {"metadata": guard, "spec": {"parallelism": action.parallelism}})
            )
        except NotFound:
            self._store.drop("job", job.uid)
        except Conflict:
            self._store.put("job", await self._calls(lambda: self._calls.api.get(path)))
        else:
            self._store.put("job", answer)

    async def _collect(self, job: Job, *, idle: bool) -> None:
        """Delete a Job, if no member of it still waits for it by the API's own word."""
        for member in job.members:
            if self._store.settled(member.uid) or self._moved_on(member.uid, job):
                continue
            request = await self._statuses.refresh(job.namespace, member.name, member.uid)
            if request and _waits(request, job):
                return
        # In the foreground, so that the Job is seen, and counted, until its pods are gone; an idle one counts for none.
        body = {"propagationPolicy": "Background" if idle else "Foreground", "preconditions": {"uid": job.uid}}
        try:
            answer = await self._calls(lambda: self._calls.api.delete(paths.jobs(job.namespace, job.name), body))
        except (NotFound, Conflict):
            answer = {}
        if answer.get("metadata", {}).get("uid") == job.uid:
            self._store.put("job", answer)
        else:
            self._store.drop("job", job.uid)

    def _moved_on(self, uid: str, job: Job) -> bool:
        """Tell whether a live request is seen past this Job: names never recur, so it will not come back to it."""
        request = self._store.request(uid)
        return request is not None and request.status.job(job.stage) == job.name and not _waits(request, job)


def _waits(request: Request, job: Job | JobPlan) -> bool:
    """Tell whether a request, as the API has it now, waits for this Job."""
    return not request.deleting and request.status.waits_for(job.stage, job.name)


def _owners(body: Body) -> set[str]:
    return {one["uid"] for one in body["metadata"].get("ownerReferences") or ()}


def explain(message: str) -> Trouble:
    """Return what an answer or an event says of why there is no pod."""
    quota = "exceeded quota" in message or "forbidden: failed quota" in message
    return Trouble(Reason.QUOTA_EXCEEDED if quota else Reason.POD_REFUSED, message[:512])
