"""The series that API and operator really have, for dashboard and alerts to be held against."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from app.metrics import Metrics as ApiMetrics
from textmill_operator.metrics import Metrics as OperatorMetrics


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """Return the labels of every series, by name."""
    found: dict[str, set[str]] = {}
    for metrics in (ApiMetrics(CollectorRegistry()), OperatorMetrics(CollectorRegistry())):
        for one in vars(metrics).values():
            if isinstance(one, MetricWrapperBase):
                for family in one.describe():
                    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
                    for suffix in suffixes.get(family.type, ("",)):
                        found[family.name + suffix] = {
                            *one._labelnames,  # noqa: SLF001 - there is no public way
                            *({"le"} if suffix == "_bucket" else ()),
                        }
    return found
