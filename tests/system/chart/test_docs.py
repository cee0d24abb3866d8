"""docs/install.md says what is true of the chart: its commands render, its values and objects exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from checks.tree import ROOT
from scripts import chart
from tests.system.chart.rendering import Json, Key, helm, render

PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
VALUES = [one.path for one in chart.values((chart.CHART / "values.yaml").read_text("utf-8"))]
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
HELM = [line for block in BLOCKS for line in block.splitlines() if re.match(r"helm (install|upgrade) ", line)]
ROOTS = {path.partition(".")[0] for path in VALUES}


@pytest.mark.parametrize("line", HELM)
def test_helm_commands_of_the_page_render(line: str) -> None:
    _, verb, *words = shlex.split(line)
    assert verb in ("install", "upgrade")
    words = [word for word in words if word != "--reuse-values"]
    subprocess.run([helm(), "template", *words], cwd=ROOT, check=True, capture_output=True)


def test_there_are_commands_for_helm() -> None:
    assert len(HELM) >= 2


def test_values_that_the_page_names_exist() -> None:
    named = set(re.findall(r"`([a-z]\w*(?:\.\w+)+)(?:[=:][^`]*)?`", PAGE))
    unknown = {
        path
        for path in named
        if path.partition(".")[0] in ROOTS and not any(one == path or one.startswith(f"{path}.") for one in VALUES)
    }
    assert unknown == set()
    assert len(named & set(VALUES)) > 10


def test_objects_that_the_page_names_are_made(default: dict[Key, Json]) -> None:
    kinds = {"service": "Service", "deployment": "Deployment", "pvc": "PersistentVolumeClaim"}
    named = {(kinds[kind], name) for kind, name in re.findall(r"\b(service|deployment|pvc)[/ ](textmill-[\w-]+)", PAGE)}
    assert named == {
        ("Service", "textmill-api"),
        ("Deployment", "textmill-operator"),
        ("PersistentVolumeClaim", "textmill-data"),
    }
    assert named <= {(kind, name) for kind, _, name in default}


def test_page_lists_every_account_and_no_other() -> None:
    section = PAGE.partition("\n## Accounts\n")[2].partition("\n## ")[0]
    made = {name for kind, _, name in render({"api": {"auth": {"enabled": True}}}) if kind == "ServiceAccount"}
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == made


def test_files_that_the_page_names_are_there() -> None:
    for path in re.findall(r"\b(?:k8s|charts|docs)/[\w./-]*\w", PAGE):
        assert Path(ROOT, path).exists(), path
