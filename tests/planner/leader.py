"""An operator for the model: views that lag, and an executor that performs actions as `actions.py` says.

Each step of a leader is at most one call of the API, so a test can stop it between any two, let it crash, or
let another take over and this one go on late. What the views must be for the limit on pods to hold stands in
`textmill.actions`: a full list at the start, own writes and own creations seen at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from tests.planner.api import Kind, Refused, waits_for
from tests.planner.cluster import Cluster
from tests.planner.view import View
from textmill import reuse
from textmill.actions import (
    Action,
    Collect,
    Follow,
    Grow,
    Inspect,
    JobPlan,
    Launch,
    ListPods,
    LookUp,
    Notify,
    Peek,
    Read,
    Recreate,
    Write,
)
from textmill.errors import Reason
from textmill.glimpses import Glimpse
from textmill.limits import Limits
from textmill.notices import Outcome
from textmill.picture import Job, Picture, Pod, Trouble
from textmill.planner import plan
from textmill.request import Request

Fault = Literal["none", "refuse", "lose"]
KINDS: tuple[Kind, ...] = ("requests", "jobs", "pods")


@dataclass
class Leader:
    """One operator that holds, or held, the Lease. `late`: it does no more, but does not know it."""

    cluster: Cluster
    limits: Limits
    late: bool = False
    skew: float = 0.0
    views: dict[Kind, View] = field(default_factory=dict)
    read: dict[str, Pod] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    lent: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    glimpses: dict[str, tuple[float, Glimpse | None]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    steps: Iterator[None] | None = None
    fault: Fault = "none"

    def __post_init__(self) -> None:
        self.views = {kind: View(kind) for kind in KINDS}
        for view in self.views.values():
            view.relist(self.cluster)

    def picture(self) -> Picture:
        """Return what this leader sees."""
        jobs = [
            replace(one, trouble=self.troubles.get(one.uid), listed=one.uid in self.listed)
            for one in self.views["jobs"].items.values()
        ]
        pods = [self._seen(self.read.get(one.uid, one)) for one in self.views["pods"].items.values()]
        return Picture.of(self.views["requests"].items.values(), jobs, pods, dict(self.lent), dict(self.outcomes))

    def _seen(self, pod: Pod) -> Pod:
        looked_at, glimpse = self.glimpses.get(pod.uid, (0.0, None))
        return replace(pod, looked_at=looked_at, glimpse=glimpse)

    def act(self, fault: Fault = "none") -> bool:
        """Go on by one call of the API; plan where no plan is left. Return False when the plan is at its end."""
        self.fault = fault
        if self.steps is None:
            actions = plan(self.picture(), self.limits, self.cluster.now + self.skew).actions
            self.steps = self._perform(actions)
        try:
            next(self.steps)
        except StopIteration:
            self.steps = None
            return False
        return True

    def _perform(self, actions: tuple[Action, ...]) -> Iterator[None]:
        for action in actions:
            match action:
                case Write():
                    yield from self._write(action, [])
                case Launch() | Follow() | Recreate() | Grow() | Collect():
                    yield from self._work(action)
                case Peek(pod):
                    self._peek(pod)
                case Notify(write):
                    told: list[str] = []
                    yield from self._write(write, told)
                    if told:
                        self._tell(write)
                case Read() | ListPods() | Inspect() | LookUp():
                    self._call(partial(self._look, action))
                    yield

    def _work(self, action: Launch | Follow | Recreate | Grow | Collect) -> Iterator[None]:
        match action:
            case Launch(job, writes):
                recorded: list[str] = []
                for write in writes:
                    yield from self._write(write, recorded)
                if recorded:
                    yield from self._create(job.only(set(recorded)))
            case Follow(job):
                yield from self._create(job)
            case Recreate(job):
                yield from self._recreate(job)
            case Grow():
                yield from self._grow(action)
            case Collect(job, idle):
                yield from self._collect(job, idle)

    def _look(self, action: Read | ListPods | Inspect | LookUp) -> None:
        match action:
            case Read(pod):
                self._read(pod)
            case ListPods(job):
                self.views["pods"].advance(self.cluster, 1 << 30)
                self.listed.add(job.uid)
            case Inspect(job):
                self._inspect(job)
            case LookUp(namespace, requests):
                self._look_up(namespace, requests)

    def _call(self, deed: Callable[[], object]) -> None:
        """Call the API; an answer that is lost leaves no trace here but may leave one there."""
        fault, self.fault = self.fault, "none"
        try:
            if fault == "refuse":
                raise Refused("Unavailable")
            before = {kind: (dict(view.items), dict(view.floor)) for kind, view in self.views.items()}
            deed()
            if fault == "lose":
                for kind, (items, floor) in before.items():
                    self.views[kind].items, self.views[kind].floor = items, floor
                self.views["jobs"].relist(self.cluster)
        except Refused:
            return

    def _write(self, write: Write, recorded: list[str]) -> Iterator[None]:
        written: list[Request] = []
        lost = self.fault

        def deed() -> None:
            request = self.cluster.write(write.request, write.status)
            shown = None if request.status.settled else request
            self.views["requests"].own((request.namespace, request.name), shown, int(request.version))
            written.append(request)

        self._call(deed)
        yield
        if written and lost != "lose":
            recorded.append(written[0].uid)
            if write.label is not None:
                self._call(partial(self.cluster.label, written[0], write.label))
                yield

    def _create(self, job: JobPlan) -> Iterator[None]:
        def deed() -> None:
            try:
                made = self.cluster.create(job, self.late)
            except Refused:
                made = self.cluster.jobs[job.namespace, job.name]
                if made.deleting or made.members != job.members:
                    raise
            self.views["jobs"].own((job.namespace, job.name), made, self.cluster.version)

        self._call(deed)
        yield

    def _grow(self, action: Grow) -> Iterator[None]:
        job, recorded = action.job, [] if action.write else [""]
        if action.write:
            yield from self._write(action.write, recorded)
        if recorded:
            key, jobs = (job.namespace, job.name), self.views["jobs"]
            self._call(lambda: jobs.own(key, self.cluster.grow(job, action.parallelism), self.cluster.version))
            yield

    def _ask(self, job: Job | JobPlan, waiting: set[str]) -> Iterator[None]:
        for one in job.members:
            found: list[Request | None] = []
            self._call(partial(self._get, job.namespace, one.name, found))
            yield
            if not found or waits_for(found[0], one.uid, job):
                waiting.add(one.uid if found else "")

    def _get(self, namespace: str, name: str, found: list[Request | None]) -> None:
        found.append(self.cluster.requests.get((namespace, name)))

    def _recreate(self, job: JobPlan) -> Iterator[None]:
        waiting: set[str] = set()
        yield from self._ask(job, waiting)
        if waiting and "" not in waiting:
            yield from self._create(job.only(waiting))

    def _collect(self, job: Job, idle: bool) -> Iterator[None]:
        waiting: set[str] = set()
        yield from self._ask(job, waiting)
        if not waiting:
            key, jobs = (job.namespace, job.name), self.views["jobs"]
            self._call(lambda: jobs.own(key, self.cluster.delete(job, idle=idle), self.cluster.version))
            yield

    def _read(self, pod: Pod) -> None:
        if pod.uid in self.cluster.pods:
            self.read[pod.uid] = pod.read(self.cluster.logs[pod.uid])

    def _tell(self, write: Write) -> None:
        """Tell of an end; the answer may come too late for this leader to know of it, and the next one never knows."""
        heard = self.outcomes.get(write.request.uid)
        assert not heard or heard.end == "failed", "told again though the answer was known"
        number = write.status["notification"]["attempts"]
        outcome = self.cluster.receiver.take(write.request.uid, number)
        if outcome:
            self.outcomes[write.request.uid] = outcome

    def _peek(self, pod: Pod) -> None:
        """Look at once, at no call's cost: the real one does it beside the rounds."""
        now, (member,) = self.cluster.now, self.cluster.books[pod.job_uid].plan.members
        done = int(now - pod.started)
        self.glimpses[pod.uid] = now, Glimpse(member.uid, min(done, 100), 100, 1, now) if done % 3 else pod.glimpse

    def _inspect(self, job: Job) -> None:
        if "quota" in self.cluster.trouble:
            self.troubles[job.uid] = Trouble(Reason.QUOTA_EXCEEDED, "exceeded quota: pods")

    def _look_up(self, namespace: str, requests: tuple[Request, ...]) -> None:
        for request in requests:
            known = self.cluster.known(namespace, reuse.key(request.spec))
            fit = next((one for one in known if reuse.fits(request.spec, one)), None)
            self.lent[request.uid] = reuse.lend(fit) if fit else None
