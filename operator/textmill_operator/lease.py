"""Which of several operators acts: an election by a coordination.k8s.io Lease, safe without trusting any wall clock.

Why our own: in the clients' elections a leader goes on when the API hangs, and the async ones write local
time as UTC. Here a holder believes in its Lease only until LEASE_SECONDS after it *began* its last good
renewal, by its own monotonic clock; `check` raises from then on, and the executor calls it before each write.
A rival takes the Lease over only after it has seen it unchanged for the Lease's full duration on its own
monotonic clock. Two can therefore overlap only by the time that one API call takes, and every write is
guarded by a resourceVersion besides. A clean stop gives the Lease back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from textmill.names import NAMESPACES_ANNOTATION
from textmill_operator.api import Api, in_namespace
from textmill_operator.errors import ApiError, Conflict, NotFound, NotLeading

GROUP = "coordination.k8s.io/v1"
LONGEST_SECONDS = 3600.0
"""No operator holds a Lease for longer without a renewal, so one that says more was written by another hand."""
MOST_TRANSITIONS = (1 << 31) - 1

log = logging.getLogger(__name__)


class Election:
    """One candidate.

    duration: what a rival waits for, in seconds; renewed every third of it. served: the namespaces that the operator
    serves, noted on the Lease for those who show who leads.
    """

    def __init__(
        self,
        api: Api,
        namespace: str,
        name: str,
        identity: str,
        *,
        duration: float = 15.0,
        served: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._api, self._clock, self._sleep = api, clock, sleep
        self._namespace, self._name, self._served = namespace, name, served
        self.identity, self._duration = identity, duration
        self._held_until = float("-inf")
        self._seen: tuple[str, float] | None = None
        self.tried = False
        """Whether the Lease was once read or written, so that it is known who leads."""
        self.won = asyncio.Event()
        """Set from the Lease being won until anybody notices that it is not ours any more."""

    @property
    def leading(self) -> bool:
        """Tell whether the Lease is ours for certain at this moment."""
        return self._clock() < self._held_until

    def check(self) -> None:
        """Raise NotLeading unless the Lease is ours for certain at this moment."""
        if not self.leading:
            self._give_up()
            raise NotLeading(f"the Lease {self._namespace}/{self._name} is not held by {self.identity}")

    async def run(self) -> None:
        """Try to get the Lease and to keep it, until cancelled; then give it back."""
        try:
            while True:
                await self.step()
                await self._sleep(self._duration / 3 if self.leading else min(2.0, self._duration / 3))
        finally:
            await self._release()

    async def step(self) -> None:
        """Try once to get or to renew the Lease."""
        began = self._clock()
        try:
            async with asyncio.timeout(self._duration / 3):
                held = await self._acquire()
        except (ApiError, TimeoutError) as error:
            if not isinstance(error, Conflict):
                log.warning("the Lease could not be renewed or taken: %s", error)
            held = None
        self.tried = self.tried or held is not None
        if held:
            self._held_until = began + self._duration
            if not self.won.is_set():
                log.info("leading as %s", self.identity)
            self.won.set()
        elif held is False or not self.leading:
            self._give_up()

    def _give_up(self) -> None:
        self._held_until = float("-inf")
        if self.won.is_set():
            log.warning("not leading any more")
            self.won.clear()

    async def _acquire(self) -> bool | None:
        """Return True when the Lease was written as ours, False when somebody else holds it."""
        path = in_namespace(self._namespace, "leases", self._name, group=GROUP)
        try:
            lease = await self._api.get(path)
        except NotFound:
            await self._api.create(in_namespace(self._namespace, "leases", group=GROUP), self._body({}, None))
            return True
        if not self._may_take(lease):
            return False
        await self._api.replace(path, self._body(lease.get("spec") or {}, lease["metadata"]["resourceVersion"]))
        return True

    def _may_take(self, lease: dict[str, Any]) -> bool:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self.identity):
            return True
        version = str(lease["metadata"]["resourceVersion"])
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, self._clock())
        duration = float(spec.get("leaseDurationSeconds") or self._duration)
        return self._clock() >= self._seen[1] + min(duration, max(self._duration, LONGEST_SECONDS))

    def _body(self, before: dict[str, Any], version: str | None, holder: str | None = None) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mine = before.get("holderIdentity") == self.identity
        changes = min(int(before.get("leaseTransitions") or 0), MOST_TRANSITIONS - 1)
        return {
            "apiVersion": GROUP,
            "kind": "Lease",
            "metadata": {
                "name": self._name,
                "namespace": self._namespace,
                **({"resourceVersion": version} if version else {}),
                **({"annotations": {NAMESPACES_ANNOTATION: self._served}} if self._served else {}),
            },
            "spec": {
                "holderIdentity": self.identity if holder is None else holder,
                # Rounded up: a rival that waits for less than we believe in would lead beside us.
                "leaseDurationSeconds": max(1, math.ceil(self._duration)),
                "acquireTime": before.get("acquireTime") if mine and before.get("acquireTime") else now,
                "renewTime": now,
                "leaseTransitions": changes if mine or not before else changes + 1,
            },
        }

    async def _release(self) -> None:
        if not self.leading:
            return
        self._held_until = float("-inf")
        path = in_namespace(self._namespace, "leases", self._name, group=GROUP)
        with contextlib.suppress(ApiError, TimeoutError):
            async with asyncio.timeout(2.0):
                lease = await self._api.get(path)
                if (lease.get("spec") or {}).get("holderIdentity") == self.identity:
                    body = self._body(lease["spec"], lease["metadata"]["resourceVersion"], holder="")
                    await self._api.replace(path, body)
                    log.info("the Lease was given back")
