"""Which requests start next, and in what company.

Order: the namespace with the fewest pods at work, and within a namespace priority, then counts before tokenizers (they
end a request), then age, among those whose known results were looked up first. A priority counts for nothing beside
other namespaces: whoever may create requests can set it. No namespace has more pods than its share, and one where
pods are refused gets none until that one came. A Job over shards starts with what is free, and gets more in the same
order (`growing`). A group that does not fill its pod may wait for others (`gathering`). Before a request starts, known
results are looked up for it; only those about to start are asked about.

A round's cost grows with the queue's length and not with what is started times that length: each namespace's queue is
gone over once (`_Queue`), and only as far as the free pods need it, and namespaces take turns by a heap, in which one
turn changes one entry. No plan starts more requests than a round can (`Limits.starts`): what it starts changes the
picture, so the next plan comes at once.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from operator import attrgetter

from textmill import faults, gathering, reuse
from textmill.actions import Follow, LookUp, Write
from textmill.batches import Company, Load, company, followed, launch, parallelism, plan_job
from textmill.draft import Draft
from textmill.growing import Growth, grown
from textmill.names import follower
from textmill.request import Request


class _Queue:
    """The waiting requests of one namespace, in order, from which groups are taken.

    Those that share no pod with the head are put aside by their company when they are passed, and are not looked at
    again before their turn.
    """

    def __init__(self, draft: Draft, requests: list[Request]) -> None:
        self._draft, self._requests = draft, requests
        self._taken = bytearray(len(requests))
        self._aside: dict[Company, deque[int]] = defaultdict(deque)
        self._head = self._read = 0

    @property
    def head(self) -> Request | None:
        """Return the first that was not taken, None where all are."""
        while self._head < self._read or self._read_on():
            if not self._taken[self._head]:
                return self._requests[self._head]
            self._head += 1
        return None

    def take(self, head: Request) -> Load:
        """Take the head and who may share with it, until a bound is reached."""
        common = company(head, self._draft.limits)
        load, aside = Load(common, self._draft.limits), self._aside[common]
        while not load.full and (aside or self._read_on(common)):
            one = self._requests[aside[0]]
            fits = self._draft.guarded(one, lambda _, one: load.take(one))
            if fits is None:
                self._draft.guarded(one, faults.end)
            if fits is not False:
                self._taken[aside.popleft()] = 1
        if not aside:
            del self._aside[common]
        return load

    def left(self) -> Iterator[Request]:
        """Return those that were not taken."""
        return (one for one, taken in zip(self._requests, self._taken, strict=True) if not taken)

    def _read_on(self, wanted: Company | None = None) -> bool:
        """Put aside the next requests, until one of the wanted company was; False where none is left."""
        while self._read < len(self._requests):
            place, one = self._read, self._requests[self._read]
            self._read += 1
            found = self._draft.guarded(one, _company)
            if found is None:
                self._taken[place] = 1
                self._draft.guarded(one, faults.end)
                continue
            self._aside[found].append(place)
            if wanted is None or found == wanted:
                return True
        return False


def _company(draft: Draft, one: Request) -> Company:
    return company(one, draft.limits)


def fill_free_pods(draft: Draft) -> None:
    """Launch groups until the free pods are used; write down what was learnt of those that must wait."""
    waiting: dict[str, list[Request]] = defaultdict(list)
    room = draft.free > 0
    for one in draft.waiting:
        if room or one.seen:  # else nothing is decided about it, and a queue may be long
            waiting[one.namespace].append(one)
    queues: dict[str, _Queue] = {}
    for namespace, requests in waiting.items():
        requests.sort(key=attrgetter("rank"))
        _put_asked_first(requests, draft.picture.lent)
        queues[namespace] = _Queue(draft, requests)
    _take_turns(draft, queues)
    for queue in queues.values():
        draft.actions.extend(Write(one.seen, dict(one.status.raw)) for one in queue.left() if one.seen)


def _take_turns(draft: Draft, queues: Mapping[str, _Queue]) -> None:
    """Let the namespaces take turns until no pod is free: each with the first that waits there."""
    growing: dict[str, list[Growth]] = defaultdict(list)
    for growth in sorted(draft.growing, key=lambda one: one.request.rank, reverse=True):
        growing[growth.request.namespace].append(growth)
    share = draft.limits.namespace_pods or draft.limits.pods
    names = (queues.keys() | growing.keys()) - draft.stuck if draft.free > 0 else set()
    turns = [turn for name in names if (turn := _turn(draft, name, queues, growing))]
    heapq.heapify(turns)
    while draft.free > 0 and turns and draft.started < draft.limits.starts:
        _, namespace, first = heapq.heappop(turns)
        if draft.busy[namespace] >= share:
            continue
        if isinstance(first, Growth):
            _more(draft, first, growing[namespace])
        else:
            _decide(draft, queues[namespace].take(first))
        if turn := _turn(draft, namespace, queues, growing):
            heapq.heappush(turns, turn)
    draft.actions.extend(grown(one) for one in draft.growing if one.pods > one.had)
    if draft.free >= 0:
        draft.actions.extend(draft.untold)


Turn = tuple[tuple[int, tuple[str, float, str]], str, Request | Growth]


def _turn(
    draft: Draft, namespace: str, queues: Mapping[str, _Queue], growing: Mapping[str, list[Growth]]
) -> Turn | None:
    """Return a namespace's next turn: fewest pods first, and only within a namespace by priority."""
    head = queues[namespace].head if namespace in queues else None
    more = growing[namespace][-1] if growing.get(namespace) else None
    if more and (head is None or more.request.rank < head.rank):
        return (draft.busy[namespace], more.request.rank[1:]), namespace, more
    return ((draft.busy[namespace], head.rank[1:]), namespace, head) if head else None


def _more(draft: Draft, growth: Growth, growing: list[Growth]) -> None:
    """Give a Job at work one more pod."""
    draft.hold(growth.request.namespace, 1)
    growth.pods += 1
    if growth.pods >= growth.most:
        growing.pop()


def _decide(draft: Draft, group: Load) -> None:
    if not group.members:
        return
    draft.guarded(group.members[0], lambda _, __: _go(draft, group), lambda _, __: _sift(draft, group))


def _go(draft: Draft, group: Load) -> None:
    if group.full or not gathering.waits(draft, group.members):
        _start(draft, group)
    else:
        _ask(draft, group.members)


def _sift(draft: Draft, group: Load) -> None:
    """Let a group go without those of it with whom that cannot be done."""
    well = []
    for one in group.members:
        seen = len(draft.faults)
        draft.guarded(one, lambda _, one: launch([one], draft.limits, draft.now))
        if len(draft.faults) == seen:
            well.append(one)
        else:
            draft.guarded(one, faults.end)
    group.members = well
    if well:
        _go(draft, group)


def _put_asked_first(queue: list[Request], lent: Mapping[str, object]) -> None:
    """Let those who came since the last round, and were not looked up, leave no gaps in the batches of the others."""
    asked = sum(one.uid in lent for one in queue)
    if 0 < asked < len(queue):
        queue.sort(key=lambda one: (one.rank[0], one.rank[1], one.uid not in lent))


def _start(draft: Draft, group: Load) -> None:
    """Launch those of a group that were looked up; ask for the others, holding a pod for them.

    Where these would fill the pod, those that were looked up wait for them while they are new: else a burst, of which
    some have always just come, would go in pods that are half full.
    """
    ready, lead = _ask(draft, group.members), group.members[0]
    share = draft.limits.namespace_pods or draft.limits.pods
    pods = max(1, min(parallelism(lead, draft.limits), draft.free, share - draft.busy[lead.namespace]))
    draft.hold(lead.namespace, pods)
    draft.started += len(group.members)
    filled_soon = group.full and len(ready) < len(group.members)
    if ready and not (filled_soon and gathering.new(draft, ready)):
        gathering.begun(draft, lead.next_stage, ready, draft.now)
        draft.actions.append(_follow(draft, ready) or launch(ready, draft.limits, draft.now, pods))


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
    if one.spec.fresh or one.next_stage != "tokenize" or one.uid in draft.picture.lent:
        return False
    return reuse.key(one.spec) is not None
