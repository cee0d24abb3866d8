"""The Job controller: watches Jobs and pods, asks `sync` what to do, and does it.

Jobs are listed before pods, so that the pods looked at are never older than the Job; own writes enter the
caches at once, so that a decision never rests on a picture older than our last act. A status is written
only over the version that was looked at. Finalizers go only after the status that remembers their pods is
stored. What cannot be done now is tried again later, by key.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.events import Recorder
from local.jobs import model
from local.jobs.hands import Hands
from local.jobs.sync import sync
from local.objects import Json, Key
from local.reflector import Reflector
from local.workqueue import WorkQueue

log = logging.getLogger(__name__)

WORKERS = 8
QUIET_SECONDS = 0.3
_LONGEST_RETRY = 30.0


class Controller:
    """Brings every Job to what its spec asks for."""

    def __init__(self, api: client.Client, settings: model.Settings, now: Callable[[], datetime]) -> None:
        """Set up the caches; `run` starts the work."""
        self._settings = settings
        self._now = now
        self._queue = WorkQueue()
        self._pods_of: dict[Key, dict[Key, Json]] = {}
        self._quiet_until: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._jobs = Reflector(api, f"{client.BATCH}/jobs", self._job_changed)
        selectors = {"labelSelector": model.CONTROLLER_UID}
        self._pods = Reflector(api, f"{client.CORE}/pods", self._pod_changed, selectors)
        self._events = Recorder(api, "job-controller", now)
        self._hands = Hands(api, self._jobs, self._pods, self._events)

    async def run(self) -> None:
        """Watch and work, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run())
            tasks.create_task(self._jobs.run())
            await self._jobs.synced.wait()
            tasks.create_task(self._pods.run())
            await self._pods.synced.wait()
            log.info("caches are filled: %d jobs, %d pods", len(self._jobs), len(self._pods))
            for _ in range(WORKERS):
                tasks.create_task(self._work())

    def _job_changed(self, old: Json | None, new: Json | None) -> None:
        changed = new or old
        if changed is not None:
            self._queue.add(objects.key(changed))

    def _pod_changed(self, old: Json | None, new: Json | None) -> None:
        pod = new or old
        owner = objects.controller(pod) if pod is not None else None
        if pod is None or owner is None or owner.get("kind") != "Job":
            return
        job = (objects.namespace(pod), str(owner.get("name")))
        group = self._pods_of.setdefault(job, {})
        if new is not None:
            group[objects.key(new)] = new
        else:
            group.pop(objects.key(pod), None)
        if not group:
            del self._pods_of[job]
        self._queue.add(job)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                await self._look(key)
                self._failures.pop(key, None)
            except (ApiRefused, ApiUnreachable) as error:
                self._later(key, error)
            finally:
                self._queue.done(key)

    def _later(self, key: Key, error: ApiRefused | ApiUnreachable) -> None:
        """Look again after a growing wait; at once where somebody else has only been quicker."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        conflict = isinstance(error, ApiRefused) and error.conflict
        log.log(logging.INFO if conflict else logging.WARNING, "job %s: %s", "/".join(key), error)
        if isinstance(error, ApiUnreachable):
            self._hands.doubt(key)
        self._queue.add_after(key, min(0.05 * 2 ** min(failures - 1, 12), _LONGEST_RETRY))

    def _pods_for(self, key: Key) -> list[Json]:
        return list(self._pods_of.get(key, {}).values())

    async def _look(self, key: Key) -> None:
        """One look at a Job, and what follows from it."""
        job = self._jobs.get(key)
        await self._hands.release_strays(key, job, self._pods_for(key))
        if job is None:
            self._quiet_until.pop(key, None)
            return
        await self._hands.clear_doubt(key, job)
        plan = self._plan(job, key)
        failure: ApiRefused | ApiUnreachable | None = None
        if plan.create or plan.delete or plan.delete_uncounted:
            failure = await self._hands.move(job, plan)
            job = self._jobs.get(key)
            if job is None:
                return
            plan = self._plan(job, key)
        if plan.delete_job:
            await self._hands.delete_job(job)
            return
        if plan.status != objects.status(job) and not (plan.lazy and self._keep_quiet(key)):
            self._quiet_until.pop(key, None)
            await self._hands.store(job, plan)
        await self._hands.release(plan.release)
        if failure is not None:
            raise failure
        if plan.requeue is not None:
            self._queue.add_after(key, plan.requeue + 0.01)

    def _plan(self, job: Json, key: Key) -> model.Plan:
        pods: Sequence[Json] = self._pods_for(key)
        return sync(job, pods, self._now(), self._settings)

    def _keep_quiet(self, key: Key) -> bool:
        """Whether a status that only tells of running pods should wait: a short Job then needs no such write."""
        now = asyncio.get_running_loop().time()
        until = self._quiet_until.setdefault(key, now + QUIET_SECONDS)
        if now >= until:
            return False
        self._queue.add_after(key, until - now + 0.01)
        return True
