"""Which requests start next, and in what company.

Order: priority, then the namespace with the fewest pods at work, then counts before tokenizers (they end a
request), then age. A group whose Job needs more pods than are free holds the queue until they are: else big
files would wait forever behind small ones. Before a request starts, known results are looked up for it; only
those about to start are asked about.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter

from textmill import reuse
from textmill.actions import LookUp, Write
from textmill.batches import fill, launch, parallelism
from textmill.draft import Draft
from textmill.request import Rank, Request


def fill_free_pods(draft: Draft) -> None:
    """Launch groups until the free pods are used; write down what was learnt of those that must wait."""
    queues: dict[str, list[Request]] = defaultdict(list)
    for one in draft.waiting:
        queues[one.namespace].append(one)
    for queue in queues.values():
        queue.sort(key=attrgetter("rank"))
    while draft.free > 0 and queues:
        namespace = min(queues, key=lambda name: _turn(draft, queues[name][0]))
        group = _take(draft, queues, namespace)
        if group is None:
            break
        _start(draft, group)
    for queue in queues.values():
        draft.actions.extend(Write(one.seen, dict(one.status.raw)) for one in queue if one.seen)


def _turn(draft: Draft, head: Request) -> tuple[int, int, Rank]:
    return (-head.spec.priority, draft.busy[head.namespace], head.rank)


def _take(draft: Draft, queues: dict[str, list[Request]], namespace: str) -> list[Request] | None:
    """Take the next group out of a namespace's queue; None where its Job must wait for more free pods."""
    queue = queues[namespace]
    if parallelism(queue[0], draft.limits) > draft.free:
        return None
    group, rest = fill(queue, draft.limits)
    if rest:
        queues[namespace] = rest
    else:
        del queues[namespace]
    return group


def _start(draft: Draft, group: list[Request]) -> None:
    """Launch those of a group whose known results were looked up; ask for the others, holding a pod for them."""
    namespace = group[0].namespace
    unknown = [one for one in group if _unasked(draft, one)]
    asked = {one.uid for one in unknown}
    ready = [one for one in group if one.uid not in asked]
    if unknown:
        draft.actions.append(LookUp(namespace, tuple(unknown)))
    draft.busy[namespace] += parallelism(group[0], draft.limits)
    if ready:
        draft.actions.append(launch(ready, draft.limits, draft.now))


def _unasked(draft: Draft, one: Request) -> bool:
    return one.next_stage == "tokenize" and one.uid not in draft.picture.lent and reuse.key(one.spec) is not None
