"""`k8s/` is the chart's default, object by object, and the overlay of the documentation changes what it should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.tree import ROOT
from scripts import kustomize
from tests.system.chart.rendering import Json, Key, render

DOCUMENTED = re.search(r"\nWrite an overlay .*?```yaml\n(.*?)```", (ROOT / "docs/install.md").read_text(), re.DOTALL)


def built(folder: Path) -> dict[Key, Json]:
    """Return what kubectl makes of a kustomization."""
    command = [str(Path(sys.executable).with_name("kubectl")), "kustomize", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = list(yaml.safe_load_all(done.stdout))
    return {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in found}


def unmarked(found: Any) -> Any:
    """Return a rendered object as it would be without Helm."""
    if isinstance(found, list):
        return [unmarked(one) for one in found]
    if not isinstance(found, dict):
        return found
    kept = {key: unmarked(value) for key, value in found.items() if not key.startswith(("helm.sh/", "managed-by"))}
    kept.pop("app.kubernetes.io/managed-by", None)
    if kept.get("annotations") == {}:
        del kept["annotations"]
    return kept


def test_base_is_what_the_chart_makes_by_default() -> None:
    objects = render(namespace="textmill")
    wanted = {key: unmarked(one) for key, one in objects.items() if key[0] != "Pod"}
    assert built(ROOT / "k8s") == wanted


def test_overlay_of_the_documentation_reaches_everything_that_it_should(tmp_path: Path) -> None:
    assert DOCUMENTED
    shutil.copytree(ROOT / "k8s", tmp_path / "textmill" / "k8s")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "kustomization.yaml").write_text(DOCUMENTED[1])
    objects = built(tmp_path / "words")
    text = yaml.safe_dump_all(objects.values())
    image = "registry.example/textmill:0.1.0"
    assert sorted(re.findall(r"image: (\S+)", text)) == [image] * 3
    assert re.findall(r"name: TEXTMILL_IMAGE\n +value: (\S+)", text) == [image]
    assert "namespace: textmill" not in text
    assert {key[1] for key in objects} == {"", "words"}
    assert objects["PersistentVolumeClaim", "words", "textmill-data"]["spec"]["resources"] == {
        "requests": {"storage": "1Ti"}
    }


def test_generator_writes_what_is_tracked(tmp_path: Path) -> None:
    assert kustomize.main(tmp_path) == 0
    for made in tmp_path.iterdir():
        assert made.read_text() == (ROOT / "k8s" / made.name).read_text()


def test_without_go_and_helm_the_files_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TEXTMILL_CLUSTER_CACHE", str(tmp_path / "cache"))
    assert kustomize.main(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == "No Go here to build helm with: k8s/ is left as it is.\n"
