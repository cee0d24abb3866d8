"""What every value changes, by the table in options.yaml: on against off, and nothing beside what stands there."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import chart
from tests.system.chart.rendering import Json, changes, complaints, render

OPTIONS: list[Json] = yaml.safe_load(Path(__file__).with_name("options.yaml").read_text("utf-8"))


def with_values(beside: Json, paths: Json) -> Json:
    """Return values with some set by their paths."""
    found = copy.deepcopy(beside)
    for path, value in paths.items():
        *above, last = path.split(".")
        place: Any = found
        for key in above:
            place = place.setdefault(key, {})
        place[last] = value
    return found


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option['set']} {'beside' in option}"[1:90])
def test_value_changes_this_and_nothing_else(option: Json) -> None:
    beside = option.get("beside", {})
    assert changes(render(beside), render(with_values(beside, option["set"]))) == option["changes"]


def test_every_value_has_an_entry() -> None:
    known = [one.path for one in chart.values((chart.CHART / "values.yaml").read_text("utf-8"))]
    assert sorted(set().union(*(option["set"] for option in OPTIONS))) == sorted(known)


def test_field_that_kubernetes_does_not_know_is_noticed() -> None:
    (service,) = (one for key, one in render().items() if key[0] == "Service" and key[2] == "textmill-api")
    service["spec"]["port"] = 80
    (complaint,) = complaints(service)
    assert "('port' was unexpected)" in complaint
