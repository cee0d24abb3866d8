"""Which requests start next, and in what company.

Order: priority, then the namespace with the fewest pods at work, then counts before tokenizers (they end a
request), then age, among those whose known results were looked up first. A group whose Job needs more pods than are
free holds the queue until they are: else big files would wait forever behind small ones. A group that does not fill
its pod may wait for others (`gathering`). Before a request starts, known results are looked up for it; only those
about to start are asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from operator import attrgetter

from textmill import gathering, reuse
from textmill.actions import Follow, LookUp, Write
from textmill.batches import Group, fill, followed, launch, parallelism, plan_job
from textmill.draft import Draft
from textmill.names import follower
from textmill.request import Rank, Request


def fill_free_pods(draft: Draft) -> None:
    """Launch groups until the free pods are used; write down what was learnt of those that must wait."""
    queues: dict[str, list[Request]] = defaultdict(list)
    room = draft.free > 0
    for one in draft.waiting:
        if room or one.seen:  # else nothing is decided about it, and a queue may be long
            queues[one.namespace].append(one)
    for queue in queues.values():
        queue.sort(key=attrgetter("rank"))
        _put_asked_first(queue, draft.picture.lent)
    while draft.free > 0 and queues:
        namespace = min(queues, key=lambda name: _turn(draft, queues[name][0]))
        group = _take(draft, queues, namespace)
        if group is None:
            break
        if group.full or not gathering.waits(draft, group.members):
            _start(draft, group)
        else:
            _ask(draft, group.members)
    for queue in queues.values():
        draft.actions.extend(Write(one.seen, dict(one.status.raw)) for one in queue if one.seen)


def _put_asked_first(queue: list[Request], lent: Mapping[str, object]) -> None:
    """Let those who came since the last round, and were not looked up, leave no gaps in the batches of the others."""
    asked = sum(one.uid in lent for one in queue)
    if 0 < asked < len(queue):
        queue.sort(key=lambda one: (one.rank[0], one.rank[1], one.uid not in lent))


def _turn(draft: Draft, head: Request) -> tuple[int, int, Rank]:
    return (-head.spec.priority, draft.busy[head.namespace], head.rank)


def _take(draft: Draft, queues: dict[str, list[Request]], namespace: str) -> Group | None:
    """Take the next group out of a namespace's queue; None where its Job must wait for more free pods."""
    queue = queues[namespace]
    if parallelism(queue[0], draft.limits) > draft.free:
        return None
    group = fill(queue, draft.limits)
    if group.rest:
        queues[namespace] = group.rest
    else:
        del queues[namespace]
    return group


def _start(draft: Draft, group: Group) -> None:
    """Launch those of a group that were looked up; ask for the others, holding a pod for them.

    Where these would fill the pod, those that were looked up wait for them while they are new: else a burst, of which
    some have always just come, would go in pods that are half full.
    """
    ready, lead = _ask(draft, group.members), group.members[0]
    draft.busy[lead.namespace] += parallelism(lead, draft.limits)
    filled_soon = group.full and len(ready) < len(group.members)
    if ready and not (filled_soon and gathering.new(draft, ready)):
        gathering.begun(draft, lead.next_stage, ready, draft.now)
        draft.actions.append(_follow(draft, ready) or launch(ready, draft.limits, draft.now))


def _follow(draft: Draft, group: list[Request]) -> Follow | None:
    """Return the count of a batch whose tokenizer has just been read; None where its intent must be written first."""
    tokenizer = followed(group[0], draft.limits)
    key = (group[0].namespace, follower(tokenizer))
    if not tokenizer or key in draft.picture.jobs or key in draft.followed:  # what is there has other members
        return None
    draft.followed.add(key)
    return Follow(plan_job(key[1], group, "count", {}, draft.limits))


def _ask(draft: Draft, group: list[Request]) -> list[Request]:
    """Look for known results for those of a group where that was not done yet; return the others."""
    unknown = [one for one in group if _unasked(draft, one)]
    if unknown:
        draft.actions.append(LookUp(group[0].namespace, tuple(unknown)))
    asked = {one.uid for one in unknown}
    return [one for one in group if one.uid not in asked]


def _unasked(draft: Draft, one: Request) -> bool:
    return one.next_stage == "tokenize" and one.uid not in draft.picture.lent and reuse.key(one.spec) is not None
