"""The examples: each says what it shows, is accepted, and together they show every field."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.resource.api import Api
from tests.resource.definition import EXAMPLES, Json, fields, leaves

FILES = sorted(EXAMPLES.glob("*.yaml"))
KUBECTL = Path(sys.executable).parent / "kubectl"


def _objects(path: Path) -> list[Json]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def _requests() -> list[Json]:
    return [one for path in FILES for one in _objects(path) if one["kind"] == "ProcessingRequest"]


def _kubectl(config: Path, *arguments: str) -> str:
    command = [str(KUBECTL), "--kubeconfig", str(config), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_opens_with_what_it_shows(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_accepted_by_a_dry_run(api: Api, config: Path, path: Path) -> None:
    assert api.access.namespace
    said = _kubectl(config, "apply", "--dry-run=server", "-f", str(path)).splitlines()
    assert said == [f"{_kind(one)}/{one['metadata']['name']} created (server dry run)" for one in _objects(path)]


def test_all_examples_applied_and_deleted_together(api: Api, config: Path) -> None:
    objects = [one for path in FILES for one in _objects(path)]
    made = _kubectl(config, "apply", "-f", str(EXAMPLES)).splitlines()
    assert made == [f"{_kind(one)}/{one['metadata']['name']} created" for one in objects]
    for one in _requests():
        found = api.read(one["metadata"]["name"])
        assert found["spec"] | one["spec"] == found["spec"]
    gone = _kubectl(config, "delete", "-f", str(EXAMPLES)).splitlines()
    assert len(gone) == len(objects)


def test_examples_show_every_field() -> None:
    shown = {name for one in _requests() for name in leaves("spec", one["spec"])}
    assert shown == {"spec", *fields("spec")}


def test_example_is_named_as_its_file() -> None:
    names: dict[str, Any] = {path.stem: [one["metadata"]["name"] for one in _objects(path)][-1] for path in FILES}
    assert names == {path.stem: path.stem for path in FILES}


def _kind(one: Json) -> str:
    return "configmap" if one["kind"] == "ConfigMap" else "processingrequest.textmill.dev"
