"""One object or item that raises what nobody foresaw ends by itself; the others go on, and the error is counted."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.operator.conftest import NOW, Operator, pod_body, request_body
from tests.operator.fake_api import answer
from textmill.actions import Note, Peek
from textmill.picture import Pod
from textmill.request import Request
from textmill_operator import loop as loop_module
from textmill_operator import paths
from textmill_operator.audit import Audit
from textmill_operator.expiry import Expiry
from textmill_operator.lease import Election
from textmill_operator.loop import Loop

BAD_INDEX = {"batch.kubernetes.io/job-completion-index": "9" * 5000}
BAD: dict[str, Callable[[Any], Any]] = {
    "an index of 5,000 digits": lambda body: body["metadata"].update(annotations=BAD_INDEX),
    "metadata that is a list": lambda body: body.update(metadata=[]),
    "a uid that is a number": lambda body: body["metadata"].update(uid=7),
    "a version of 5,000 digits": lambda body: body["metadata"].update(resourceVersion="9" * 5000),
    "a status that is a text": lambda body: body.update(status="?"),
    "states that are no list": lambda body: body["status"].update(containerStatuses={"a": 1}),
}


def unexpected(operator: Operator, part: str) -> float:
    """Return how many errors of a part nobody foresaw."""
    return operator.metrics.registry.get_sample_value("textmill_unexpected_errors_total", {"part": part}) or 0.0


@pytest.mark.parametrize("spoil", BAD.values(), ids=list(BAD))
async def test_audit_takes_the_others_beside_a_pod_that_cannot_be_read(
    operator: Operator, spoil: Callable[[Any], Any]
) -> None:
    for name in ("a", "b"):
        operator.submit(name)
    await operator.round()
    await operator.round()
    (job, *_) = operator.jobs()
    good = operator.api.seed(paths.pods("ns", "good"), pod_body(job))
    bad = operator.api.seed(paths.pods("ns", "bad"), pod_body(job))
    spoil(bad)
    await Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0).once()
    found = [pod.uid for group in operator.store.picture().pods.values() for pod in group]
    assert good["metadata"]["uid"] in found
    assert operator.store.counts()["request"] == 2


def test_object_that_becomes_unreadable_is_dropped_and_comes_back_when_it_is_mended(operator: Operator) -> None:
    body = request_body("a") | {"status": {"phase": "Pending"}}
    body["metadata"]["resourceVersion"] = "1"
    store, worse = operator.store, copy.deepcopy(body)
    assert store.put("request", body)
    worse["metadata"]["resourceVersion"] = "2"
    worse["status"]["jobs"] = {"tokenize": {"name": 3}}
    store.put("request", worse)
    assert (store.request("uid-a"), store.bad()["request"], store.settled("uid-a")) == (None, 1, False)
    assert not store.put("request", body)
    body["metadata"]["resourceVersion"] = "3"
    assert store.put("request", body)
    assert store.bad()["request"] == 0


async def test_action_that_raises_leaves_the_others_done_and_is_tried_again_later(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = [Pod(f"p{number}", f"p{number}", "ns", "j", 0, NOW) for number in range(2)]
    asked: list[str] = []

    def ask(pod: Pod) -> None:
        asked.append(pod.uid)
        if pod.uid == "p0":
            raise TypeError("what is this")

    monkeypatch.setattr(operator.peeker, "ask", ask)
    assert await operator.executor.perform([Peek(pod) for pod in pods])
    assert await operator.executor.perform([Peek(pod) for pod in pods])
    assert (asked, unexpected(operator, "action")) == (["p0", "p1", "p1"], 1.0)


async def run_until(part: Callable[[], Any], holds: Callable[[], bool]) -> None:
    """Run a part until something holds."""
    task = asyncio.create_task(part())
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)
            assert not task.done(), task.exception()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class RaisesOnce:
    """Refuses with what nobody foresaw at the first call, then answers."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, method: str, path: str) -> Exception | None:
        self.calls += 1
        return RuntimeError("nobody foresaw it") if self.calls == 1 else answer(method, path)


def two(operator: Operator) -> list[Request]:
    """Return two requests that are there."""
    for name in ("a", "b"):
        operator.submit(name)
    return [Request.parse(operator.request(name)) for name in ("a", "b")]


async def test_recorder_posts_the_next_event(operator: Operator) -> None:
    operator.api.refuse = RaisesOnce()
    for one in two(operator):
        operator.recorder.note(one, Note("Warning", "Why", "what"), NOW)
    await run_until(operator.recorder.run, lambda: any("/events/" in path for path in operator.api.objects))
    assert unexpected(operator, "recorder") == 1


async def test_labeller_labels_the_next_request(operator: Operator) -> None:
    operator.api.refuse = RaisesOnce()
    for one in two(operator):
        operator.labeller.ask(one, "k")
    await run_until(operator.labeller.run, lambda: bool(operator.request("b")["metadata"].get("labels")))
    assert unexpected(operator, "labeller") == 1


async def test_peeker_looks_at_the_next_pod(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    operator.api.refuse = RaisesOnce()
    seen: list[str] = []
    monkeypatch.setattr(operator.store, "glimpse", lambda pod, _at, _found: seen.append(pod.uid))
    for number in range(2):
        operator.peeker.ask(Pod(f"p{number}", f"p{number}", "ns", "j", 0, NOW))
    await run_until(operator.peeker.run, lambda: len(seen) == 2)
    assert unexpected(operator, "peeker") == 1


async def test_messenger_gives_the_place_back_and_goes_on(operator: Operator) -> None:
    for one in two(operator):
        assert operator.messenger.reserve(one.namespace, one.uid)
        operator.messenger.send(one)  # with no attempt written down, which cannot be
    await run_until(operator.messenger.run, lambda: unexpected(operator, "messenger") == 2)
    assert operator.messenger.reserve("ns", "uid-a")


async def test_expiry_removes_the_others(operator: Operator) -> None:
    over = {"phase": "Succeeded", "settled": True, "completionTime": "2020-01-01T00:00:00Z"}
    for name in ("a", "b"):
        operator.submit(name, ttlSecondsAfterFinished=1)
        operator.request(name)["status"] = dict(over)
    operator.request("a")["spec"]["timeoutSeconds"] = [3]
    election = Election(operator.api, "ns", "lease", "one")
    await election.step()
    await Expiry(operator.api, election, operator.metrics, ("ns",), every=60.0, clock=lambda: NOW).once()
    assert [path.rsplit("/", 1)[-1] for path in operator.api.objects if "processingrequests" in path] == ["a"]


async def test_first_audit_that_raises_is_made_again(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0)
    election = Election(operator.api, "ns", "lease", "one")
    wake = asyncio.Event()
    loop = Loop(operator.store, operator.executor, audit, election, operator.metrics, limits=operator.limits, wake=wake)
    monkeypatch.setattr(loop_module, "BACKOFF", (0.0,))
    await election.step()
    operator.api.refuse = RaisesOnce()
    await run_until(loop.run, lambda: audit.done_at is not None)
    assert unexpected(operator, "audit") == 1
