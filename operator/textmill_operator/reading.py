"""What the executor reads on the planner's word: a Job's pods, reasons in events.

All of it goes into the store, as part of the next picture; nothing here writes.
"""

from __future__ import annotations

from textmill.names import JOB_UID_LABEL
from textmill.picture import Job
from textmill.request import from_time
from textmill_operator import paths
from textmill_operator.api import in_namespace
from textmill_operator.calls import Calls
from textmill_operator.jobs import explain
from textmill_operator.store import Store


class Reading:
    """Reads what the next picture needs."""

    def __init__(self, calls: Calls, store: Store) -> None:
        self._calls, self._store = calls, store

    async def list_pods(self, job: Job) -> None:
        """List the pods of an ended Job from the API, so that none is called lost that the watch has only not shown."""
        query = {"labelSelector": f"{JOB_UID_LABEL}={job.uid}"}
        found = await self._calls(lambda: self._calls.api.get(paths.pods(job.namespace), **query))
        for body in found.get("items") or ():
            self._store.put("pod", body)
        self._store.listed(job)

    async def inspect(self, job: Job) -> None:
        """Read why a Job has no pod."""
        query = {"fieldSelector": f"involvedObject.uid={job.uid},type=Warning"}
        found = await self._calls(lambda: self._calls.api.get(in_namespace(job.namespace, "events"), **query))
        failures = [one for one in found.get("items") or () if one.get("reason") == "FailedCreate"]
        if failures:
            last = max(failures, key=lambda one: from_time(one.get("lastTimestamp") or one.get("eventTime")) or 0.0)
            self._store.explain(job, explain(last.get("message") or ""))
