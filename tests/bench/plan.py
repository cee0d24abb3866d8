"""How long one round of planning takes; the answers are checked, else it means nothing.

Over 10,000 requests in milliseconds, and as ratios in one run: how much more each of 100,000 costs than each of 10,000,
with 1,000 pods free, and what it costs that no two of a queue's time-outs are equal, so that nothing shares a pod.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

from textmill.actions import Launch, LookUp
from textmill.limits import Limits
from textmill.picture import Job, Picture, Pod
from textmill.planner import plan
from textmill.request import Input, Request, Spec, Status

REQUESTS = 10_000
RUNNING = 200
MANY = 100_000
SPACES = 1000
FREE = 500
ROUNDS = 7
NOW = 1_800_000_000.0


def run(requests: int = REQUESTS, running: int = RUNNING, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the best of some rounds in CPU milliseconds: all Pending, and with some at work beside them."""
    pending = Picture.of(_pending(requests), lent=dict.fromkeys((f"u{n}" for n in range(requests)), None))
    limits = Limits()
    first = plan(pending, limits, NOW)
    assert [len(one.job.members) for one in first.actions if isinstance(one, Launch)] == [200] * min(8, requests // 200)
    more = replace(limits, pods=running + 8)
    working = _with_running(pending, running)
    second = plan(working, more, NOW)
    assert sum(isinstance(one, Launch) for one in second.actions) == len(first.actions)
    assert not any(isinstance(one, LookUp) for one in second.actions)
    return {
        "pending_10000_ms": _best(pending, limits, rounds),
        "running_10000_ms": _best(working, more, rounds),
        "a_request_of_100000_ratio": _growth(),
        "unequal_timeouts_ratio": _unequal(requests, rounds),
    }


def _growth() -> float:
    """Return what each of many costs by what each of a tenth of them does, in the worst of four kinds of queues.

    Both start the same part of their queue, so that a plan over many is measured and not the bound on its starts.
    """
    found = []
    for namespaces, step in itertools.product((1, SPACES), (0, 1)):
        took = []
        for number, rounds in ((MANY // 10, 5), (MANY, 2)):
            queue = [
                replace(one, namespace=f"team-{n % namespaces}", spec=replace(one.spec, timeout=3600 + n * step))
                for n, one in enumerate(_pending(number))
            ]
            picture = Picture.of(queue, lent=dict.fromkeys((one.uid for one in queue), None))
            limits = replace(Limits(), pods=SPACES, starts=number // 100)
            begun = [one for one in plan(picture, limits, NOW).actions if isinstance(one, Launch)]
            assert sum(len(one.job.members) for one in begun) >= number // 100
            took.append(_best(picture, limits, rounds) / number)
        found.append(took[1] / took[0])
    return max(found)


def _unequal(requests: int, rounds: int) -> float:
    """Return what a queue costs in which all time-outs differ, by what it costs where they are equal."""
    limits = replace(Limits(), pods=FREE, batch_members=requests // FREE, starts=requests)
    took = []
    for step in (0, 1):
        queue = [
            replace(one, spec=replace(one.spec, timeout=3600 + n * step)) for n, one in enumerate(_pending(requests))
        ]
        picture = Picture.of(queue, lent={one.uid: None for one in queue})
        assert sum(isinstance(one, Launch) for one in plan(picture, limits, NOW).actions) >= FREE - 10
        took.append(_best(picture, limits, rounds))
    return took[1] / took[0]


def _best(picture: Picture, limits: Limits, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        plan(picture, limits, NOW)
        times.append(time.process_time() - start)
    return min(times) * 1000


def _pending(number: int) -> list[Request]:
    """Return requests of four namespaces, three priorities and two time-outs, half uploads and half files."""
    return [
        Request(
            f"u{n}",
            f"request-{n}",
            f"team-{n % 4}",
            str(n),
            NOW - n % 977,
            Spec(
                Input(upload=f"{n:064x}", bytes=1000) if n % 2 else Input(path=f"{n}.txt"),
                priority=0 if n % 50 else 5,
                timeout=3600 if n % 10 else 60,
            ),
        )
        for n in range(number)
    ]


def _with_running(picture: Picture, number: int) -> Picture:
    """Return the picture with the first requests big and at work, a pod each."""
    limits = replace(Limits(), pods=number)
    big = [
        replace(one, spec=replace(one.spec, input=Input(path="x", bytes=2 << 20))) for one in picture.requests[:number]
    ]
    jobs, pods, recorded = [], [], []
    for action in plan(Picture.of(big), limits, NOW).actions:
        assert isinstance(action, Launch)
        name, uid = action.job.name, f"job-{action.job.name}"
        recorded += [replace(write.request, status=Status(write.status)) for write in action.writes]
        jobs.append(Job(uid, name, action.job.namespace, action.job.stage, action.job.members, 1, 1, NOW))
        pods.append(Pod(f"pod-{name}", name, action.job.namespace, uid, 0, NOW))
    return Picture.of([*recorded, *picture.requests[number:]], jobs, pods, picture.lent)
