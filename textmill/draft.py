"""A plan in the making: what `planner`, `outcomes` and `queue` add to while they go over one picture.

It is the only thing in the domain that changes, lives for one call of `plan`, and is handed down, never kept.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from textmill.actions import Action, JobPlan, Plan, Write
from textmill.batches import Company
from textmill.limits import Limits
from textmill.picture import Key, Picture
from textmill.request import Request


@dataclass
class Draft:
    """busy: pods that are or may yet be at work, by namespace.

    waiting: requests that may start a stage now; missing: Jobs that are recorded but not in the picture. starting: of
    the tokenizers that have begun a moment ago, until when that is so, by the company they keep. followed: Jobs that
    this plan creates for the counts of whole batches.
    """

    picture: Picture
    limits: Limits
    now: float
    actions: list[Action] = field(default_factory=list)
    waiting: list[Request] = field(default_factory=list)
    missing: list[JobPlan] = field(default_factory=list)
    busy: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    starting: dict[Company, list[float]] = field(default_factory=lambda: defaultdict(list))
    followed: set[Key] = field(default_factory=set)
    wake_at: float | None = None

    @property
    def free(self) -> int:
        """Return how many more pods may be started."""
        return self.limits.pods - sum(self.busy.values())

    def take(self, outcome: Write | Request) -> None:
        """Keep what a Job's end meant for a request."""
        if isinstance(outcome, Request):
            self.waiting.append(outcome)
        else:
            self.actions.append(outcome)

    def wake(self, at: float | None) -> None:
        """Plan again at this time, if nothing happens before."""
        if at is not None:
            self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def finished(self) -> Plan:
        """Return the plan."""
        return Plan(tuple(self.actions), self.wake_at)
