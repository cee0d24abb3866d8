"""Performs the planner's actions against the Kubernetes API, side by side.

What each action does stands in `statuses`, `jobs` and `reading`; here is who does it, what the API's refusal means
for the rounds to come, and that nothing is done once the Lease is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from logging import INFO, WARNING

from textmill import manifests
from textmill.actions import (
    Action,
    Collect,
    Follow,
    Grow,
    Inspect,
    Launch,
    ListPods,
    LookUp,
    Notify,
    Peek,
    Read,
    Recreate,
    Write,
)
from textmill_operator import bulkhead, rounds
from textmill_operator.api import Api
from textmill_operator.calls import Calls
from textmill_operator.errors import ApiError, Away, Busy, NotLeading
from textmill_operator.jobs import Jobs
from textmill_operator.labeller import Labeller
from textmill_operator.lookups import Lookups
from textmill_operator.messenger import Messenger
from textmill_operator.metrics import Metrics
from textmill_operator.patience import Patience
from textmill_operator.peeker import Peeker
from textmill_operator.reader import Reader
from textmill_operator.reading import Reading
from textmill_operator.recorder import Recorder
from textmill_operator.statuses import Statuses
from textmill_operator.store import Store
from textmill_operator.tracing import Tracing

log = logging.getLogger(__name__)


class Executor:
    """Performs actions; `fence` raises NotLeading when nothing may be written any more."""

    def __init__(
        self,
        api: Api,
        store: Store,
        recorder: Recorder,
        labeller: Labeller,
        metrics: Metrics,
        site: manifests.Site,
        *,
        fence: Callable[[], None],
        clock: Callable[[], float],
        patience: Patience,
        peeker: Peeker,
        reader: Reader,
        messenger: Messenger,
        tracing: Tracing | None = None,
    ) -> None:
        calls = Calls(api, fence)
        self._api = api
        self._metrics, self._peeker, self._messenger, self.patience = metrics, peeker, messenger, patience
        self._statuses = Statuses(calls, store, recorder, labeller, metrics, clock, tracing)
        self._jobs = Jobs(calls, store, self._statuses, site)
        self._reader, self._reading = reader, Reading(calls, store)
        self.lookups = Lookups(api, store, clock)
        self.left = 0
        """Actions of the last plan that its round left for the next one."""

    async def perform(self, actions: Iterable[Action]) -> bool:
        """Perform actions side by side; tell whether the API answered. NotLeading is raised when none is under way.

        What the API refuses is left alone for a while by itself (`patience`); it holds up nothing else. So is what it
        does not answer while it answers others: a webhook that fails for one namespace is no outage. A long plan is cut
        (`rounds`).
        """
        todo, self.left = rounds.cut(one for one in actions if not self.patience.waits(_key(one)))
        outcomes = await asyncio.gather(*(self._perform(action) for action in todo), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return all(outcomes)

    async def _perform(self, action: Action) -> bool:
        kind, key = type(action).__name__, _key(action)
        try:
            await self._do(action)
        except ApiError as error:
            log.log(INFO if isinstance(error, Busy) else WARNING, "%s: %s", kind, error, extra={"action": kind})
            self._metrics.actions.labels(kind, error.reason).inc()
            pause = error.seconds if isinstance(error, Busy) else 0.0
            away = isinstance(error, Away) and not pause and not self._api.answers
            self.patience.failed(key, refused=not away, at_least=pause)
            return not away
        except NotLeading:
            raise
        except Exception as error:  # noqa: BLE001 - one action's fault is no reason to leave the others undone
            bulkhead.note(self._metrics, "action", f"{kind} {key}", error)
            self.patience.failed(key, refused=True)
            return True
        if isinstance(action, Inspect):
            self.patience.failed(key, refused=True)  # events come late, if at all: not in the next round
        else:
            self.patience.forget(key)
        self._metrics.actions.labels(kind, "done").inc()
        return True

    async def _do(self, action: Action) -> None:
        match action:
            case Write():
                await self._statuses.write(action)
            case Launch() | Follow() | Recreate() | Grow() | Collect():
                await self._jobs.perform(action)
            case Read(pod):
                self._reader.ask(pod)
            case Peek(pod):
                self._peeker.ask(pod)
            case Notify(write):
                await self._notify(write)
            case ListPods(job):
                await self._reading.list_pods(job)
            case Inspect(job):
                await self._reading.inspect(job)
            case LookUp():
                await self.lookups.look_up(action)

    async def close(self) -> None:
        """End what goes on beside the rounds."""
        await self.lookups.close()

    def pause(self) -> float | None:
        """Return the seconds until the first of what failed may be tried again, None where nothing waits."""
        pauses = (self.patience.pause(), self._reader.pause())
        return min((one for one in pauses if one is not None), default=None)

    async def _notify(self, write: Write) -> None:
        """Write an attempt down, then make it; neither where one is under way, or too many are."""
        request, written = write.request, None
        if not self._messenger.reserve(request.namespace, request.uid):
            return
        try:
            written = await self._statuses.write(write)
        finally:
            if written:
                self._messenger.send(written)
            else:
                self._messenger.release(request.namespace, request.uid)


def _key(action: Action) -> str:
    """Return what an action's failures are counted under: the one thing that a refusal concerns."""
    match action:
        case Write(request) | Notify(Write(request)):
            return f"{request.uid} {request.version}"
        case Launch(job) | Follow(job) | Recreate(job):
            return f"{job.namespace}/{job.name}"
        case LookUp(namespace, requests):
            return f"look-up {namespace} {requests[0].uid}"
        case Read(pod) | Peek(pod):
            return pod.uid
        case ListPods(job):
            return f"list {job.uid}"
        case Inspect(job):
            return f"events {job.uid}"
        case Grow(job):
            return f"pods {job.uid}"
        case Collect(job):
            return job.uid
