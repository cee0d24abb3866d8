"""Looks at the logs of running pods: beside the rounds, few at once, and what they bring into the status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.operator.conftest import CONTROLLER, NOW, Operator
from tests.operator.fake_api import CREATED
from textmill import glimpses
from textmill.glimpses import Glimpse
from textmill.picture import Pod
from textmill.request import to_time
from textmill_operator import paths
from textmill_operator.errors import Away
from textmill_operator.peeker import AT_ONCE, QUEUE

LOG = "engine: compiled\n" + glimpses.line(Glimpse("uid-big", 300, 900, 30)) + "\nhalf a li"
BYTES = 2 << 20


@asynccontextmanager
async def peeking(operator: Operator) -> AsyncIterator[asyncio.Event]:
    """Let the operator's peeker look for as long as the context lasts; give what is set once it has looked."""
    looked, keep = asyncio.Event(), operator.store.glimpse

    def glimpse(pod: Pod, at: float, found: Glimpse | None) -> None:
        keep(pod, at, found)
        looked.set()

    operator.store.glimpse = glimpse  # type: ignore[method-assign]  # to hear of it
    task = asyncio.create_task(operator.peeker.run())
    try:
        async with asyncio.timeout(10):
            yield looked
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def with_long_pod(operator: Operator, log: str | None = LOG) -> str:
    """Let a request get a pod of its own that has run for long; return the pod's name."""
    operator.submit("big", input={"path": "big.txt", "bytes": BYTES})
    for _ in range(3):
        await operator.round()
    (job,) = operator.jobs()
    name = f"{job['metadata']['name']}-pod"
    owner = {**CONTROLLER, "uid": job["metadata"]["uid"]}
    meta = {"name": name, "namespace": "ns", "creationTimestamp": CREATED, "ownerReferences": [owner]}
    state = {"running": {"startedAt": to_time(NOW - 10)}}
    operator.api.seed(
        paths.pods("ns", name),
        {"metadata": meta, "status": {"phase": "Running", "containerStatuses": [{"name": "worker", "state": state}]}},
    )
    if log is not None:
        operator.api.logs[paths.pods("ns", name, "log")] = log
    return name


async def test_what_the_log_shows_is_in_the_status_after_the_next_round(operator: Operator) -> None:
    await with_long_pod(operator)
    async with peeking(operator) as looked:
        await operator.round()
        await looked.wait()
        await operator.round()
    progress = operator.request("big")["status"]["progress"]
    assert (progress["bytesDone"], progress["bytesTotal"], progress["bytesPerSecond"]) == (300, 900, 30)
    assert operator.request("big")["status"]["phase"] == "Tokenizing"


async def test_one_look_and_one_write_are_all_that_a_pod_costs_in_its_time(operator: Operator) -> None:
    name = await with_long_pod(operator)
    before = len(operator.api.log)
    async with peeking(operator) as looked:
        await operator.round()
        await looked.wait()
        for _ in range(5):
            await operator.round()
    assert operator.api.log[before:] == [
        ("GET", paths.pods("ns", name, "log")),
        ("PATCH", paths.request("ns", "big", "status")),
    ]


async def test_log_that_cannot_be_read_is_no_news_and_no_trouble(operator: Operator) -> None:
    await with_long_pod(operator)
    operator.api.refuse = lambda _, path: Away("no answer") if path.endswith("/log") else None
    async with peeking(operator) as looked:
        assert await operator.round()
        await looked.wait()
        assert await operator.round()
    assert operator.request("big")["status"]["progress"] == {"percent": 0}


async def test_failed_look_keeps_what_was_seen_before(operator: Operator) -> None:
    await with_long_pod(operator)
    operator.see()
    ((pod,),) = operator.store.picture().pods.values()
    operator.store.glimpse(pod, NOW - 9, Glimpse("uid-big", 1, 2, 3))
    operator.store.glimpse(pod, NOW - 1, None)
    ((pod,),) = operator.store.picture().pods.values()
    assert (pod.looked_at, pod.glimpse) == (NOW - 1, Glimpse("uid-big", 1, 2, 3))


async def test_node_that_never_answers_holds_up_neither_round_nor_other_looks(operator: Operator) -> None:
    await with_long_pod(operator)
    asked, answer = asyncio.Semaphore(0), asyncio.Event()
    text = operator.api.text

    async def slow(path: str, **params: str) -> str:
        assert params == {"container": "worker", "tailLines": "10", "limitBytes": "32768"}
        asked.release()
        await answer.wait()
        return await text(path, **params)

    operator.api.text = slow  # type: ignore[method-assign]  # an answer that a test gives when it likes
    async with peeking(operator) as looked:
        for _ in range(3):
            assert await operator.round()
        await asked.acquire()
        assert asked.locked(), "asked once, however many rounds there were"
        answer.set()
        await looked.wait()


async def test_more_than_can_be_asked_is_left_to_a_later_plan(operator: Operator) -> None:
    await with_long_pod(operator)
    operator.see()
    ((pod,),) = operator.store.picture().pods.values()
    for number in range(QUEUE + AT_ONCE + 10):
        operator.peeker.ask(type(pod)(f"u{number}", pod.name, "ns", pod.job_uid, 0, NOW))
    assert operator.peeker._queue.qsize() == QUEUE  # noqa: SLF001 - a bound that nothing else shows
