"""What the executor reads on the planner's word: reports in logs, reasons in events, results that are known.

All of it goes into the store, as part of the next picture; nothing here writes.
"""

from __future__ import annotations

from textmill import manifests, reuse
from textmill.actions import LookUp
from textmill.names import REUSE_LABEL
from textmill.picture import Job, Pod
from textmill.request import Request, from_time
from textmill_operator import paths
from textmill_operator.api import in_namespace
from textmill_operator.calls import Calls
from textmill_operator.errors import Away, NotFound, Refused
from textmill_operator.jobs import explain
from textmill_operator.patience import Patience
from textmill_operator.store import Store

KEYS_A_LOOKUP = 40
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

    async def look_up(self, action: LookUp) -> None:
        """Look for known results."""
        wanted = {request.uid: reuse.key(request.spec) for request in action.requests}
        keys = sorted({key for key in wanted.values() if key})
        found: list[Request] = []
        for start in range(0, len(keys), KEYS_A_LOOKUP):
            label = f"{REUSE_LABEL} in ({','.join(keys[start : start + KEYS_A_LOOKUP])})"
            query = {"labelSelector": label, "fieldSelector": "status.phase=Succeeded"}
            pages = self._calls.api.pages(paths.requests(action.namespace), **query)
            found += [Request.parse(body) async for page in pages for body in page.get("items") or ()]
        self._store.lend({request.uid: reuse.pick(request.spec, found) for request in action.requests})
