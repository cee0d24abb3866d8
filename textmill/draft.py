"""A plan in the making: what `planner`, `outcomes` and `queue` add to while they go over one picture.

It is the only thing in the domain that changes, lives for one call of `plan`, and is handed down, never kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from textmill.actions import Action, Fault, Grow, JobPlan, Notify, Plan, Write
from textmill.batches import Company
from textmill.limits import Limits
from textmill.picture import Job, Key, Picture
from textmill.request import Request

if TYPE_CHECKING:
    from textmill.growing import Growth

One = TypeVar("One", Request, Job)
Found = TypeVar("Found")


@dataclass
class Draft:
    """busy: pods that are or may yet be at work, by namespace; held: the sum of these.

    waiting: requests that may start a stage now; missing: Jobs that are recorded but not in the picture. starting: of
    the tokenizers that have begun a moment ago, until when that is so, by the company they keep. followed: Jobs that
    this plan creates for the counts of whole batches. faults: steps that have raised, each of which ended at its one
    request or Job. growing: Jobs at work that may use more pods; untold: those that are yet to be told of what is
    recorded. stuck: namespaces that get no pod now. given_up: the last writes for requests whose status is refused, by
    uid. idle: pods that are not counted, as they wait for an image or a claim. started: requests that were given a pod.
    """

    picture: Picture
    limits: Limits
    now: float
    actions: list[Action] = field(default_factory=list)
    waiting: list[Request] = field(default_factory=list)
    missing: list[JobPlan] = field(default_factory=list)
    busy: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: int = 0
    starting: dict[Company, list[float]] = field(default_factory=lambda: defaultdict(list))
    followed: set[Key] = field(default_factory=set)
    growing: list[Growth] = field(default_factory=list)
    untold: list[Grow] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    given_up: dict[str, Write] = field(default_factory=dict)
    idle: int = 0
    started: int = 0
    wake_at: float | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Return how many more pods may be started."""
        return self.limits.pods - self.held

    def hold(self, namespace: str, pods: int, idle: int = 0) -> None:
        """Count pods of a namespace as at work, but for those that are idle: as many again as the limit at most."""
        spared = max(0, min(idle, pods, self.limits.pods - self.idle))
        self.idle += spared
        self.busy[namespace] += pods - spared
        self.held += pods - spared

    def guarded(
        self, one: One, step: Callable[[Draft, One], Found], instead: Callable[[Draft, One], Found] | None = None
    ) -> Found | None:
        """Take one step for one request or Job; if it raises, undo what it added, note that, and do something else.

        Whatever one object holds, the others' plan is made without it.
        """
        marks = len(self.actions), len(self.waiting), len(self.missing), self.busy.get(one.namespace, 0)
        try:
            return step(self, one)
        except Exception as error:  # noqa: BLE001 - a plan is total: one object must not stop all the others
            del self.actions[marks[0] :], self.waiting[marks[1] :], self.missing[marks[2] :]
            self.hold(one.namespace, marks[3] - self.busy.get(one.namespace, 0))
            self.faults.append(Fault(f"{type(one).__name__} {one.namespace}/{one.name}", error))
        return self.guarded(one, instead) if instead else None

    def queue(self, request: Request) -> None:
        """Let a request wait for its turn; its rank is told here, where a fault ends at this one."""
        if request.rank:
            self.waiting.append(request)

    def take(self, outcome: Write | Request) -> None:
        """Keep what a Job's end meant for a request."""
        if not isinstance(outcome, Request):
            self.actions.append(outcome)
        elif not self.left_alone(outcome.uid):
            self.queue(outcome)

    def left_alone(self, uid: str) -> bool:
        """Tell whether nothing else is asked for this request now; plan again when that is over."""
        held = self.picture.held.get(uid)
        if held is None or held.until <= self.now:
            return uid in self.given_up
        self.wake(held.until)
        return True

    def give_up(self, write: Write) -> None:
        """Write this for a request, and nothing else."""
        self.given_up[write.request.uid] = write

    def wake(self, at: float | None) -> None:
        """Plan again at this time, if nothing happens before."""
        if at is not None:
            self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def finished(self) -> Plan:
        """Return the plan, without what would be written for requests that are held."""
        held = {uid for uid in self.picture.held if self.left_alone(uid)}
        wanted = (one for one in self.actions if _written(one) not in held) if held else self.actions
        return Plan((*wanted, *self.given_up.values()), self.wake_at, tuple(self.faults))


def _written(action: Action) -> str | None:
    match action:
        case Write(request) | Notify(Write(request)):
            return request.uid
    return None
