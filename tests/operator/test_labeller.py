"""Labels of known results are written after the work: few a second while anything is live, and guarded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.operator.conftest import Operator, request_body
from tests.operator.fake_api import away
from textmill.names import REUSE_LABEL
from textmill.request import Request
from textmill_operator import paths
from textmill_operator.errors import Refused
from textmill_operator.labeller import AWAY, PAUSE, QUEUE, Labeller


def ended(operator: Operator, name: str) -> Request:
    """Put a request into the API and return it; the store does not know it, as if it had settled."""
    operator.submit(name)
    return Request.parse(operator.request(name))


def label(operator: Operator, name: str) -> Any:
    """Return the label of a request."""
    return (operator.request(name)["metadata"].get("labels") or {}).get(REUSE_LABEL)


async def written(labeller: Labeller, operator: Operator, calls: int) -> None:
    """Let the labeller run until it has made so many calls."""
    done, refuse = asyncio.Event(), operator.api.refuse

    def counted(method: str, path: str) -> Exception | None:
        if len(operator.api.log) == calls:
            done.set()
        return refuse(method, path)

    operator.api.refuse = counted
    task = asyncio.create_task(labeller.run())
    await asyncio.wait_for(done.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("live", "expected"), [(False, []), (True, [PAUSE, PAUSE])], ids=["nothing live", "live"])
async def test_labels_pause_while_requests_are_live(operator: Operator, live: bool, expected: list[float]) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    labeller = Labeller(operator.api, operator.store, operator.metrics, sleep)
    for name in ("a", "b", "c"):
        labeller.ask(ended(operator, name), f"key-of-{name}")
    if live:
        operator.store.put("request", {**request_body("other"), "metadata": operator.request("a")["metadata"]})
    await written(labeller, operator, 3)
    assert [label(operator, name) for name in ("a", "b", "c")] == ["key-of-a", "key-of-b", "key-of-c"]
    assert pauses[:2] == expected


async def test_label_that_is_refused_stops_no_other(operator: Operator) -> None:
    first, second = ended(operator, "a"), ended(operator, "b")
    refused = paths.request("ns", "a")
    operator.api.refuse = lambda _method, path: Refused("no") if path == refused else None
    labeller = Labeller(operator.api, operator.store, operator.metrics)
    labeller.ask(first, "one")
    labeller.ask(second, "two")
    await written(labeller, operator, 2)
    assert (label(operator, "a"), label(operator, "b")) == (None, "two")


async def test_label_that_finds_no_api_is_written_later(operator: Operator) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    labeller = Labeller(operator.api, operator.store, operator.metrics, sleep)
    labeller.ask(ended(operator, "a"), "key")
    operator.api.refuse = lambda method, path: away(method, path) if len(operator.api.log) == 1 else None
    await written(labeller, operator, 2)
    assert (label(operator, "a"), pauses) == ("key", [AWAY])


async def test_request_that_was_replaced_under_its_name_gets_no_label(operator: Operator) -> None:
    labeller = Labeller(operator.api, operator.store, operator.metrics)
    labeller.ask(ended(operator, "a"), "old")
    operator.request("a")["metadata"]["uid"] = "another"
    await written(labeller, operator, 1)
    assert label(operator, "a") is None


async def test_queue_that_is_full_drops_what_comes(operator: Operator) -> None:
    labeller, one = Labeller(operator.api, operator.store, operator.metrics), ended(operator, "a")
    for number in range(QUEUE + 1):
        labeller.ask(one, str(number))
    await written(labeller, operator, QUEUE)
    assert label(operator, "a") == str(QUEUE - 1)
