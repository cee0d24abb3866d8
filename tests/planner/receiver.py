"""Somebody who is told of requests' ends, in the model: what it answers next, and what it has taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from textmill.notices import Outcome
from textmill.request import Notify

Mood = Literal["well", "down", "gone", "answer lost"]
MOODS: tuple[Mood, ...] = ("well", "down", "gone", "answer lost")
ATTEMPTS = 3
HOOK = Notify("https://example.org", "hook")


@dataclass
class Receiver:
    """tried: the attempts made for each request; taken: how often its end was acknowledged."""

    mood: Mood = "well"
    tried: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, uid: str, attempt: int) -> Outcome | None:
        """Take an attempt; None where the answer is lost on its way."""
        assert attempt not in self.tried[uid], "an attempt was made twice"
        assert attempt <= ATTEMPTS, "too many attempts"
        self.tried[uid].append(attempt)
        if self.mood in ("well", "answer lost"):
            self.taken[uid] += 1
        if self.mood == "answer lost":
            return None
        if self.mood == "well":
            return Outcome(attempt, "delivered", "200")
        return Outcome(attempt, "gone" if self.mood == "gone" else "failed", "no")

    def check(self, uid: str, told: Mapping[str, Any]) -> None:
        """Fail for a request that settles untold, or says what is not so."""
        assert ("deliveredAt" in told) != ("gaveUpAt" in told)
        if "deliveredAt" in told:
            assert self.taken[uid], "said to be delivered, and never taken"
