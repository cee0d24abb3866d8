"""The audit sets the store right, and tells a silent watch from one that only lags."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.operator.conftest import Operator, request_body
from tests.operator.fake_api import away
from textmill_operator import paths
from textmill_operator.audit import MISSING_AFTER, SILENT_AFTER, Audit
from textmill_operator.errors import Away, NotFound


def auditor(operator: Operator) -> Audit:
    """Return an audit of all namespaces' objects."""
    return Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0)


async def test_first_audit_fills_the_store_and_blames_nobody(operator: Operator) -> None:
    operator.submit("a")
    audit = auditor(operator)
    await audit.once()
    assert operator.store.counts()["request"] == 1
    assert audit.done_at is not None
    assert audit.trouble is None


async def test_object_that_vanished_in_a_gap_is_dropped(operator: Operator) -> None:
    operator.submit("a")
    audit = auditor(operator)
    await audit.once()
    del operator.api.objects[paths.request("ns", "a")]
    operator.api.version += 1
    await audit.once()
    assert operator.store.counts()["request"] == 0


async def test_watch_that_never_speaks_turns_health_red(operator: Operator) -> None:
    audit = auditor(operator)
    for number in range(SILENT_AFTER):
        assert audit.trouble is None
        operator.submit(f"new-{number}")
        await audit.once()
    assert "silent" in str(audit.trouble)


async def test_watch_that_never_showed_what_is_there_is_told_to_be_missing(operator: Operator) -> None:
    operator.submit("a")
    audit, seen = auditor(operator), []
    for _ in range(MISSING_AFTER + 1):
        await audit.once()
        seen.append(audit.trouble)
    assert seen[:-1] == [None] * MISSING_AFTER
    assert "the watch of ['request'] is missing" in str(seen[-1])
    operator.store.heard["request"] += 1
    await audit.once()
    assert audit.trouble is None


async def test_watch_begins_only_after_a_list_that_works(operator: Operator) -> None:
    audit = auditor(operator)
    operator.api.refuse = lambda _, path: NotFound(path) if path.endswith("processingrequests") else None
    with pytest.raises(NotFound):
        await audit.once()
    assert not audit.listed.is_set()
    operator.api.refuse = lambda _method, _path: None
    await audit.once()
    assert audit.listed.is_set()


async def test_watch_that_only_lags_is_not_blamed(operator: Operator) -> None:
    audit = auditor(operator)
    for number in range(SILENT_AFTER + 2):
        operator.submit(f"new-{number}")
        operator.store.heard["request"] += 1
        await audit.once()
    assert audit.trouble is None


async def test_word_from_the_watch_clears_its_name(operator: Operator) -> None:
    audit = auditor(operator)
    for number in range(SILENT_AFTER):
        operator.submit(f"new-{number}")
        await audit.once()
    operator.api.seed(paths.request("ns", "more"), request_body("more"))
    operator.store.heard["request"] += 1
    await audit.once()
    assert audit.trouble is None


async def test_api_that_is_away_is_told_to_the_caller(operator: Operator) -> None:
    operator.api.refuse = away
    with pytest.raises(Away):
        await auditor(operator).once()


async def test_list_that_breaks_off_drops_nothing(operator: Operator) -> None:
    operator.submit("a")
    audit = auditor(operator)
    await audit.once()
    pages = operator.api.pages

    async def break_off(path: str, **params: str) -> AsyncIterator[dict[str, Any]]:
        async for _ in pages(path, **params):
            yield {"metadata": {"resourceVersion": "999", "continue": "x"}, "items": []}
        raise NotFound("410 the continue parameter is too old")

    operator.api.pages = break_off  # type: ignore[method-assign]  # a list that takes longer than the API keeps it
    with pytest.raises(NotFound):
        await audit.once()
    assert operator.store.counts()["request"] == 1


async def test_what_came_between_two_pages_is_kept(operator: Operator) -> None:
    async def pages(_path: str, **_params: str) -> AsyncIterator[dict[str, Any]]:
        yield {"metadata": {"resourceVersion": "100"}, "items": []}
        between = request_body("between")
        between["metadata"]["resourceVersion"] = "150"
        operator.store.put("request", between)
        yield {"metadata": {"resourceVersion": "200"}, "items": []}

    operator.api.pages = pages  # type: ignore[assignment, method-assign]  # a list of two pages
    await auditor(operator).once()
    assert operator.store.counts()["request"] == 1


async def test_own_write_during_the_list_is_kept(operator: Operator) -> None:
    audit = auditor(operator)
    listed = operator.api.get

    async def meanwhile(path: str, **params: str) -> dict[str, Any]:
        found = await listed(path, **params)
        if path == paths.requests("ns"):
            operator.submit("new")
            operator.see()
        return found

    operator.api.get = meanwhile  # type: ignore[method-assign]  # somebody writes while we list
    await audit.once()
    assert operator.store.counts()["request"] == 1


async def test_audit_that_never_succeeds_is_trouble(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = auditor(operator)
    began = time.monotonic()
    monkeypatch.setattr("textmill_operator.audit.time.monotonic", lambda: began + 60.0 * 9)
    assert audit.trouble is None, "it stands by"
    monkeypatch.setattr("textmill_operator.audit.time.monotonic", lambda: began)
    auditing = asyncio.create_task(audit.run())
    await asyncio.sleep(0)
    auditing.cancel()
    monkeypatch.setattr("textmill_operator.audit.time.monotonic", lambda: began + 60.0 * 4 + 30)
    assert audit.trouble is None
    monkeypatch.setattr("textmill_operator.audit.time.monotonic", lambda: began + 60.0 * 4 + 90)
    assert "no audit has succeeded" in str(audit.trouble)
