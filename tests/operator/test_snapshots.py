"""Plans are made beside the event loop's thread, on a picture of their own, and on answers that are not too old."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.operator.conftest import Operator, request_body
from textmill.actions import Plan
from textmill.limits import Limits
from textmill.notices import Outcome
from textmill.picture import Picture
from textmill.planner import plan
from textmill_operator import loop as loop_module
from textmill_operator.audit import YIELD_EVERY, Audit
from textmill_operator.lease import Election
from textmill_operator.loop import Loop
from textmill_operator.store import LENT_SECONDS


async def test_plan_is_made_in_another_thread_than_renews_the_lease(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def planned(picture: Picture, limits: Limits, now: float) -> Plan:
        threads.append(threading.get_ident())
        return plan(picture, limits, now)

    monkeypatch.setattr(loop_module, "plan", planned)
    audit = Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0)
    election = Election(operator.api, "ns", "lease", "one")
    await election.step()
    wake = asyncio.Event()
    loop = Loop(operator.store, operator.executor, audit, election, operator.metrics, limits=operator.limits, wake=wake)
    task = asyncio.create_task(loop.run())
    await loop.planned.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert threads
    assert threading.get_ident() not in threads


async def test_long_list_leaves_the_thread_to_others(operator: Operator) -> None:
    for number in range(10 * YIELD_EVERY):
        operator.submit(f"r{number}")
    audit = asyncio.create_task(Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0).once())
    seen = set()
    while not audit.done():
        await asyncio.sleep(0)
        seen.add(operator.store.counts()["request"])
    assert len(seen) >= 10


def test_picture_does_not_change_with_the_store(operator: Operator) -> None:
    operator.submit("a")
    operator.see()
    picture = operator.store.picture()
    operator.store.lend({"uid-a": None})
    operator.store.answered("uid-a", Outcome(1, "delivered", ""))
    operator.store.drop("request", "uid-a")
    assert (len(picture.requests), picture.lent, picture.outcomes) == (1, {}, {})


def test_answer_of_a_look_up_grows_old(operator: Operator) -> None:
    operator.submit("a")
    operator.see()
    operator.store.lend({"uid-a": {"result": {}}})
    operator.ticks += LENT_SECONDS - 1
    assert operator.store.picture().lent == {"uid-a": {"result": {}}}
    operator.ticks += 1
    assert operator.store.picture().lent == {}


def test_answer_that_is_given_again_is_new(operator: Operator) -> None:
    for name in "ab":
        operator.submit(name)
    operator.see()
    operator.store.lend({"uid-a": None, "uid-b": None})
    operator.ticks += LENT_SECONDS - 1
    operator.store.lend({"uid-a": {"result": {}}})
    operator.ticks += 1
    assert operator.store.picture().lent == {"uid-a": {"result": {}}}


def test_request_that_is_put_aside_is_looked_up_again(operator: Operator) -> None:
    operator.submit("a")
    operator.see()
    operator.store.lend({"uid-a": {"result": {}}})
    body = request_body("a", suspend=True)
    body["metadata"]["resourceVersion"] = str(operator.api.version + 1)
    operator.store.put("request", body)
    assert operator.store.picture().lent == {}
