"""What the executor reads on the planner's word: reports in logs, reasons in events.

All of it goes into the store, as part of the next picture; nothing here writes.
"""

from __future__ import annotations

from textmill import manifests
from textmill.picture import Job, Pod
from textmill.request import from_time
from textmill_operator import paths
from textmill_operator.api import in_namespace
from textmill_operator.calls import Calls
from textmill_operator.errors import Away, NotFound, Refused
from textmill_operator.jobs import explain
from textmill_operator.patience import Patience
from textmill_operator.store import Store

LOG_BYTES = 4 << 20
LOG_TRIES = 3


class Reading:
    """Reads what the next picture needs."""

    def __init__(self, calls: Calls, store: Store, patience: Patience) -> None:
        self._calls, self._store, self._patience = calls, store, patience

    async def read(self, pod: Pod) -> None:
        """Read the reports of a pod that ended well."""
        query = {"container": manifests.CONTAINER, "limitBytes": str(LOG_BYTES)}
        try:
            text = await self._calls(lambda: self._calls.api.text(paths.pods(pod.namespace, pod.name, "log"), **query))
        except NotFound:
            text = ""
        except (Away, Refused):
            if self._patience.tries(pod.uid) + 1 < LOG_TRIES:
                raise
            text = ""
        self._store.read(pod.read(text))

    async def inspect(self, job: Job) -> None:
        """Read why a Job has no pod."""
        query = {"fieldSelector": f"involvedObject.uid={job.uid},type=Warning"}
        found = await self._calls(lambda: self._calls.api.get(in_namespace(job.namespace, "events"), **query))
        failures = [one for one in found.get("items") or () if one.get("reason") == "FailedCreate"]
        if failures:
            last = max(failures, key=lambda one: from_time(one.get("lastTimestamp") or one.get("eventTime")) or 0.0)
            self._store.explain(job, explain(last.get("message") or ""))
