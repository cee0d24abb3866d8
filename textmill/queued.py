"""Has requests say that they wait for their turn: once, after some seconds, without a number that would soon be wrong.

A queue that moves would cost one more write for each request in it, which is the time of others. So only a few say so
at once, and only in a round that starts nothing.
"""

from __future__ import annotations

from textmill import conditions, waiting
from textmill.actions import Follow, Launch, LookUp
from textmill.draft import Draft

AFTER = 10.0
AT_ONCE = 10


def tell(draft: Draft) -> None:
    """Add what requests say that wait, and plan again when the next of them is old enough."""
    if any(isinstance(one, Launch | Follow | LookUp) for one in draft.actions):
        return
    told, next_at = 0, None
    for one in draft.waiting:
        if conditions.succeeded(one.status.raw):
            continue
        due = one.created + AFTER
        if draft.now < due:
            next_at = due if next_at is None else min(next_at, due)
        elif told < AT_ONCE and (write := waiting.queued(one, draft.now)):
            draft.actions.append(write)
            told += 1
    draft.wake(next_at)
