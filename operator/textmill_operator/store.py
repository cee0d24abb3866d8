"""What the operator knows of the cluster right now: the source of every picture that is planned on.

Three streams write here: kopf's watch, the periodic audit (full lists), and the answers to our own writes.
Each object is kept at its highest resourceVersion, so a late event never undoes what we wrote ourselves; what
has gone is remembered for a while for the same reason. A settled request counts as gone: it is history.
resourceVersions are compared as whole numbers, which Kubernetes allows since 1.35.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from textmill.bodies import called
from textmill.errors import BadObject
from textmill.glimpses import Glimpse
from textmill.notices import Outcome
from textmill.picture import Hold, Job, Picture, Pod, Trouble, Unreadable
from textmill.request import Request

Kind = Literal["request", "job", "pod"]
Body = Mapping[str, Any]
Thing = Request | Job | Pod

KINDS: tuple[Kind, ...] = ("request", "job", "pod")
GONE_KEPT = 20_000
_PARSE: dict[Kind, Callable[[Body], Thing]] = {"request": Request.parse, "job": Job.parse, "pod": Pod.parse}

log = logging.getLogger(__name__)


LENT_SECONDS = 600.0
"""For so long a look-up's answer is good: well below the time for which the sweep spares a table."""


def identity(kind: Kind, body: Any) -> tuple[str, int]:
    """Return an object's uid and its resourceVersion as a number; BadObject where it has none that can be read."""
    meta = body.get("metadata") if isinstance(body, dict) else None
    uid, version = (meta.get("uid"), meta.get("resourceVersion") or "0") if isinstance(meta, dict) else (None, None)
    if not isinstance(uid, str) or not isinstance(version, str) or not version.isascii() or len(version) > 64:
        raise BadObject(f"the {kind} {called(body)} has no uid and version")
    return uid, int(version) if version.isdecimal() else 0


class Store:
    """Objects by uid. `on_change` is called after each change that a plan may depend on."""

    def __init__(self, on_change: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._on_change, self._clock = on_change, clock
        self._things: dict[Kind, dict[str, tuple[int, Any]]] = {kind: {} for kind in KINDS}
        self._gone: dict[str, int] = {}
        self._read: dict[str, Pod] = {}
        self._unreadable: dict[str, Unreadable] = {}
        self._listed: set[str] = set()
        self._trouble: dict[str, Trouble] = {}
        self._glimpses: dict[str, tuple[float, Glimpse | None]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._held: dict[str, Hold] = {}
        self._lent: dict[str, Mapping[str, Any] | None] = {}
        self._lent_at: dict[str, float] = {}
        self._bad: dict[Kind, dict[str, int]] = {kind: {} for kind in KINDS}
        self.heard: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        """Events that the watch has brought, news or not."""

    def put(self, kind: Kind, body: Body) -> bool:
        """Take an object as the API gave it; tell whether it was news."""
        try:
            uid, version = identity(kind, body)
        except BadObject as error:
            log.warning("left alone: %s", error)
            return False
        known = self._things[kind].get(uid)
        if version <= max(known[0] if known else -1, self._gone.get(uid, -1), self._bad[kind].get(uid, -1)):
            return False
        try:
            thing = _PARSE[kind](body)
        except Exception as error:  # noqa: BLE001 - whatever one object holds, the others are taken
            return self._leave(kind, uid, version, error)
        self._bad[kind].pop(uid, None)
        if isinstance(thing, Request) and thing.status.ended and thing.status.settled:
            return self.drop(kind, uid, version)
        if isinstance(thing, Pod) and not thing.job_uid:
            return self._leave_out(kind, uid, version)
        if isinstance(thing, Request):
            thing = thing.without_text()
        self._gone.pop(uid, None)
        self._things[kind][uid] = (version, thing)
        if isinstance(thing, Request) and thing.spec.suspend:
            self._lent.pop(uid, None)
        self._on_change()
        return True

    def _leave(self, kind: Kind, uid: str, version: int, error: Exception) -> bool:
        """Leave an object alone that cannot be read, at this version; an older one that could be is out of date."""
        log.warning("left alone: %s", error, exc_info=None if isinstance(error, BadObject) else error)
        dropped = self._leave_out(kind, uid, version)
        self._bad[kind][uid] = version
        return dropped

    def _leave_out(self, kind: Kind, uid: str, version: int) -> bool:
        """Keep nothing of an object that is there: what cannot be read, or a pod that no Job controls."""
        dropped = self.drop(kind, uid, version)
        self._gone.pop(uid, None)  # it is there, so nobody may take its Job for one that nobody waits for
        return dropped

    def bad(self) -> dict[Kind, int]:
        """Return how many objects of each kind are there that cannot be read."""
        return {kind: len(self._bad[kind]) for kind in KINDS}

    def drop(self, kind: Kind, uid: str, version: int | None = None) -> bool:
        """Forget an object that is gone, or has left the selection; `version` is the last one known of it."""
        known = self._things[kind].get(uid)
        if known and version is not None and version < known[0]:
            return False
        self._gone[uid] = max(version or 0, known[0] if known else 0)
        while len(self._gone) > GONE_KEPT:
            del self._gone[next(iter(self._gone))]
        for memory in (
            self._read,
            self._unreadable,
            self._trouble,
            self._glimpses,
            self._outcomes,
            self._lent,
            self._lent_at,
            self._held,
        ):
            memory.pop(uid, None)
        self._listed.discard(uid)
        self._bad[kind].pop(uid, None)
        if self._things[kind].pop(uid, None) is None:
            return False
        self._on_change()
        return True

    def take_away(self, kind: Kind, body: Body) -> bool:
        """Forget an object of which this is the last body."""
        try:
            return self.drop(kind, *identity(kind, body))
        except BadObject as error:
            log.warning("left alone: %s", error)
            return False

    def keep_only(self, kind: Kind, uids: set[str], up_to: int, namespace: str) -> list[str]:
        """Drop what a full list of a namespace (empty: all) taken at `up_to` does not hold; return what was dropped."""
        lost = [
            uid
            for uid, (version, thing) in self._things[kind].items()
            if uid not in uids and version <= up_to and namespace in ("", thing.namespace)
        ]
        for uid in lost:
            self.drop(kind, uid)
        if not namespace:
            self._bad[kind] = {uid: version for uid, version in self._bad[kind].items() if uid in uids}
        return lost

    def holds(self, kind: Kind, uid: str) -> bool:
        """Tell whether this object is part of the picture."""
        return uid in self._things[kind]

    def settled(self, uid: str) -> bool:
        """Tell whether we saw this object go, so that nobody needs to ask about it."""
        return uid in self._gone

    def request(self, uid: str) -> Request | None:
        """Return the live request of this uid, None where none is known."""
        known = self._things["request"].get(uid)
        return known[1] if known else None

    def read(self, pod: Pod) -> None:
        """Keep the reports of a pod that is still there, or why they cannot be had."""
        if pod.uid in self._things["pod"]:
            self._read[pod.uid] = pod
            self._on_change()

    def unreadable(self, pod: Pod, at: float, why: str, *, unfit: bool = False) -> None:
        """Keep since when the log of a pod that is still there cannot be read, and why."""
        if pod.uid in self._things["pod"]:
            known = self._unreadable.get(pod.uid)
            self._unreadable[pod.uid] = Unreadable(known.since if known else at, why, unfit)
            self._on_change()

    def listed(self, job: Job) -> None:
        """Note that the pods of an ended Job that is still there were listed from the API, and are all in the store."""
        if job.uid in self._things["job"]:
            self._listed.add(job.uid)
            self._on_change()

    def changed(self) -> None:
        """Have a plan made soon, though nothing in the picture is new."""
        self._on_change()

    def glimpse(self, pod: Pod, at: float, found: Glimpse | None) -> None:
        """Keep how far a pod is that is still there, and when that was asked; nothing found changes only the time."""
        if pod.uid in self._things["pod"]:
            self._glimpses[pod.uid] = (at, found or self._glimpses.get(pod.uid, (at, None))[1])
            self._on_change()

    def explain(self, job: Job, trouble: Trouble) -> None:
        """Keep why a Job that is still there has no pod."""
        if job.uid in self._things["job"]:
            self._trouble[job.uid] = trouble
            self._on_change()

    def answered(self, uid: str, outcome: Outcome) -> None:
        """Keep how the attempt to tell of a request's end went, while the request is there."""
        if uid in self._things["request"]:
            self._outcomes[uid] = outcome
            self._on_change()

    def lend(self, answers: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Keep what the look-up of known results found, by the uid of a request that is still there."""
        now = self._clock()
        for uid, found in answers.items():
            if uid in self._things["request"]:
                self._lent[uid] = found
                self._lent_at.pop(uid, None)  # the oldest come first
                self._lent_at[uid] = now
                self.free(uid)
        self._on_change()

    def hold(self, uid: str, hold: Hold) -> None:
        """Have nothing asked for a request that is still there; what is known of its refused writes is kept."""
        if uid in self._things["request"]:
            before = self._held.get(uid)
            self._held[uid] = before._replace(until=hold.until) if before and not hold.refused else hold
            self._on_change()

    def held(self, uid: str) -> Hold | None:
        """Return for how long nothing is asked for a request, None where nothing holds it."""
        return self._held.get(uid)

    def free(self, uid: str) -> None:
        """Forget that a request was held."""
        self._held.pop(uid, None)

    @property
    def lent(self) -> dict[str, Mapping[str, Any] | None]:
        """Return what look-ups have found lately; what is older is looked up again: its table may be swept."""
        since = self._clock() - LENT_SECONDS
        while self._lent_at and self._lent_at[oldest := next(iter(self._lent_at))] <= since:
            del self._lent_at[oldest]
            self._lent.pop(oldest, None)
        return dict(self._lent)

    def counts(self) -> dict[Kind, int]:
        """Return how many live objects of each kind there are."""
        return {kind: len(self._things[kind]) for kind in KINDS}

    def requests(self) -> list[Request]:
        """Return the live requests."""
        return [thing for _, thing in self._things["request"].values()]

    def picture(self) -> Picture:
        """Return what is known now, as one immutable picture that shares nothing with what changes here."""
        jobs = [self._with_trouble(job) for _, job in self._things["job"].values()]
        pods = [self._with_reports(pod) for _, pod in self._things["pod"].values()]
        return Picture.of(self.requests(), jobs, pods, self.lent, dict(self._outcomes), dict(self._held))

    def _with_trouble(self, job: Job) -> Job:
        trouble, listed = self._trouble.get(job.uid), job.uid in self._listed
        return replace(job, trouble=trouble, listed=listed) if trouble or listed else job

    def _with_reports(self, pod: Pod) -> Pod:
        if pod.unread:
            unreadable = self._unreadable.get(pod.uid)
            return self._read.get(pod.uid) or (replace(pod, unreadable=unreadable) if unreadable else pod)
        looked_at, found = self._glimpses.get(pod.uid, (0.0, None))
        return replace(pod, looked_at=looked_at, glimpse=found) if looked_at else pod
