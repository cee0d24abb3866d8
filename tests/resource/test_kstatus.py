"""What tools that wait for any resource take a request for, by the rules of kstatus, of each status that is written.

The rules are those of sigs.k8s.io/cli-utils/pkg/kstatus for a kind it does not know: the first of Reconciling and
Stalled that is True decides, then Ready, and without any of them a resource is taken for done.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.resource.definition import ROOT, SCHEMA, fields
from tests.resource.test_domain_agrees import WRITTEN
from textmill import conditions

DEFAULT = SCHEMA["properties"]["status"]["default"]
OF_PHASE = {"Succeeded": "Current", "Failed": "Failed"}
UNDER_WAY = "InProgress"


def taken_for(status: dict[str, Any]) -> str:
    """Return what kstatus makes of a status."""
    found = status.get("conditions") or []
    for one in found:
        if one["status"] == "True" and one["type"] in ("Reconciling", "Stalled"):
            return UNDER_WAY if one["type"] == "Reconciling" else "Failed"
    ready = next((one["status"] for one in found if one["type"] == "Ready"), "True")
    return "Current" if ready == "True" else UNDER_WAY


def test_new_request_is_under_way_before_anybody_has_seen_it() -> None:
    assert taken_for(DEFAULT) == UNDER_WAY
    assert conditions.succeeded(DEFAULT) == {}


@pytest.mark.parametrize("name", WRITTEN)
def test_status_is_taken_for_what_its_phase_says(name: str) -> None:
    status = WRITTEN[name]()
    if "conditions" in status:
        assert taken_for(status) == OF_PHASE.get(status.get("phase", "Pending"), UNDER_WAY)


@pytest.mark.parametrize(("value", "kinds"), [("True", {"Ready"}), ("False", {"Ready", "Stalled"})])
def test_conditions_of_tools_follow_from_the_end(value: str, kinds: set[str]) -> None:
    raw = {"conditions": list(DEFAULT["conditions"])}
    conditions.put(raw, "Succeeded", "Unknown", 1.0, reason="Tokenizing", message="at work")
    assert {one["type"] for one in raw["conditions"]} == {"Reconciling", "Ready", "Succeeded"}
    conditions.put(raw, "Succeeded", value, 2.0, reason="Why", message="what to do")
    assert {one["type"] for one in raw["conditions"]} == kinds | {"Succeeded"}
    assert [one["type"] for one in conditions.of_people(raw)] == ["Succeeded"]
    assert {one["status"] for one in raw["conditions"] if one["type"] == "Ready"} == {value}
    assert {one["message"] for one in raw["conditions"] if one["type"] == "Stalled"} <= {"what to do"}


def test_time_of_a_condition_moves_only_with_its_value() -> None:
    raw: dict[str, Any] = {}
    conditions.put(raw, "Succeeded", "Unknown", 1.0, reason="A", message="a")
    before = {one["type"]: one["lastTransitionTime"] for one in raw["conditions"]}
    conditions.put(raw, "Succeeded", "Unknown", 9.0, reason="B", message="b")
    assert {one["type"]: one["lastTransitionTime"] for one in raw["conditions"]} == before


def test_expressions_for_flux_name_every_phase_once() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(healthCheckExprs:.*?)^```", page, re.MULTILINE | re.DOTALL)
    (told,) = yaml.safe_load(block)["healthCheckExprs"]
    named = re.findall(r"'(\w+)'", " ".join(told[name] for name in ("inProgress", "failed", "current")))
    assert sorted(named) == sorted(fields("status")["status.phase"]["enum"])
