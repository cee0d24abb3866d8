"""How much of a plan is done in one round: urgent work first, and so much that the next picture is never far.

A round ends when its last action has, and what has changed meanwhile waits for the next. Were all of fifty thousand
suspended requests written in one round, a new request would wait for all of them. What is left is planned again at
once, on a picture that has moved on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textmill.actions import Action, Collect, Follow, Grow, Launch, ListPods, LookUp, Notify, Read, Recreate, Write
from textmill.request import ENDS

MOST = 1000
"""Calls of the API that a round is cut to, about: what sixteen at once end in some seconds."""
OTHERS = 100
"""Calls that are made of less urgent actions, however many urgent ones there are."""


def cut(actions: Iterable[Action]) -> tuple[list[Action], int]:
    """Return the actions of this round, in their order of urgency, and how many are left for the next."""
    ordered = sorted(actions, key=_urgency)
    now, later = _up_to(ordered, MOST)
    if later:
        slow = [one for one in later if _urgency(one) > _urgency(now[-1])]
        more, _ = _up_to(slow, OTHERS)
        now += more
    return now, len(ordered) - len(now)


def _up_to(actions: Sequence[Action], calls: int) -> tuple[list[Action], list[Action]]:
    for place, one in enumerate(actions):
        if calls <= 0:
            return list(actions[:place]), list(actions[place:])
        calls -= _calls(one)
    return list(actions), []


def _urgency(action: Action) -> int:
    """Return 0 for what ends requests or frees pods for others, 1 for what starts them, 2 for the rest."""
    match action:
        case Write(request, status):
            return 0 if status.get("phase") in ENDS and not request.status.ended else 2
        case Read() | ListPods() | Follow() | Recreate():
            return 0
        case Launch() | Grow() | LookUp() | Notify():
            return 1
    return 2


def _calls(action: Action) -> int:
    match action:
        case Launch(_, writes):
            return 1 + len(writes)
        case LookUp(_, requests):
            return 1 + len(requests) // 40
        case Recreate(job) | Collect(job):
            return 1 + len(job.members)
    return 1
