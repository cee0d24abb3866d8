"""The Grafana dashboard asks for metrics that exist, with labels that they have."""

from __future__ import annotations

import json
import re

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from app.metrics import Metrics as ApiMetrics
from scripts.chart import CHART
from textmill_operator.metrics import Metrics as OperatorMetrics

DASHBOARD = json.loads((CHART / "dashboard.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


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


def test_every_panel_asks_for_something() -> None:
    assert all(panel["targets"] for panel in DASHBOARD["panels"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_names_series_and_labels_that_exist(expression: str, labels: dict[str, set[str]]) -> None:
    (name,) = re.findall(r"textmill_\w+", expression)
    wanted = {one.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for one in group.split(",")}
    assert name in labels
    assert wanted <= labels[name]
