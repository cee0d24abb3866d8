"""The alert rules ask for metrics that exist, with labels and values that they have, and each is in the docs."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
import yaml

from app.errors import VolumeFull
from scripts.chart import CHART
from textmill.errors import ADVICE
from textmill.notices import End

(GROUP,) = yaml.safe_load((CHART / "alerts.yaml").read_text("utf-8"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
OUTSIDE = {"namespace"}
"""What Prometheus itself puts on every series of a pod."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_rule_names_series_and_labels_that_exist(rule: dict[str, Any], labels: dict[str, set[str]]) -> None:
    names = re.findall(r"textmill_\w+", rule["expr"])
    assert names
    assert set(names) <= labels.keys()
    known = set().union(*(labels[name] for name in names)) | OUTSIDE
    grouped = {one.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for one in group.split(",")}
    asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", rule["expr"]))
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert grouped | asked <= known
    assert shown <= grouped


def test_values_that_are_asked_for_exist() -> None:
    text = " ".join(rule["expr"] for rule in RULES)
    (own_fault,) = re.findall(r'reason!~"([^"]+)"', text)
    spared = {str(reason) for reason in ADVICE if re.fullmatch(own_fault, str(reason))}
    assert spared == {
        "DeadlineExceeded",
        "DigestMismatch",
        "InputChanged",
        "InputDamaged",
        "InputMissing",
        "InputNotAllowed",
        "InputTooLarge",
        "NotText",
    }
    assert re.findall(r'reason="([^"]+)"', text) == [VolumeFull.reason]
    assert set(re.findall(r'outcome!="([^"]+)"', text)) <= set(get_args(End))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_rule_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    page = (CHART.parents[1] / "docs" / "operations.md").read_text("utf-8")
    assert f"| `{rule['alert']}` |" in page
