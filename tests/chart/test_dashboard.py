"""The Grafana dashboard asks for metrics that exist, with labels that they have."""

from __future__ import annotations

import json
import re

import pytest

from scripts.chart import CHART

DASHBOARD = json.loads((CHART / "dashboard.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_panel_asks_for_something() -> None:
    assert all(panel["targets"] for panel in DASHBOARD["panels"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_names_series_and_labels_that_exist(expression: str, labels: dict[str, set[str]]) -> None:
    (name,) = re.findall(r"textmill_\w+", expression)
    wanted = {one.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for one in group.split(",")}
    assert name in labels
    assert wanted <= labels[name]
