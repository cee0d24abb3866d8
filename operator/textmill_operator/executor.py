"""Performs the planner's actions against the Kubernetes API: the one place in the project that writes a status.

Intent first: a Launch writes each member's status, guarded by its resourceVersion, and only then creates the
Job, for those whose write went through. Whatever the API answers goes into the store at once, so the next
picture shows our own writes before the watch does. What happens when the operator dies here: before the
writes nothing was done; between writes and Job the planner sees a recorded name without a Job and asks for
`Recreate`; after the Job the watch shows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textmill import manifests, reuse, transitions
from textmill.actions import Action, Collect, Inspect, JobPlan, Launch, LookUp, Read, Recreate, Write
from textmill.errors import Reason
from textmill.names import REUSE_LABEL
from textmill.picture import Job, Trouble
from textmill.request import Request, from_time
from textmill_operator import paths
from textmill_operator.api import Api, Body, in_namespace
from textmill_operator.errors import ApiError, Away, Conflict, NotFound, Refused
from textmill_operator.merging import merge_patch
from textmill_operator.metrics import Metrics
from textmill_operator.patience import Patience
from textmill_operator.recorder import Recorder
from textmill_operator.store import Store

AT_ONCE = 16
KEYS_A_LOOKUP = 40
LOG_BYTES = 4 << 20
LOG_TRIES = 3

log = logging.getLogger(__name__)


class Executor:
    """Performs actions; `fence` raises NotLeading when nothing may be written any more."""

    def __init__(
        self,
        api: Api,
        store: Store,
        recorder: Recorder,
        metrics: Metrics,
        site: manifests.Site,
        *,
        fence: Callable[[], None],
        clock: Callable[[], float],
        patience: Patience,
    ) -> None:
        self._api, self._store, self._recorder, self._metrics = api, store, recorder, metrics
        self._site, self._fence, self._clock, self.patience = site, fence, clock, patience
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def perform(self, actions: Iterable[Action]) -> bool:
        """Perform actions side by side; tell whether the API answered. NotLeading is raised when none is under way.

        What the API refuses is left alone for a while by itself (`patience`); it holds up nothing else.
        """
        outcomes = await asyncio.gather(*(self._perform(action) for action in actions), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return all(outcomes)

    async def _perform(self, action: Action) -> bool:
        kind, key = type(action).__name__, _key(action)
        if self.patience.waits(key):
            return True
        try:
            match action:
                case Write():
                    await self._write(action)
                case Launch(job, writes):
                    await self._launch(job, writes)
                case Recreate(job):
                    await self._recreate(job)
                case Read():
                    await self._read(action)
                case Inspect(job):
                    await self._inspect(job)
                case Collect(job):
                    await self._collect(job)
                case LookUp():
                    await self._look_up(action)
        except ApiError as error:
            log.warning("%s: %s", kind, error, extra={"action": kind})
            self._metrics.actions.labels(kind, error.reason).inc()
            away = isinstance(error, Away)
            self.patience.failed(key, refused=not away)
            return not away
        self.patience.forget(key)
        self._metrics.actions.labels(kind, "done").inc()
        return True

    async def _guarded(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._slots:
            self._fence()
            return await call()

    # Statuses

    async def _write(self, write: Write) -> Request | None:
        """Write a status; return the request as it then is, None when it has changed or gone meanwhile."""
        request = write.request
        changes = merge_patch(request.status.raw, write.status)
        body = {"metadata": {"resourceVersion": request.version}, "status": changes}
        try:
            answer = await self._guarded(lambda: self._api.patch(paths.status_of(request), body))
        except NotFound:
            self._store.drop("request", request.uid)
            return None
        except Conflict:
            await self._refresh(request.namespace, request.name, request.uid)
            return None
        self._store.put("request", answer)
        written = Request.parse(answer)
        self._tell(write, written)
        if write.label:
            await self._label(written, write.label)
        return written

    def _tell(self, write: Write, written: Request) -> None:
        now = self._clock()
        before, after = write.request.status, written.status
        for note in write.notes:
            self._recorder.note(written, note, now)
        if before.phase != after.phase or write.notes:
            extra = {"request": f"{written.namespace}/{written.name}", "phase": after.phase}
            log.info("%s -> %s", before.phase, after.phase, extra=extra)
        if after.ended and not before.ended:
            reason = write.notes[0].reason if write.notes else after.phase
            self._metrics.finished.labels(after.phase, reason).inc()
            self._metrics.duration.observe(max(0.0, now - written.created))

    async def _label(self, request: Request, key: str) -> None:
        try:
            body = {"metadata": {"labels": {REUSE_LABEL: key}}}
            await self._guarded(lambda: self._api.patch(paths.request(request.namespace, request.name), body))
        except (NotFound, Conflict, Refused) as error:
            log.info("a result stays without its reuse label: %s", error)

    async def _refresh(self, namespace: str, name: str, uid: str) -> Request | None:
        """Read a request anew; None, and forgotten, when it is gone or another one bears its name."""
        try:
            body = await self._guarded(lambda: self._api.get(paths.request(namespace, name)))
        except NotFound:
            self._store.drop("request", uid)
            return None
        if body["metadata"]["uid"] != uid:
            self._store.drop("request", uid)
            return None
        self._store.put("request", body)
        return Request.parse(body)

    # Jobs

    async def _launch(self, job: JobPlan, writes: tuple[Write, ...]) -> None:
        written = await asyncio.gather(*(self._write(write) for write in writes), return_exceptions=True)
        recorded = {one.uid for one in written if isinstance(one, Request)}
        errors = [one for one in written if isinstance(one, BaseException)]
        if recorded:
            await self._create(job.only(recorded))
        if errors:
            raise errors[0]

    async def _recreate(self, job: JobPlan) -> None:
        looks = (self._refresh(job.namespace, one.name, one.uid) for one in job.members)
        fresh = await asyncio.gather(*looks, return_exceptions=True)
        errors = [one for one in fresh if isinstance(one, BaseException)]
        if errors:
            raise errors[0]
        waiting = {one.uid for one in fresh if isinstance(one, Request) and _waits(one, job)}
        if waiting:
            log.warning("Job %s is recorded but not there; created again", job.name)
            await self._create(job.only(waiting))

    async def _create(self, job: JobPlan) -> None:
        body = manifests.job(job, self._site)
        try:
            answer = await self._guarded(lambda: self._api.create(paths.jobs(job.namespace), body))
        except Conflict:
            answer = await self._adopt(job, body)
        except Refused as error:
            await self._remark(job, str(error))
            raise
        self._store.put("job", answer)

    async def _adopt(self, job: JobPlan, wanted: Body) -> Body:
        """Return the Job that bears the name already, if it is the one we mean: same owners, and not going away."""
        there = await self._guarded(lambda: self._api.get(paths.jobs(job.namespace, job.name)))
        self._store.put("job", there)
        if there["metadata"].get("deletionTimestamp"):
            raise Conflict(f"Job {job.name} is being deleted; it is created again when that is over")
        if _owners(there) != _owners(wanted):
            raise Conflict(f"Job {job.name} exists for other owners")
        return dict(there)

    async def _remark(self, job: JobPlan, message: str) -> None:
        """Tell the members of a Job that the API refuses why they do not get on."""
        trouble = _explain(message)
        uids = {one.uid for one in job.members}
        for request in [one for one in self._store.requests() if one.uid in uids]:
            write = transitions.remark(request, trouble.reason, trouble.message, self._clock())
            if write:
                await self._write(write)

    async def _collect(self, job: Job) -> None:
        """Delete a Job, if no member of it still waits for it by the API's own word."""
        for member in job.members:
            if self._store.settled(member.uid) or self._moved_on(member.uid, job):
                continue
            request = await self._refresh(job.namespace, member.name, member.uid)
            if request and _waits(request, job):
                return
        # In the foreground, so that the Job is seen, and counted, until its pods are gone.
        body = {"propagationPolicy": "Foreground", "preconditions": {"uid": job.uid}}
        try:
            answer = await self._guarded(lambda: self._api.delete(paths.jobs(job.namespace, job.name), body))
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

    # What is read

    async def _read(self, action: Read) -> None:
        pod = action.pod
        query = {"container": manifests.CONTAINER, "limitBytes": str(LOG_BYTES)}
        try:
            text = await self._guarded(lambda: self._api.text(paths.pods(pod.namespace, pod.name, "log"), **query))
        except NotFound:
            text = ""
        except (Away, Refused):
            if self.patience.tries(pod.uid) + 1 < LOG_TRIES:
                raise
            text = ""
        self._store.read(pod.read(text))

    async def _inspect(self, job: Job) -> None:
        query = {"fieldSelector": f"involvedObject.uid={job.uid},type=Warning"}
        found = await self._guarded(lambda: self._api.get(in_namespace(job.namespace, "events"), **query))
        failures = [one for one in found.get("items") or () if one.get("reason") == "FailedCreate"]
        if failures:
            last = max(failures, key=lambda one: from_time(one.get("lastTimestamp") or one.get("eventTime")) or 0.0)
            self._store.explain(job, _explain(last.get("message") or ""))

    async def _look_up(self, action: LookUp) -> None:
        wanted = {request.uid: reuse.key(request.spec) for request in action.requests}
        keys = sorted({key for key in wanted.values() if key})
        found: list[Request] = []
        for start in range(0, len(keys), KEYS_A_LOOKUP):
            label = f"{REUSE_LABEL} in ({','.join(keys[start : start + KEYS_A_LOOKUP])})"
            query = {"labelSelector": label, "fieldSelector": "status.phase=Succeeded"}
            pages = self._api.pages(paths.requests(action.namespace), **query)
            found += [Request.parse(body) async for page in pages for body in page.get("items") or ()]
        self._store.lend({request.uid: reuse.pick(request.spec, found) for request in action.requests})


def _key(action: Action) -> str:
    """Return what an action's failures are counted under: the one thing that a refusal concerns."""
    match action:
        case Write(request):
            return f"{request.uid} {request.version}"
        case Launch(job) | Recreate(job):
            return f"{job.namespace}/{job.name}"
        case LookUp(namespace):
            return namespace
        case Read(pod):
            return pod.uid
        case Inspect(job):
            return f"events {job.uid}"
        case Collect(job):
            return job.uid


def _waits(request: Request, job: Job | JobPlan) -> bool:
    """Tell whether a request, as the API has it now, waits for this Job."""
    return not request.deleting and request.status.live_job == (job.stage, job.name)


def _owners(body: Body) -> set[str]:
    return {one["uid"] for one in body["metadata"].get("ownerReferences") or ()}


def _explain(message: str) -> Trouble:
    quota = "exceeded quota" in message or "forbidden: failed quota" in message
    return Trouble(Reason.QUOTA_EXCEEDED if quota else Reason.POD_REFUSED, message[:512])
