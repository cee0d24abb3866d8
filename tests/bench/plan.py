"""How long one round of planning takes over 10,000 requests; the answers are checked, else it means nothing."""

from __future__ import annotations

import time
from dataclasses import replace

from textmill.actions import Launch, LookUp
from textmill.limits import Limits
from textmill.picture import Job, Picture, Pod
from textmill.planner import plan
from textmill.request import Input, Request, Spec, Status

REQUESTS = 10_000
RUNNING = 200
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
    }


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
