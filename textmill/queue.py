"""Which requests start next, and in what company.

Order: priority, then the namespace with the fewest pods at work, then counts before tokenizers (they end a
request), then age. A group whose Job needs more pods than are free holds the queue until they are: else big
files would wait forever behind small ones. Before a request starts, known results are looked up for it; only
those about to start are asked about.
"""

from __future__ import annotations

from collections import defaultdict

from textmill import reuse
from textmill.actions import LookUp, Write
from textmill.batches import Candidate, fill, launch, parallelism
from textmill.draft import Draft
from textmill.request import Request


def fill_free_pods(draft: Draft) -> None:
    """Launch groups until the free pods are used; write down what was learnt of those that must wait."""
    queues: dict[str, list[Candidate]] = defaultdict(list)
    for one in draft.candidates:
        queues[one.request.namespace].append(one)
    for queue in queues.values():
        queue.sort(key=_rank)
    while draft.free > 0 and queues:
        namespace = min(queues, key=lambda name: _turn(draft, name, queues[name][0]))
        group = _take(draft, queues, namespace)
        if group is None:
            break
        _start(draft, group)
    for queue in queues.values():
        for request, _, raw in queue:
            if raw is not request.status.raw:
                draft.actions.append(Write(request, dict(raw)))


def _rank(one: Candidate) -> tuple[int, bool, float, str]:
    request = one.request
    return (-request.spec.priority, one.stage != "count", request.created, request.uid)


def _turn(draft: Draft, namespace: str, head: Candidate) -> tuple[int, int, tuple[int, bool, float, str]]:
    return (-head.request.spec.priority, draft.busy[namespace], _rank(head))


def _take(draft: Draft, queues: dict[str, list[Candidate]], namespace: str) -> list[Candidate] | None:
    """Take the next group out of a namespace's queue; None where its Job must wait for more free pods."""
    queue = queues[namespace]
    head = queue[0]
    if parallelism(head, draft.limits) > draft.free:
        return None
    group, rest = fill(queue, draft.limits)
    if rest:
        queues[namespace] = rest
    else:
        del queues[namespace]
    return group


def _start(draft: Draft, group: list[Candidate]) -> None:
    """Launch those of a group whose known results were looked up; ask for the others, holding a pod for them."""
    namespace = group[0].request.namespace
    unknown = [one for one in group if _unasked(draft, one)]
    asked = {one.request.uid for one in unknown}
    ready = [one for one in group if one.request.uid not in asked]
    if unknown:
        draft.actions.append(LookUp(namespace, tuple(one.request for one in unknown)))
    draft.busy[namespace] += parallelism(group[0], draft.limits)
    if ready:
        draft.actions.append(launch(ready, draft.limits, draft.now))


def _unasked(draft: Draft, one: Candidate) -> bool:
    return one.stage == "tokenize" and one.request.uid not in draft.picture.lent and _key(one.request) is not None


def _key(request: Request) -> str | None:
    return reuse.key(request.spec)
