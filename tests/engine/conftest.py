"""Every test here that takes `one` runs on each engine that this machine has; the reference is always among them."""

from __future__ import annotations

import pytest

from tests.engine.making import available
from worker.engines import Engine


@pytest.fixture(params=available(), ids=lambda engine: engine.name)
def one(request: pytest.FixtureRequest) -> Engine:
    """Return an engine."""
    found: Engine = request.param
    return found
