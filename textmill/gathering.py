"""When small inputs that do not fill a pod wait for more of their kind.

A pod costs a node half a second and more of CPU whether it holds one request or two hundred. Where requests come one
by one, the first would each take a pod, until the node is busy with starting pods and all the others wait for it. So
while two tokenizers of small inputs are starting, those that come gather, and go together when one of the two is done
or the batch is full. A request that comes alone finds none starting and never waits; and as a tokenizer counts for
some seconds only, a slow or stuck one holds nobody up for longer. Counts never wait: they come in the batches that
their tokenizers were, and what waits between two stages costs a write more.
"""

from __future__ import annotations

from collections.abc import Sequence

from textmill.batches import company
from textmill.draft import Draft
from textmill.names import Stage
from textmill.request import Request


def begun(draft: Draft, stage: Stage, members: Sequence[Request], at: float) -> None:
    """Note a Job at work for these members that was made at this time, if it is a tokenizer and that is not long ago.

    A time in the future, by another clock, counts as long ago: else it would hold others up for as long as it is wrong.
    """
    until = at + draft.limits.gather
    if members and stage == "tokenize" and at <= draft.now < until:
        draft.starting[company(members[0], draft.limits)].append(until)


def waits(draft: Draft, group: Sequence[Request]) -> bool:
    """Tell whether a group that is not full waits, and plan again when it has waited for long enough."""
    ends = sorted(draft.starting.get(company(group[0], draft.limits), ()))
    if len(ends) < draft.limits.gather_pods:
        return False
    draft.wake(ends[-draft.limits.gather_pods])
    return True


def new(draft: Draft, group: Sequence[Request]) -> bool:
    """Tell whether nobody of a group was made longer ago than requests wait for each other; plan again when one was."""
    first = min(one.created for one in group)
    if not first <= draft.now < first + draft.limits.gather:
        return False
    draft.wake(first + draft.limits.gather)
    return True
