"""The chart's default rendering, which most tests compare with."""

from __future__ import annotations

import pytest

from tests.system.chart.rendering import Json, Key, render


@pytest.fixture(scope="session")
def default() -> dict[Key, Json]:
    """What the chart makes when nothing is set."""
    return render()
