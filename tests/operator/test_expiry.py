"""Finished requests go when their time to live is over, and not before, and not when it was changed meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.operator.conftest import NOW, Operator
from textmill.request import to_time
from textmill_operator import paths
from textmill_operator.errors import ApiError, Away, Busy, NotLeading, Refused
from textmill_operator.expiry import Expiry
from textmill_operator.lease import Election


@pytest.fixture
async def expiry(operator: Operator) -> Expiry:
    """Give an expiry that leads."""
    election = Election(operator.api, "ns", "lease", "one")
    await election.step()
    return Expiry(operator.api, election, operator.metrics, ("ns",), every=60.0, clock=lambda: NOW)


def finished(operator: Operator, name: str, ago: float, ttl: int | None) -> None:
    """Put a finished request in place."""
    operator.submit(name, **({} if ttl is None else {"ttlSecondsAfterFinished": ttl}))
    operator.request(name)["status"] |= {"phase": "Succeeded", "settled": True, "completionTime": to_time(NOW - ago)}


async def test_due_request_is_removed_and_the_next_one_named(operator: Operator, expiry: Expiry) -> None:
    finished(operator, "due", 11, 10)
    finished(operator, "soon", 4, 10)
    finished(operator, "later", 1, 100)
    finished(operator, "kept", 10**6, None)
    assert await expiry.once() == NOW + 6
    there = {name for name in ("due", "soon", "later", "kept") if paths.request("ns", name) in operator.api.objects}
    assert there == {"soon", "later", "kept"}


async def test_history_without_a_time_to_live_is_not_asked_for(operator: Operator, expiry: Expiry) -> None:
    asked: list[dict[str, str]] = []

    async def pages(_path: str, **params: str) -> AsyncIterator[dict[str, Any]]:
        asked.append(params)
        yield {"metadata": {}, "items": []}

    operator.api.pages = pages  # type: ignore[assignment, method-assign]  # an empty list
    await expiry.once()
    assert asked == [{"fieldSelector": "status.settled=true,spec.ttlSecondsAfterFinished!="}]


async def test_zero_seconds_remove_at_the_next_look(operator: Operator, expiry: Expiry) -> None:
    finished(operator, "now", 0, 0)
    assert await expiry.once() is None
    assert paths.request("ns", "now") not in operator.api.objects


async def test_request_that_runs_is_never_due(operator: Operator, expiry: Expiry) -> None:
    operator.submit("running", ttlSecondsAfterFinished=0)
    assert await expiry.once() is None
    assert operator.request("running")


@pytest.mark.parametrize("error", [Refused("403"), Away("500 failed calling webhook"), Busy("429", 5)])
async def test_one_that_may_not_be_removed_does_not_keep_the_others(
    operator: Operator, expiry: Expiry, error: ApiError
) -> None:
    for name in ("protected", "due"):
        finished(operator, name, 11, 10)
    protected = ("DELETE", paths.request("ns", "protected"))
    operator.api.refuse = lambda method, path: error if (method, path) == protected else None
    await expiry.once()
    assert paths.request("ns", "due") not in operator.api.objects
    assert operator.request("protected")


async def test_request_that_somebody_keeps_from_going_is_deleted_once(operator: Operator, expiry: Expiry) -> None:
    finished(operator, "kept", 11, 10)
    operator.request("kept")["metadata"] |= {"deletionTimestamp": to_time(NOW - 1), "finalizers": ["example.com/kept"]}
    assert await expiry.once() is None
    assert not any(method == "DELETE" for method, _ in operator.api.log)


async def test_nothing_is_removed_without_the_lease(operator: Operator) -> None:
    election = Election(operator.api, "ns", "lease", "one")
    expiry = Expiry(operator.api, election, operator.metrics, ("ns",), every=60.0, clock=lambda: NOW)
    finished(operator, "due", 11, 10)
    with pytest.raises(NotLeading):
        await expiry.once()
    assert operator.request("due")


async def test_request_that_changed_since_the_list_is_left(operator: Operator, expiry: Expiry) -> None:
    finished(operator, "changed", 11, 10)

    def meanwhile(method: str, path: str) -> None:
        if method == "DELETE":
            operator.api.seed(path, operator.request("changed"))

    operator.api.refuse = meanwhile
    await expiry.once()
    assert operator.request("changed")
