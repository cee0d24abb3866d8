"""A container's variables: none twice, the user's before the chart's, fractions as `--set` writes them."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from tests.system.chart.rendering import CHART, helm, of_kind, render


def variables(part: str, deployments: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the environment of one part's container."""
    found: list[dict[str, Any]] = deployments[f"textmill-{part}"]["spec"]["template"]["spec"]["containers"][0]["env"]
    return found


@pytest.mark.parametrize("part", ["api", "operator"])
def test_variable_that_the_chart_sets_too_is_there_once_in_its_place(part: str) -> None:
    before = [one["name"] for one in variables(part, of_kind(render(), "Deployment"))]
    ours = {"name": "TEXTMILL_NAMESPACE", "value": "elsewhere"}
    mine = [{"name": "MORE", "value": "1"}, ours, {"name": "MORE", "value": "2"}, {"name": before[-1], "value": "x"}]
    found = variables(part, of_kind(render({part: {"env": mine}}), "Deployment"))
    assert [one["name"] for one in found] == [*before, "MORE"]
    assert ours in found
    assert {"name": "MORE", "value": "2"} in found
    assert {"name": before[-1], "value": "x"} in found


def test_fractions_and_quantities_can_be_set_on_the_command_line() -> None:
    values = {
        "api.auth.enabled": "true",
        "api.auth.cacheSeconds": "0.5",
        "operator.leaseSeconds": "7.5",
        "sweep.maxShare": "0.25",
        "sweep.graceSeconds": "5000000",
        "operator.smallBytes": "2Mi",
        "worker.memoryBytes": "1.5Gi",
        "worker.cpu": "0.5",
    }
    command = [helm(), "template", "textmill", str(CHART), *(f"--set={name}={value}" for name, value in values.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    objects = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout) if one}
    deployments = {name: one for (kind, name), one in objects.items() if kind == "Deployment"}
    sweep = objects["CronJob", "textmill-sweep"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    found = {one["name"]: one.get("value") for part in ("api", "operator") for one in variables(part, deployments)}
    found |= {one["name"]: one.get("value") for one in sweep["env"]}
    wanted = {
        "TEXTMILL_AUTH_CACHE_SECONDS": "0.5",
        "TEXTMILL_LEASE_SECONDS": "7.5",
        "TEXTMILL_SWEEP_MAX_SHARE": "0.25",
        "TEXTMILL_SWEEP_GRACE": "5000000",
        "TEXTMILL_SMALL_BYTES": "2Mi",
        "TEXTMILL_WORKER_MEMORY_BYTES": "1.5Gi",
        "TEXTMILL_WORKER_CPU": "0.5",
    }
    assert {name: found[name] for name in wanted} == wanted
