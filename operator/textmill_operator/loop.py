"""The operator's heartbeat: wait for a change, take a picture, plan, act, again.

One round at a time, so a plan never races with the actions of the plan before it. A burst of changes wakes
the loop once: it waits a moment after the first before it looks, GATHER at least, and longer where a plan takes
long, so that planning stays a small part of the time however long the queue is. It looks again at the time that
the plan named, and every REST seconds in any case, since level-based work needs no event to be right. Only the
leader's loop runs; it starts with an audit.

A plan is made in a thread of its own, on a picture that shares nothing with the store, since the thread of the event
loop renews the Lease and answers probes. Both want the interpreter's lock, which a plan gives up every few ms.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from textmill.actions import Fault, Plan
from textmill.limits import Limits
from textmill.picture import Picture
from textmill.planner import plan
from textmill_operator import bulkhead
from textmill_operator.audit import Audit
from textmill_operator.errors import ApiError, NotLeading
from textmill_operator.executor import Executor
from textmill_operator.lease import Election
from textmill_operator.metrics import Metrics
from textmill_operator.store import Store

GATHER = 0.01
GATHER_MOST = 1.0
PLANNING_PART = 20
"""A plan that took a tenth of a second of CPU is followed by another after so many tenths."""
REST = 10.0
BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
STUCK_SECONDS = 120.0

log = logging.getLogger(__name__)


class Loop:
    """Plans and acts while the election is won. `wake` is what the store's changes set."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        audit: Audit,
        election: Election,
        metrics: Metrics,
        *,
        limits: Limits,
        wake: asyncio.Event,
        clock: Callable[[], float] = time.time,
        effort: Callable[[], float] = time.thread_time,
    ) -> None:
        self._store, self._executor, self._audit, self._election = store, executor, audit, election
        self._metrics, self._limits, self._wake, self._clock = metrics, limits, wake, clock
        self._effort, self._gather = effort, GATHER
        self._known_faults: set[str] = set()
        self._round_began: float | None = None
        self.planned = asyncio.Event()
        metrics.leading.set_function(lambda: float(election.leading))

    @property
    def trouble(self) -> str | None:
        """Return why the loop is stuck, None where it is not."""
        if self._round_began is not None and time.monotonic() - self._round_began > STUCK_SECONDS:
            return f"one round of planning and acting has lasted more than {STUCK_SECONDS:.0f} s"
        return None

    async def run(self) -> None:
        """Lead whenever the election is won, until cancelled."""
        while True:
            await self._election.won.wait()
            try:
                await self._begin()
                await self._lead()
            except NotLeading as error:
                log.warning("stopped acting: %s", error)
                self._round_began = None

    async def _begin(self) -> None:
        """See the truth before the first plan."""
        tries = 0
        while True:
            self._election.check()
            with bulkhead.bulkhead(self._metrics, "audit", "the first audit"):
                try:
                    await self._audit.once()
                except ApiError as error:
                    log.warning("cannot list yet: %s", error)
                else:
                    log.info("ready: %s live", self._store.counts())
                    return
            await asyncio.sleep(BACKOFF[min(tries, len(BACKOFF) - 1)])
            tries += 1

    async def _lead(self) -> None:
        failures = 0
        while True:
            self._election.check()
            self._wake.clear()
            well, wake_at = False, None
            with bulkhead.bulkhead(self._metrics, "loop", "one round"):
                well, wake_at = await self._round()
            failures = 0 if well else failures + 1
            if failures:
                await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF)) - 1])
                continue
            await self._rest(wake_at)

    async def _round(self) -> tuple[bool, float | None]:
        self._round_began = began = time.monotonic()
        picture = self._store.picture()
        made, cost, suspended = await asyncio.to_thread(self._plan, picture)
        self._gather = min(GATHER_MOST, max(GATHER, PLANNING_PART * cost))
        self._metrics.plan_seconds.observe(time.monotonic() - began)
        self._tell(made.faults)
        well = await self._executor.perform(made.actions)
        self._metrics.round_seconds.observe(time.monotonic() - began)
        for kind, count in self._store.counts().items():
            self._metrics.objects.labels(kind).set(count)
        for kind, count in self._store.bad().items():
            self._metrics.bad_objects.labels(kind).set(count)
        self._metrics.objects.labels("suspended").set(suspended)
        self._round_began = None
        self.planned.set()
        return well, made.wake_at

    def _plan(self, picture: Picture) -> tuple[Plan, float, int]:
        """Plan, and return what that cost in CPU seconds and how many are suspended; runs in a thread."""
        before = self._effort()
        made = plan(picture, self._limits, self._clock())
        cost = self._effort() - before
        return made, cost, sum(one.spec.suspend and not one.status.ended for one in picture.requests)

    def _tell(self, faults: tuple[Fault, ...]) -> None:
        """Log and count what a plan failed at, once for as long as it goes on."""
        for fault in faults:
            if fault.what not in self._known_faults:
                bulkhead.note(self._metrics, "plan", fault.what, fault.error)
        self._known_faults = {fault.what for fault in faults}

    async def _rest(self, wake_at: float | None) -> None:
        """Wait for a change, the plan's own time, another try of what was refused, or REST: whichever comes first.

        What a round has left for the next waits for nothing.
        """
        if self._executor.left:
            return
        planned = REST if wake_at is None else max(0.0, wake_at - self._clock())
        refused = self._executor.pause()
        seconds = min(REST, planned, REST if refused is None else refused)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
            await asyncio.sleep(self._gather)
        except TimeoutError:
            return
