"""The one place in the project that writes a status: guarded by the version that was planned on.

Whatever the API answers goes into the store at once, so the next picture shows our own writes before the watch
does. A request that has changed meanwhile is read anew and left to the next plan; one that is gone is forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from textmill import transitions
from textmill.actions import JobPlan, Note, Write
from textmill.errors import ADVICE, Reason
from textmill.picture import Hold, Trouble
from textmill.planner import REFUSALS
from textmill.request import Request
from textmill.traceparent import trace_id
from textmill_operator import paths
from textmill_operator.calls import Calls
from textmill_operator.errors import Conflict, Forbidden, NotFound, Refused
from textmill_operator.labeller import Labeller
from textmill_operator.merging import merge_patch
from textmill_operator.metrics import Metrics
from textmill_operator.recorder import Recorder
from textmill_operator.store import Store
from textmill_operator.tracing import Tracing

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
"""How long a request is left alone whose status was refused: it doubles each time."""

log = logging.getLogger(__name__)


class Statuses:
    """Writes statuses, and tells of it: events, log, metrics."""

    def __init__(
        self,
        calls: Calls,
        store: Store,
        recorder: Recorder,
        labeller: Labeller,
        metrics: Metrics,
        clock: Callable[[], float],
        tracing: Tracing | None = None,
    ) -> None:
        self._calls, self._store, self._recorder, self._metrics = calls, store, recorder, metrics
        self._labeller, self._clock, self._tracing = labeller, clock, tracing
        self._written: set[str] = set()

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
        except Refused as error:
            self._refused(request, error)
            raise
        self._store.put("request", answer)
        self._store.free(request.uid)
        self._written.add(request.namespace)
        written = Request.parse(answer)
        self._tell(write, written)
        if write.label:
            self._labeller.ask(written, write.label)
        return written

    def _refused(self, request: Request, error: Refused) -> None:
        """Have a request left alone for a while whose status the API refuses, and tell of it where nothing else can."""
        before = self._store.held(request.uid)
        tries = before.refused if before else 0
        # A permission that is missing concerns all; only where others are written meanwhile is it this one's own fault.
        own = not isinstance(error, Forbidden) or (tries > 0 and request.namespace in self._written)
        if not own:
            self._written.discard(request.namespace)
        until = self._clock() + min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(tries, 10))
        self._store.hold(request.uid, Hold(until, tries + 1, str(error), own))
        self._metrics.refused.inc()
        extra = {"request": f"{request.namespace}/{request.name}", "tries": tries + 1}
        log.warning("the status was refused: %s", error, extra=extra)
        if tries == REFUSALS:
            text = f"{error}. {ADVICE[Reason.STATUS_REFUSED].hint}"
            self._recorder.note(request, Note("Warning", Reason.STATUS_REFUSED, text), self._clock())

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
