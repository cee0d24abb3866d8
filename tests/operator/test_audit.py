"""The audit sets the store right, and tells a silent watch from one that only lags."""

from __future__ import annotations

import pytest

from tests.operator.conftest import Operator, request_body
from tests.operator.fake_api import away
from textmill_operator import paths
from textmill_operator.audit import SILENT_AFTER, Audit
from textmill_operator.errors import Away


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
