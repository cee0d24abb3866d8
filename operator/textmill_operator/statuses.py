"""The one place in the project that writes a status: guarded by the version that was planned on.

Whatever the API answers goes into the store at once, so the next picture shows our own writes before the watch
does. A request that has changed meanwhile is read anew and left to the next plan; one that is gone is forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from textmill import transitions
from textmill.actions import JobPlan, Write
from textmill.names import REUSE_LABEL
from textmill.picture import Trouble
from textmill.request import Request
from textmill.traceparent import trace_id
from textmill_operator import paths
from textmill_operator.calls import Calls
from textmill_operator.errors import Away, Conflict, NotFound, Refused
from textmill_operator.merging import merge_patch
from textmill_operator.metrics import Metrics
from textmill_operator.recorder import Recorder
from textmill_operator.store import Store
from textmill_operator.tracing import Tracing

log = logging.getLogger(__name__)

UNLABELLED = 1000
"""How many labels wait for the API at most; a result without one is only counted again."""


class Statuses:
    """Writes statuses, and tells of it: events, log, metrics."""

    def __init__(
        self,
        calls: Calls,
        store: Store,
        recorder: Recorder,
        metrics: Metrics,
        clock: Callable[[], float],
        tracing: Tracing | None = None,
    ) -> None:
        self._calls, self._store, self._recorder, self._metrics = calls, store, recorder, metrics
        self._clock, self._tracing = clock, tracing
        self._unlabelled: dict[str, tuple[Request, str]] = {}

    async def write(self, write: Write) -> Request | None:
        """Write a status; return the request as it then is, None when it has changed or gone meanwhile."""
        request = write.request
        changes = merge_patch(request.status.raw, write.status)
        body = {"metadata": {"resourceVersion": request.version}, "status": changes}
        try:
            answer = await self._calls(lambda: self._calls.api.patch(paths.status_of(request), body))
        except NotFound:
            self._store.drop("request", request.uid)
            return None
        except Conflict:
            await self.refresh(request.namespace, request.name, request.uid)
            return None
        self._store.put("request", answer)
        written = Request.parse(answer)
        self._tell(write, written)
        if write.label:
            self._unlabelled[written.uid] = written, write.label
            await self._label(written.uid)
        return written

    def _tell(self, write: Write, written: Request) -> None:
        now = self._clock()
        before, after = write.request.status, written.status
        for note in write.notes:
            self._recorder.note(written, note, now)
        if before.phase != after.phase or write.notes:
            extra = {"request": f"{written.namespace}/{written.name}", "phase": after.phase}
            if trace := trace_id(written.trace):
                extra["trace"] = trace
            log.info("%s -> %s", before.phase, after.phase, extra=extra)
        if after.ended and not before.ended:
            reason = write.notes[0].reason if write.notes else after.phase
            self._metrics.finished.labels(after.phase, reason).inc()
            self._metrics.duration.observe(max(0.0, now - written.created))
            if self._tracing:
                self._tracing.ended(written)

    async def label_rest(self) -> None:
        """Try the reuse labels again that found no API: no plan asks for them, as their requests have ended."""
        for uid in list(self._unlabelled):
            if not await self._label(uid):
                return

    async def _label(self, uid: str) -> bool:
        """Label a result for reuse, if it is not done; False where the API is away, and it is to be tried again."""
        request, key = self._unlabelled.pop(uid)
        body = {"metadata": {"uid": uid, "labels": {REUSE_LABEL: key}}}
        try:
            await self._calls(lambda: self._calls.api.patch(paths.request(request.namespace, request.name), body))
        except (NotFound, Conflict, Refused) as error:
            log.info("a result stays without its reuse label: %s", error)
        except Away as error:
            log.info("a result gets its reuse label later: %s", error)
            if len(self._unlabelled) < UNLABELLED:
                self._unlabelled[uid] = request, key
            return False
        return True

    async def refresh(self, namespace: str, name: str, uid: str) -> Request | None:
        """Read a request anew; None, and forgotten, when it is gone or another one bears its name."""
        try:
            body = await self._calls(lambda: self._calls.api.get(paths.request(namespace, name)))
        except NotFound:
            self._store.drop("request", uid)
            return None
        if body["metadata"]["uid"] != uid:
            self._store.drop("request", uid)
            return None
        self._store.put("request", body)
        return Request.parse(body)

    async def remark(self, job: JobPlan, trouble: Trouble) -> None:
        """Tell the members of a Job that the API refuses why they do not get on."""
        uids = {one.uid for one in job.members}
        for request in [one for one in self._store.requests() if one.uid in uids]:
            write = transitions.remark(request, trouble.reason, trouble.message, self._clock())
            if write:
                await self.write(write)
