"""The Job controller's calls to the API: creating, deleting and letting go of pods, storing a status.

Each call puts the server's answer into the caches. A create that got no answer leaves a doubt: before the
Job is looked at again, its pods are listed anew, so that a pod which was made after all is not made
twice. Nothing here decides anything.
"""

import asyncio
from collections.abc import Sequence

from local import client, objects
from local.errors import ApiRefused, ApiUnreachable
from local.events import Recorder
from local.jobs import model
from local.objects import Json, Key
from local.reflector import Reflector

Failure = ApiRefused | ApiUnreachable


class Hands:
    """Acts on plans."""

    def __init__(self, api: client.Client, jobs: Reflector, pods: Reflector, events: Recorder) -> None:
        """Take the client and the caches that hear of what was done."""
        self._api = api
        self._jobs = jobs
        self._pods = pods
        self._events = events
        self._doubts: set[Key] = set()

    def doubt(self, key: Key) -> None:
        """Remember that a call for this Job got no answer."""
        self._doubts.add(key)

    async def clear_doubt(self, key: Key, job: Json) -> None:
        """Find the pods that may have been made without our hearing of it."""
        if key not in self._doubts:
            return
        query = {"labelSelector": f"{model.CONTROLLER_UID}={objects.uid(job)}"}
        found = await self._api.get(client.path(client.CORE, "pods", key[0]), query)
        for pod in found.get("items") or []:
            self._pods.observe(pod)
        self._jobs.observe(await self._api.get(client.path(client.BATCH, "jobs", *key)))
        self._doubts.discard(key)

    async def move(self, job: Json, plan: model.Plan) -> Failure | None:
        """Create and delete pods; the first failure, after which no further pod is created."""
        await self.release(plan.delete_uncounted)
        failures = await asyncio.gather(*(self._delete(job, pod) for pod in (*plan.delete, *plan.delete_uncounted)))
        failure = next((one for one in failures if one is not None), None)
        done, batch = 0, 1
        while failure is None and done < len(plan.create):
            some = plan.create[done : done + batch]
            failures = await asyncio.gather(*(self._create(job, pod) for pod in some))
            failure = next((one for one in failures if one is not None), None)
            done, batch = done + len(some), batch * 2
        return failure

    async def _create(self, job: Json, manifest: Json) -> Failure | None:
        try:
            made = await self._api.create(client.path(client.CORE, "pods", objects.namespace(job)), manifest)
        except (ApiRefused, ApiUnreachable) as error:
            if isinstance(error, ApiUnreachable):
                self.doubt(objects.key(job))
            self._events.record(about(job), "Warning", "FailedCreate", f"Error creating: {error}")
            return error
        self._pods.observe(made)
        self._events.record(about(job), "Normal", "SuccessfulCreate", f"Created pod: {objects.name(made)}")
        return None

    async def _delete(self, job: Json, pod: Json) -> Failure | None:
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": objects.uid(pod)}}
        try:
            answer = await self._api.delete(_place(pod), options)
        except ApiRefused as error:
            if error.missing or error.conflict:
                return None
            self._events.record(about(job), "Warning", "FailedDelete", f"Error deleting: {error}")
            return error
        except ApiUnreachable as error:
            return error
        if answer.get("kind") == "Pod":
            self._pods.observe(answer)
        self._events.record(about(job), "Normal", "SuccessfulDelete", f"Deleted pod: {objects.name(pod)}")
        return None

    async def store(self, job: Json, plan: model.Plan) -> None:
        """Write the status over the version that was looked at, and tell of it."""
        patch = {
            "metadata": {"resourceVersion": objects.meta(job).get("resourceVersion")},
            "status": objects.merge_patch(objects.status(job), plan.status),
        }
        place = client.path(client.BATCH, "jobs", *objects.key(job), sub="status")
        self._jobs.observe(await self._api.patch(place, patch))
        for event in plan.events:
            self._events.record(about(job), event.kind, event.reason, event.message)

    async def delete_job(self, job: Json) -> None:
        """Remove a Job whose time is up, and its pods with it."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": objects.uid(job)},
        }
        try:
            await self._api.delete(client.path(client.BATCH, "jobs", *objects.key(job)), options)
        except ApiRefused as error:
            if not error.missing:
                raise

    async def release(self, pods: Sequence[Json]) -> None:
        """Take our finalizer off pods that are counted, or that will not be."""
        await asyncio.gather(*(self._release(pod) for pod in pods))

    async def _release(self, pod: Json) -> None:
        held = list(objects.meta(pod).get("finalizers") or [])
        if model.FINALIZER not in held:
            return
        place = f"/metadata/finalizers/{held.index(model.FINALIZER)}"
        operations = [
            {"op": "test", "path": "/metadata/uid", "value": objects.uid(pod)},
            {"op": "test", "path": place, "value": model.FINALIZER},
            {"op": "remove", "path": place},
        ]
        try:
            self._pods.observe(await self._api.edit(_place(pod), operations))
        except ApiRefused as error:
            if not error.missing:
                raise

    async def release_strays(self, key: Key, job: Json | None, pods: Sequence[Json]) -> None:
        """Let go of pods whose Job is gone, after asking the server whether it is."""
        uid = objects.uid(job) if job is not None else None
        strays = [pod for pod in pods if model.tracked(pod) and (objects.controller(pod) or {}).get("uid") != uid]
        if not strays:
            return
        try:
            there = await self._api.get(client.path(client.BATCH, "jobs", *key))
        except ApiRefused as error:
            if not error.missing:
                raise
            there = {}
        uid = objects.uid(there)
        await self.release([pod for pod in strays if (objects.controller(pod) or {}).get("uid") != uid])
        if there:
            self._jobs.observe(there)


def about(job: Json) -> Json:
    """The Job as an event names it: items of a list do not say their kind."""
    return {**job, "apiVersion": "batch/v1", "kind": "Job"}


def _place(pod: Json) -> str:
    return client.path(client.CORE, "pods", *objects.key(pod))
