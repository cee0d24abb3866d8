"""The image has one name from `make image` to what a node is asked for, in every file that tells one."""

from __future__ import annotations

import re

import pytest
import yaml

from checks import tree
from scripts import image
from textmill_operator.settings import SETTINGS

VERSION = tree.settings()["project"]["version"]
NAME = f"{image.REPOSITORY}:{VERSION}"
PROXY = f"{image.REPOSITORY}-proxy:{VERSION}"
EXAMPLE = f"registry.example/textmill:{VERSION}"
"""What stands for somebody's own registry."""
KINDS = (".md", ".yaml", ".tpl", "Dockerfile")
PAST = ("tests/", "docs/decisions/", "CHANGELOG.md")
FILES = {path: text for path, text in tree.texts().items() if path.endswith(KINDS) and not path.startswith(PAST)}


def test_name_has_a_host_so_that_no_tool_puts_one_before_it() -> None:
    host, *rest = image.REPOSITORY.split("/")
    assert rest
    assert host == "localhost" or "." in host or ":" in host


def test_every_name_with_a_version_is_that_of_the_image() -> None:
    named = {
        (path, name)
        for path, text in FILES.items()
        for name in re.findall(r"(?:\w[\w./-]*/)?\btextmill(?:-proxy)?:\d[\w.]*", text)
    }
    assert {name for _, name in named} == {NAME, PROXY, EXAMPLE}
    assert {path for path, name in named if name == NAME} >= {"README.md", "docs/install.md", "k8s/api.yaml"}


def test_every_image_that_docker_serves_is_named_whole() -> None:
    run = re.compile(r"docker run --publish \S+ (\S+?)[\s`]")
    runs = {(path, name) for path, text in FILES.items() for name in run.findall(text)}
    assert {name for _, name in runs} == {NAME}
    assert {path for path, _ in runs} == {"README.md", "Dockerfile", "docs/install.md"}


@pytest.mark.parametrize("name", ["api", "operator", "sweep"])
def test_manifests_ask_for_what_make_image_builds(name: str) -> None:
    text = FILES[f"k8s/{name}.yaml"]
    assert set(re.findall(r"image: (\S+)", text)) == {NAME}
    assert set(re.findall(r"name: TEXTMILL_IMAGE\n +value: (\S+)", text)) <= {NAME}


def test_chart_and_operator_ask_for_it_by_default() -> None:
    values = yaml.safe_load(FILES["charts/textmill/values.yaml"])["image"]
    chart = yaml.safe_load(FILES["charts/textmill/Chart.yaml"])
    assert f"{values['repository']}:{chart['appVersion']}" == NAME
    assert values["pullPolicy"] == "IfNotPresent"  # else a node would ask a registry for what was loaded into it
    assert SETTINGS["IMAGE"].default == NAME


def test_archive_that_the_clusters_load_is_the_one_that_is_written() -> None:
    recipe = FILES["docs/install.md"].partition("## kind, k3d and minikube")[2].partition("\n## ")[0]
    (archive,) = re.findall(r'make image ARGS="--archive (\S+)"', recipe)
    for command in ("kind load image-archive", "k3d image import", "minikube image load"):
        assert f"\n{command} {archive} " in recipe
    assert "\nkubectl apply -k k8s\n" in recipe
